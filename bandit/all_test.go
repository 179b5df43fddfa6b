package bandit_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/bandit"
)

// world is a small problem of four arms and three features.
type world struct {
	random *rand.Rand
	shared bool
	t      int64
}

const (
	worldArms     = 4
	worldFeatures = 3
)

func newWorld(seed uint64, shared bool) *world {
	return &world{random: rand.New(rand.NewPCG(seed, 3)), shared: shared}
}

// next returns a round and the mean reward of each of its arms.
func (w *world) next() (*bandit.Round, []float64) {
	r := &bandit.Round{T: w.t, Arms: make([]int, worldArms), X: make([][]float64, worldArms)}
	means := make([]float64, worldArms)
	w.t++
	for i := range r.Arms {
		r.Arms[i] = i
		if w.shared && i > 0 {
			r.X[i] = r.X[0]
		} else {
			r.X[i] = []float64{w.random.NormFloat64(), w.random.NormFloat64(), w.random.NormFloat64()}
		}
		means[i] = r.X[i][0] / 2
		if w.shared {
			means[i] = math.Cos(math.Atan2(r.X[i][1], r.X[i][0]) - math.Pi/2*float64(i))
		}
	}
	return r, means
}

// play lets a policy choose and learn for some rounds, and returns its regret.
func play(p bandit.Policy, w *world, rounds int) (regret float64) {
	for range rounds {
		r, means := w.next()
		c := p.Choose(r)
		regret += slices.Max(means) - means[c.Arm]
		p.Learn([]bandit.Label{{T: r.T, Arm: r.Arms[c.Arm], X: r.X[c.Arm], Reward: means[c.Arm] + .1*w.random.NormFloat64(), Weight: 1}})
	}
	return regret
}

