package eval

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/bandit"
)

// spy takes arm 0 and writes down what it is told.
type spy struct {
	chose int64
	got   [][2]int64 // the round of a label, and in which round it came
	arms  []int
}

func (s *spy) Choose(r *bandit.Round) bandit.Choice { s.chose = r.T; return bandit.Choice{} }

func (s *spy) Learn(labels []bandit.Label) {
	s.got = append(s.got, [2]int64{labels[0].T, s.chose})
	for _, l := range labels {
		s.arms = append(s.arms, l.Arm)
	}
}

func world(t *testing.T, name string, o *Options) *World {
	t.Helper()
	w, err := NewWorld(name, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func named(names ...string) []Entrant {
	var out []Entrant
	for _, name := range names {
		out = append(out, Entrant{name, func(seed uint64) (bandit.Policy, error) {
			return bandit.New(name, &bandit.Config{Features: shown, Arms: assets, Key: formula, Seed: seed})
		}})
	}
	return out
}

func TestALabelComesSoManyRoundsLater(t *testing.T) {
	for _, c := range []struct {
		name  string
		delay int
		want  [][2]int64
	}{
		{"at once", 0, [][2]int64{{0, 0}, {1, 1}, {2, 2}, {3, 3}}},
		{"a round later, after that round's choice", 1, [][2]int64{{0, 1}, {1, 2}, {2, 3}}},
		{"three rounds later", 3, [][2]int64{{0, 3}}},
		{"never, if the course is over before", 4, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &spy{}
			setup := &Setup{
				World: world(t, "sim-linear", &Options{Rounds: 4}), Seeds: 1, Delay: c.delay,
				Entrants: []Entrant{{"spy", func(uint64) (bandit.Policy, error) { return s, nil }}},
			}
			if _, err := Run(t.Context(), setup); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, s.got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestShadowFeedbackTellsOfEveryArm(t *testing.T) {
	for feedback, want := range map[Feedback][]int{Bandit: {0}, Shadow: {0, 1, 2}} {
		s := &spy{}
		setup := &Setup{
			World: world(t, "sim-linear", &Options{Rounds: 1, Assets: 3}), Seeds: 1, Feedback: feedback,
			Entrants: []Entrant{{"spy", func(uint64) (bandit.Policy, error) { return s, nil }}},
		}
		if _, err := Run(t.Context(), setup); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.arms); diff != "" {
			t.Errorf("%s: -want +got\n%s", feedback, diff)
		}
	}
}

// clock stands still, so that outcomes can be compared.
func clock() time.Time { return time.Time{} }

func TestARunIsTheSameWhateverTheWorkers(t *testing.T) {
	run := func(workers int) []Record {
		got, err := Run(t.Context(), &Setup{
			World: world(t, "sim-adversary", &Options{Rounds: 400}), Entrants: named("random", "formula", "ucb1"),
			Seeds: 4, Seed: 7, Delay: 3, Workers: workers, Now: clock,
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if diff := cmp.Diff(run(1), run(5)); diff != "" {
		t.Errorf("-one +five\n%s", diff)
	}
}

func TestARunThatIsInterruptedGivesWhatItHas(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	var told atomic.Int64
	got, err := Run(ctx, &Setup{
		World: world(t, "sim-linear", &Options{Rounds: 50}), Entrants: named("random", "formula"), Seeds: 100, Workers: 1,
		OnProgress: func(done, all int) {
			if told.Store(int64(done)); done == 4 {
				cancel(why)
			}
		},
	})
	if !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
	if len(got[0].Outcomes) != 2 || len(got[1].Outcomes) != 2 || told.Load() != 4 {
		t.Errorf("got %d and %d outcomes after %d plays, want 2 and 2", len(got[0].Outcomes), len(got[1].Outcomes), told.Load())
	}
}
