package bandit_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/bandit"
)

func newGate(t *testing.T, o *bandit.GateOptions) *bandit.Gate {
	t.Helper()
	g, err := bandit.NewGate(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// The interval against one worked out by hand: 100 rewards of which half are 1 and
// half -1 have the variance 100/99, so V + rho = 300 · 100/99 and
// ln(sqrt(300/200)/0.05) = 3.1984648.
func TestTheIntervalIsTheKnownOne(t *testing.T) {
	g := newGate(t, &bandit.GateOptions{Normal: true})
	for i := range 100 {
		g.Observe(float64(1 - 2*(i%2)))
	}
	low, high := g.Bounds()
	if want := math.Sqrt(60_000.0/99*3.198464827658218) / 100; math.Abs(high-want) > 1e-9 || math.Abs(low+want) > 1e-9 {
		t.Errorf("got %.9f to %.9f, want ±%.9f", low, high, want)
	}
}

// The capital against one worked out by hand. Of rewards from -1 to 1 the first
// stake is sqrt(2 ln 40 / (0.25 ln 2)) = 6.525, cut to 0.75 of what can be lost: who
// bets that the mean is above 0 has 1 + 0.75 · 0.5 after a reward of 0.5. The next
// is sqrt(2 ln 40 / (0.25 ln 3)) = 5.183, cut alike: times 1 - 0.75 · 0.2.
func TestTheCapitalIsTheKnownOne(t *testing.T) {
	g := newGate(t, &bandit.GateOptions{Low: -1, High: 1})
	g.Observe(0.5)
	g.Observe(-0.2)
	s := g.State()
	if got, want := s.Up[len(s.Up)/2], math.Log(1.375*0.85); math.Abs(got-want) > 1e-12 {
		t.Errorf("up: got %.12f, want %.12f", got, want)
	}
	if got, want := s.Down[len(s.Down)/2], math.Log(0.625*1.15); math.Abs(got-want) > 1e-12 {
		t.Errorf("down: got %.12f, want %.12f", got, want)
	}
}

// rewards of a kind, all with the mean 0 and the variance 1, but for the coin.
var kinds = map[string]func(r *rand.Rand) float64{
	"normal": (*rand.Rand).NormFloat64,
	"t(3)": func(r *rand.Rand) float64 {
		sum := 0.0
		for range 3 {
			z := r.NormFloat64()
			sum += z * z
		}
		return r.NormFloat64() / math.Sqrt(sum/3) / math.Sqrt(3)
	},
	"skewed": func(r *rand.Rand) float64 { return r.ExpFloat64() - 1 },
	"rare losses": func(r *rand.Rand) float64 {
		if r.IntN(50) == 0 {
			return -7
		}
		return 1.0 / 7
	},
}

// Without an edge the gate opens by chance in fewer runs than it says, whatever the
// rewards look like; with an edge of 0.2 deviations it opens soon.
func TestTheGateOpensForAnEdgeAndNotForLuck(t *testing.T) {
	const seed = 7
	rounds := sooner(1000, 2500)
	runs := sooner(20, 200)
	for name, reward := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opened, found, when := 0, 0, int64(0)
			for run := range uint64(runs) {
				if at := opens(newGate(t, nil), rand.New(rand.NewPCG(seed, run)), rounds, reward, 0); at > 0 {
					opened++
				}
				if at := opens(newGate(t, nil), rand.New(rand.NewPCG(seed, run)), rounds, reward, 0.2); at > 0 {
					found++
					when += at
				}
			}
			t.Logf("seed %d: without an edge %d of %d opened; with one %d, after %d on average", seed, opened, runs, found, when/int64(max(found, 1)))
			if opened > runs/20 {
				t.Errorf("without an edge %d of %d opened, want at most %d", opened, runs, runs/20)
			}
			if found < runs*95/100 || when/int64(max(found, 1)) > 1000 {
				t.Errorf("with an edge %d of %d opened, after %d on average, want 95 %% by 1,000", found, runs, when/int64(max(found, 1)))
			}
		})
	}
}

// opens returns after how many rewards the gate opened, or 0.
func opens(g *bandit.Gate, random *rand.Rand, rounds int, reward func(*rand.Rand) float64, edge float64) int64 {
	for range rounds {
		if g.Observe(reward(random) + edge); g.Open() {
			return g.N()
		}
	}
	return 0
}

