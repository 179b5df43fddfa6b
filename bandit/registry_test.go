package bandit_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/bandit"
)

const names = "d-linucb, ensemble, epsilon-greedy, formula, greedy, lints, linucb, neural-linear, random, squarecb, thompson, ucb, ucb1"

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name   string
		policy string
		config *bandit.Config
		want   string
	}{
		{"an unknown name, and says what there is", "magic", nil, `bandit: got policy "magic", want one of ` + names},
		{"a formula without one", "formula", nil, `bandit: got no key for the policy "formula", want a Config.Key: there is no formula for these rows`},
		{"weights without end", "linucb", &bandit.Config{Shared: true, Features: 999, Arms: 20}, "bandit: got 999 features of 20 arms that share a context, want fewer: each arm's weights take their square, in all at most 16777216"},
		{"more features than a regression has", "lints", &bandit.Config{Features: 5000}, "bandit: linear model of 5000 features: learn: Dim: got 5001, want 1 to 4096"},
		{"fewer features than none", "ucb", &bandit.Config{Features: -1}, "bandit: got -1 features, 0 arms and a slate of 0, want none below 0"},
		{"a floor above all", "ucb", &bandit.Config{Floor: 1.5}, "bandit: got a floor of 1.5, want 0 to 1"},
		{"an epsilon that is no number", "ucb", &bandit.Config{Epsilon: math.NaN()}, "bandit: got an epsilon of NaN, want 0 to 1"},
		{"pessimism", "ucb", &bandit.Config{Alpha: -1}, "bandit: got an alpha of -1, want 0 or more"},
		{"a half-life before now", "ucb1", &bandit.Config{HalfLife: -3}, "bandit: got a half-life of -3 rounds, want 0 or more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := bandit.New(tt.policy, tt.config)
			if p != nil || err == nil || err.Error() != tt.want {
				t.Errorf("New = %v, %v\nwant an error %s", p, err, tt.want)
			}
		})
	}
}

func TestNamesAreInOrder(t *testing.T) {
	want := strings.Split(names, ", ")
	if diff := cmp.Diff(want, bandit.Names()); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
}

// After 20 half-lives without labels, d-linucb knows as little as in the beginning;
// linucb knows what it knew.
func TestOnlyTheDiscountedForgets(t *testing.T) {
	for name, want := range map[string]bool{"linucb": false, "d-linucb": true} {
		for _, shared := range []bool{false, true} {
			p := entrant(t, name, shared, nil)
			w := newWorld(4, shared)
			play(p, w, 500)
			r, _ := w.next()
			now := p.Choose(r)
			r.T += 7000
			later := p.Choose(r)
			if got := slices.Min(later.SD) > 3*slices.Min(now.SD); got != want {
				t.Errorf("%s, %s: deviations %v became %v: forgot = %v, want %v", name, kind(shared), now.SD, later.SD, got, want)
			}
		}
	}
}