// entrant returns a policy for a world of its kind.
func entrant(t testing.TB, name string, shared bool, change func(c *bandit.Config)) bandit.Policy {
	t.Helper()
	c := &bandit.Config{
		Features: worldFeatures, Arms: worldArms, Shared: shared, Seed: 11,
		Key: func(x []float64) float64 { return x[0] }, Descending: true,
	}
	if change != nil {
		change(c)
	}
	c.Quick()
	p, err := bandit.New(name, c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func kind(shared bool) string {
	if shared {
		return "one context"
	}
	return "a row for each arm"
}

// Every policy gets far below random, which regrets about 1 a round; those without
// features only where arms differ by themselves, which they do not here.
func TestRegret(t *testing.T) {
	blind := map[string]bool{"random": true, "ucb1": true}
	for _, shared := range []bool{false, true} {
		const rounds = 400
		baseline := play(entrant(t, "random", shared, nil), newWorld(1, shared), rounds)
		for _, name := range bandit.Names() {
			if blind[name] || name == "formula" && shared {
				continue
			}
			got := play(entrant(t, name, shared, nil), newWorld(1, shared), rounds)
			if got > .3*baseline {
				t.Errorf("%s, %s: regret %.0f, want at most 0.3 of random's %.0f", name, kind(shared), got, baseline)
			}
		}
	}
}

// The same seed, rounds and labels give the same choices to the last bit, another
// seed gives others.
func TestChoicesAreOfTheSeed(t *testing.T) {
	certain := map[string]bool{"ucb": true, "greedy": true, "ucb1": true, "linucb": true, "d-linucb": true, "formula": true}
	for _, name := range bandit.Names() {
		for _, shared := range []bool{false, true} {
			run := func(seed uint64) []bandit.Choice {
				p, w := entrant(t, name, shared, func(c *bandit.Config) { c.Seed = seed; c.Propensities = true; c.Floor = .1 }), newWorld(2, shared)
				var choices []bandit.Choice
				for range 22 { // networks are trained after 20
					r, means := w.next()
					c := p.Choose(r)
					p.Learn([]bandit.Label{{T: r.T, Arm: r.Arms[c.Arm], X: r.X[c.Arm], Reward: means[c.Arm], Weight: 1}})
					choices = append(choices, c)
				}
				return choices
			}
			first := run(5)
			if diff := cmp.Diff(first, run(5)); diff != "" {
				t.Errorf("%s, %s: a second run differs:\n%s", name, kind(shared), diff)
			}
			if !certain[name] && cmp.Equal(first, run(6)) {
				t.Errorf("%s, %s: another seed chose the same", name, kind(shared))
			}
		}
	}
}

// What is recorded as a chance is one: they sum to 1, none of the slate is below its
// share of the floor, none beyond the slate is above 0, and arms are chosen as often as
// was said (chi-square, of a fixed seed).
func TestPropensities(t *testing.T) {
	const floor, choices = .4, 120
	for _, name := range bandit.Names() {
		for _, shared := range []bool{false, true} {
			for _, slate := range []int{0, 3} {
				p := entrant(t, name, shared, func(c *bandit.Config) { c.Propensities = true; c.Floor = floor; c.Slate = slate })
				w := newWorld(3, shared)
				play(p, w, 22)
				r, _ := w.next()
				size := worldArms
				if slate > 0 && name != "random" {
					size = slate
				}
				said, done := make([]float64, worldArms), make([]float64, worldArms)
				for range choices {
					c := p.Choose(r)
					checkChances(t, name, c.P, size, floor)
					for i, chance := range c.P {
						said[i] += chance
					}
					done[c.Arm]++
				}
				var chi float64
				for i, want := range said {
					if want > 0 {
						chi += (done[i] - want) * (done[i] - want) / want
					}
				}
				if chi > 16.3 { // one in a thousand, of 3 degrees of freedom
					t.Errorf("%s, %s, slate %d: chosen %v, said %.0f: chi-square %.1f", name, kind(shared), slate, done, said, chi)
				}
			}
		}
	}
}

func checkChances(t *testing.T, name string, p []float64, size int, floor float64) {
	t.Helper()
	sum, some := 0.0, 0
	for _, chance := range p {
		sum += chance
		if chance != 0 {
			some++
		}
		if chance != 0 && chance < floor/float64(size)-1e-15 {
			t.Fatalf("%s: got a chance of %v in %v, want at least %v", name, chance, p, floor/float64(size))
		}
	}
	if math.Abs(sum-1) > 1e-12 || some != size {
		t.Fatalf("%s: chances %v of %d arms sum to %v, want 1 among %d", name, p, some, sum, size)
	}
}

// No round and no label makes a policy panic, or forget how to choose.
func TestNothingPanics(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	rounds := []*bandit.Round{
		{},
		{T: -5, Arms: []int{0, 1}, X: [][]float64{{1, 2, 3}, {1, 2, 3}}},
		{T: 1 << 62, Arms: []int{-1, 1 << 40, 7}, X: [][]float64{{nan, inf, -inf}, {}, nil}},
		{T: 3, Arms: []int{2, 2, 2}, X: [][]float64{{1e300, -1e300, 5e-324}, {1, 2, 3, 4, 5}, {0, 0, 0}}},
	}
	labels := []bandit.Label{
		{Arm: 1, X: []float64{1, nan, inf}, Reward: 1, Weight: 1},
		{Arm: 1, X: []float64{1e300, 2, 3}, Reward: 1e8, Weight: 1e6},
		{Arm: -9, X: nil, Reward: -1, Weight: 1, T: -1 << 62},
		{Arm: 1 << 50, X: []float64{1, 2, 3, 4}, Reward: -1, Weight: 1, T: 1 << 61},
		{Arm: 0, X: []float64{1, 2, 3}, Reward: nan, Weight: 1},
		{Arm: 0, X: []float64{1, 2, 3}, Reward: inf, Weight: 1},
		{Arm: 0, X: []float64{1, 2, 3}, Reward: 1, Weight: nan},
		{Arm: 0, X: []float64{1, 2, 3}, Reward: 1, Weight: -1},
		{Arm: 0, X: []float64{1, 2, 3}, Reward: 1, Weight: inf},
	}
	for _, name := range bandit.Names() {
		for _, shared := range []bool{false, true} {
			p := entrant(t, name, shared, func(c *bandit.Config) {
				c.Propensities, c.HalfLife = true, 100
				c.Key = func(x []float64) float64 { return float64(len(x)) * nan }
			})
			p.Learn(nil)
			for i := range 22 { // so many that networks are trained
				for _, r := range rounds {
					checkChoice(t, name, r, p.Choose(r))
				}
				p.Learn(labels[i%len(labels):])
			}
		}
	}
}

func checkChoice(t *testing.T, name string, r *bandit.Round, c bandit.Choice) {
	t.Helper()
	if len(r.Arms) == 0 {
		if c.Arm != -1 {
			t.Fatalf("%s: chose %d of no arms, want -1", name, c.Arm)
		}
		return
	}
	if c.Arm < 0 || c.Arm >= len(r.Arms) {
		t.Fatalf("%s: chose %d of %d arms", name, c.Arm, len(r.Arms))
	}
	for _, v := range slices.Concat(c.P, c.Mean, c.SD) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("%s: got P %v, mean %v, sd %v, want numbers", name, c.P, c.Mean, c.SD)
		}
	}
}
