package bandit_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/bandit"
)

// believer is a model that believes what it was told.
type believer struct{ mean, sd []float64 }

func (b believer) Predict(r *bandit.Round, mean, sd []float64) {
	for i, arm := range r.Arms {
		mean[i], sd[i] = b.mean[arm], b.sd[arm]
	}
}

func (b believer) Draw(r *bandit.Round, random *rand.Rand, out []float64) {
	for i, arm := range r.Arms {
		out[i] = b.mean[arm] + b.sd[arm]*random.NormFloat64()
	}
}

func (believer) Learn([]bandit.Label) {}

// plain is a round of n arms without features.
func plain(n int) *bandit.Round {
	r := &bandit.Round{Arms: make([]int, n), X: make([][]float64, n)}
	for i := range r.Arms {
		r.Arms[i] = i
	}
	return r
}

func TestPropensitiesByHand(t *testing.T) {
	model := believer{mean: []float64{.5, .2, .5, 0}, sd: []float64{0, 1, 0, .4}}
	tests := []struct {
		name    string
		explore bandit.Explorer
		options bandit.Options
		want    []float64
	}{
		{"greedy shares among the best", bandit.Greedy{}, bandit.Options{}, []float64{.5, 0, .5, 0}},
		{"epsilon goes to all alike", bandit.EpsilonGreedy{Epsilon: .2}, bandit.Options{}, []float64{.45, .05, .45, .05}},
		{"ucb adds what it does not know", bandit.UCB{Alpha: 1}, bandit.Options{}, []float64{0, 1, 0, 0}},
		{"ucb of a small alpha is greedy", bandit.UCB{Alpha: .1}, bandit.Options{}, []float64{.5, 0, .5, 0}},
		{"a floor goes to all of the slate", bandit.UCB{Alpha: 1}, bandit.Options{Floor: .4}, []float64{.1, .7, .1, .1}},
		{"the slate has the highest mean + sd", bandit.Greedy{}, bandit.Options{Slate: 2, Floor: .5}, []float64{.75, .25, 0, 0}},
		{"a slate of one leaves no choice", bandit.Greedy{}, bandit.Options{Slate: 1, Floor: .5}, []float64{0, 1, 0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Propensities = true
			got := bandit.NewPolicy(model, tt.explore, &tt.options).Choose(plain(4))
			if diff := cmp.Diff(tt.want, got.P, approximately); diff != "" {
				t.Errorf("P (-want +got):\n%s", diff)
			}
			if want := model.mean[got.Arm] < .5; got.Explored != want {
				t.Errorf("arm %d: Explored = %v, want %v", got.Arm, got.Explored, want)
			}
		})
	}
}

var approximately = cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })

// What is counted from draws is no more than 1, to the last bit: logs refuse what is.
func TestAChanceIsAtMostOne(t *testing.T) {
	model := believer{mean: []float64{5, 0}, sd: []float64{.1, .1}}
	got := bandit.NewPolicy(model, bandit.Thompson{Draws: 1000}, &bandit.Options{Propensities: true}).Choose(plain(2))
	if diff := cmp.Diff([]float64{1, 0}, got.P); diff != "" {
		t.Errorf("P (-want +got):\n%s", diff)
	}
}

// A policy that is not asked for propensities does not make them up.
func TestPropensitiesOnlyWhenAsked(t *testing.T) {
	c := bandit.NewPolicy(believer{mean: []float64{1, 2}, sd: []float64{1, 1}}, bandit.Greedy{}, nil).Choose(plain(2))
	want := bandit.Choice{Arm: 1, Mean: []float64{1, 2}, SD: []float64{1, 1}}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("Choose (-want +got):\n%s", diff)
	}
}

func TestFormula(t *testing.T) {
	r := plain(3)
	r.X = [][]float64{{3}, {math.NaN()}, {-1}}
	key := func(x []float64) float64 { return x[0] }
	for name, tt := range map[string]struct {
		descending bool
		want       int
	}{"descending": {true, 0}, "ascending": {false, 2}} {
		c := bandit.NewFormula(key, tt.descending, nil).Choose(r)
		if diff := cmp.Diff(bandit.Choice{Arm: tt.want}, c); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