// A contract that pays 0.95 or loses 1 has an edge from a win rate of 1/1.95 on.
func TestTheBoundedGateIsExactForContracts(t *testing.T) {
	const seed = 11
	rounds := sooner(800, 1500)
	runs := sooner(24, 400)
	contracts := &bandit.GateOptions{Low: -1, High: 0.95}
	for name, test := range map[string]struct {
		rate   float64
		opened [2]int // of runs, at least and at most
	}{
		"break-even":   {1 / 1.95, [2]int{0, runs / 20}},
		"a coin":       {0.5, [2]int{0, runs / 20}},
		"two of three": {2.0 / 3, [2]int{runs * 95 / 100, runs}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opened, left := 0, 0
			for run := range runs {
				random := rand.New(rand.NewPCG(seed, uint64(run)))
				g := newGate(t, contracts)
				was, out := false, false
				for range rounds {
					x := -1.0
					if random.Float64() < test.rate {
						x = 0.95
					}
					g.Observe(x)
					low, high := g.Bounds()
					truth := 1.95*test.rate - 1
					was, out = was || g.Open(), out || low > truth || high < truth
				}
				if was {
					opened++
				}
				if out {
					left++
				}
			}
			t.Logf("seed %d: %d of %d opened, %d left out the truth", seed, opened, runs, left)
			if opened < test.opened[0] || opened > test.opened[1] {
				t.Errorf("%d of %d opened, want %v", opened, runs, test.opened)
			}
			// 5 of 100 at most are to be expected.
			if most := float64(runs)*.05 + 3*math.Sqrt(float64(runs)*.05*.95); float64(left) > most {
				t.Errorf("%d of %d intervals left out the truth at some time, want at most %.0f", left, runs, most)
			}
		})
	}
}

func TestWhatIsNoRewardIsIgnoredAndWhatIsTooMuchClipped(t *testing.T) {
	g, bounded := newGate(t, &bandit.GateOptions{Normal: true}), newGate(t, &bandit.GateOptions{Low: -1, High: 1})
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0.5, 2} {
		g.Observe(x)
		bounded.Observe(x)
	}
	if got, want := [3]int64{g.N(), g.Ignored(), g.Clipped()}, [3]int64{2, 3, 0}; got != want {
		t.Errorf("normal: counted, ignored, clipped: got %v, want %v", got, want)
	}
	if got, want := [3]int64{bounded.N(), bounded.Ignored(), bounded.Clipped()}, [3]int64{2, 3, 1}; got != want {
		t.Errorf("bounded: counted, ignored, clipped: got %v, want %v", got, want)
	}
	if got := bounded.Mean(); got != 0.75 {
		t.Errorf("mean: got %v, want 0.75", got)
	}
}

// Rewards that are all alike say nothing of their spread, and too few say nothing.
func TestTheGateDoesNotOpenOnNothing(t *testing.T) {
	g := newGate(t, &bandit.GateOptions{Normal: true})
	for range 1000 {
		g.Observe(1)
	}
	if g.Open() {
		t.Error("opened by rewards without a spread, of which nothing but normal tails is known")
	}
	g = newGate(t, nil)
	for i := range 49 {
		g.Observe(8 + float64(i%2))
	}
	if g.Open() {
		t.Error("opened by 49 rewards, want at least 50")
	}
	if g.Observe(10); !g.Open() {
		t.Error("closed after 50 rewards that are all far above 0")
	}
}

func TestAGateGoesOnWhereItWas(t *testing.T) {
	for name, o := range map[string]*bandit.GateOptions{"normal": {Normal: true}, "bounded": {Low: -3, High: 3}} {
		a, b := newGate(t, o), newGate(t, o)
		random := rand.New(rand.NewPCG(1, 2))
		for range 100 {
			a.Observe(random.Float64()*4 - 2)
		}
		if err := b.Restore(a.State()); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			x := random.Float64()*4 - 2
			a.Observe(x)
			b.Observe(x)
		}
		if diff := cmp.Diff(a.State(), b.State()); diff != "" {
			t.Errorf("%s: after going on (-was +restored):\n%s", name, diff)
		}
		if a.Sentence() != b.Sentence() {
			t.Errorf("%s: got %q, want %q", name, b.Sentence(), a.Sentence())
		}
	}
}

func TestABrokenStateIsRefused(t *testing.T) {
	for name, s := range map[string]bandit.GateState{
		"a count below 0":      {N: -1},
		"no number":            {N: 1, Mean: math.NaN()},
		"a variance below 0":   {N: 2, M2: -1},
		"bets of another gate": {N: 1, Up: []float64{1}, Down: []float64{1}},
	} {
		if err := newGate(t, nil).Restore(s); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("%s: got %v, want an error that says what is wanted", name, err)
		}
	}
}

func TestSentences(t *testing.T) {
	for want, x := range map[string][2]float64{
		"no evidence of an edge: mean +0.0": {1, -1}, "evidence of an edge: mean +5.5": {5, 6}, "evidence of a loss: mean -5.5": {-5, -6},
	} {
		g := newGate(t, nil)
		for i := range 200 {
			g.Observe(x[i%2])
		}
		if got := g.Sentence(); !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want it to begin with %q", got, want)
		}
	}
	if got, want := newGate(t, nil).Sentence(), "no evidence of an edge: 0 outcomes so far"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
