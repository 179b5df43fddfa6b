package eval

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// near holds a measured number against theory: within so many of its standard errors.
func near(t *testing.T, what string, got Stat, want float64) {
	t.Helper()
	const errors = 4.5 // of a hundred such checks not one fails by chance
	if se := got.SD / math.Sqrt(float64(got.N)); math.Abs(got.Mean-want) > errors*se {
		t.Errorf("%s: got %.5f ± %.5f (standard error), want %.5f", what, got.Mean, se, want)
	}
}

// meet plays so many courses of a world and gathers a number of each.
func meet(w *World, seeds int, of func(c Course) float64) Stat {
	var xs []float64
	for seed := range uint64(seeds) {
		xs = append(xs, of(w.Start(seed)))
	}
	return Summarise(xs)
}

func TestFeaturesKeepTheirVarianceAndForgetAsTheyShould(t *testing.T) {
	w := world(t, "sim-linear", &Options{Assets: 40})
	for f, rho := range persistence {
		for _, lag := range []int{0, 1, 7} {
			got := meet(w, 60, func(c Course) float64 {
				first, then := c.Next(-1), Turn{}
				for range 25 {
					first = c.Next(-1)
				}
				for range lag {
					then = c.Next(-1)
				}
				if lag == 0 {
					then = first
				}
				sum := 0.0
				for a := range first.X {
					sum += first.X[a][f] * then.X[a][f]
				}
				return sum / float64(len(first.X))
			})
			near(t, "autocovariance", got, math.Pow(rho, float64(lag)))
		}
	}
}

func TestTheLastColumnsAreEmptyAndNoiseIsWhatWasAskedFor(t *testing.T) {
	noise, cost := 2.5, .25
	w := world(t, "sim-linear", &Options{Noise: &noise, Cost: &cost, Assets: 50})
	got := meet(w, 60, func(c Course) float64 {
		turn := c.Next(-1)
		square := 0.0
		for a, x := range turn.X {
			if len(x) != 8 || x[6] != 0 || x[7] != 0 {
				t.Fatalf("got the row %v, want six features and two zeros", x)
			}
			want := .10*x[0] + .06*x[1] + .05*x[2] - .08*x[4] - .25
			if math.Abs(turn.Mean[a]-want) > 1e-12 {
				t.Fatalf("got the mean %v of %v, want %v", turn.Mean[a], x, want)
			}
			square += (turn.Reward[a] - turn.Mean[a]) * (turn.Reward[a] - turn.Mean[a]) / float64(len(turn.X))
		}
		return square
	})
	near(t, "variance of the noise", got, noise*noise)
}

func TestTheNonlinearEdgeIsTheOneThatIsDocumented(t *testing.T) {
	for _, c := range []struct {
		name string
		x    [hidden]float64
		want float64
	}{
		{"all three meet", [hidden]float64{acc: .4, conf: .1, vol: .4}, .35},
		{"they meet, but stale", [hidden]float64{acc: .4, conf: .1, vol: .4, stale: 1.1}, .15},
		{"inaccurate", [hidden]float64{acc: .3, conf: .1, vol: .4}, -.05},
		{"not confident", [hidden]float64{acc: .4, conf: 0, vol: .4}, -.05},
		{"volatile", [hidden]float64{acc: .4, conf: .1, vol: .5}, -.05},
		{"nothing, and stale", [hidden]float64{acc: -1, stale: 2}, -.25},
	} {
		if got := nonlinear(&asset{x: c.x}); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestTheSignSwitchesByQuarters(t *testing.T) {
	e := switching{rounds: 10}
	all := []asset{{x: [hidden]float64{acc: 1}}}
	var got []float64
	for tick := range 10 {
		out := make([]float64, 1)
		e.means(tick, all, -1, nil, out)
		got = append(got, out[0])
	}
	want := []float64{.1, .1, .1, -.1, -.1, .1, .1, .1, -.1, -.1}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// regretOfChance is what random regrets in a round, on average.
func regretOfChance(c Course, rounds int) float64 {
	regret, taken := 0.0, -1
	for range rounds {
		turn := c.Next(taken)
		taken = 0
		best, mean := turn.Mean[0], 0.0
		for _, m := range turn.Mean {
			best, mean = max(best, m), mean+m/float64(len(turn.Mean))
		}
		regret += best - mean
	}
	return regret / float64(rounds)
}

func TestChanceRegretsWhatTheoryTells(t *testing.T) {
	edge := math.Sqrt(.10*.10 + .06*.06 + .08*.08 + .05*.05)
	two, ten := 1/math.Sqrt(math.Pi), 1.5387527308 // the expected largest of so many N(0,1)
	p := tail(.3) * tail(0) * (1 - tail(.5))
	for _, c := range []struct {
		name, env string
		o         *Options
		want      float64
	}{
		{"linear", "sim-linear", nil, ten * edge},
		{"linear, two assets", "sim-linear", &Options{Assets: 2}, two * edge},
		{"a cost moves all", "sim-cost", nil, ten * edge},
		{"the switch hides nothing from who knows", "sim-switch", nil, ten * edge},
		{"by asset", "sim-arms", nil, .1 * ten},
		{"none", "sim-none", nil, 0},
		{"the adversary spares chance", "sim-adversary", nil, ten * edge},
		// The best of two is the one that pays .35, if only one does, and the one that
		// is not stale among equals.
		{"nonlinear, two assets", "sim-nonlinear", &Options{Assets: 2}, gapOfTwo(p)},
		{"wheel", "wheel", nil, .19*(49*4/5.) + .81*(.2*4/5.)},
		{"a wheel that is nearly all prize", "wheel", &Options{Delta: .1}, .99*(49*4/5.) + .01*(.2*4/5.)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := world(t, c.env, c.o)
			near(t, "regret", meet(w, 400, func(course Course) float64 { return regretOfChance(course, 60) }), c.want)
		})
	}
}

// tail is P(N(0,1) > x).
func tail(x float64) float64 { return math.Erfc(x/math.Sqrt2) / 2 }

// gapOfTwo is half the expected difference between two assets of the nonlinear
// world, each of which pays .35 with chance p and -.05 otherwise, less .2 when stale.
func gapOfTwo(p float64) float64 {
	q := tail(1)
	values := map[float64]float64{.35: p * (1 - q), .15: p * q, -.05: (1 - p) * (1 - q), -.25: (1 - p) * q}
	gap := 0.0
	for a, pa := range values {
		for b, pb := range values {
			gap += pa * pb * math.Abs(a-b) / 2
		}
	}
	return gap
}

func TestTheWheelPaysByItsPart(t *testing.T) {
	c := world(t, "wheel", &Options{Delta: .5}).Start(3)
	for range 2000 {
		turn := c.Next(-1)
		x, y := turn.X[0][0], turn.X[0][1]
		want := []float64{1, 1, 1, 1, 1}
		switch {
		case math.Hypot(x, y) <= .5:
			want[4] = 1.2
		case x > 0 && y > 0:
			want[0] = 50
		case x > 0:
			want[1] = 50
		case y > 0:
			want[2] = 50
		default:
			want[3] = 50
		}
		if diff := cmp.Diff(want, turn.Mean); diff != "" || math.Hypot(x, y) > 1 {
			t.Fatalf("at %v, %v: -want +got\n%s", x, y, diff)
		}
		for i := range want {
			if math.Abs(turn.Reward[i]-want[i]) > .07 { // 7 deviations
				t.Fatalf("got a reward of %v for a mean of %v", turn.Reward[i], want[i])
			}
		}
	}
}

// course is all of a course of a few rounds in which arm 0 is taken.
func course(w *World, seed uint64) []Turn {
	c, taken := w.Start(seed), -1
	var out []Turn
	for range 30 {
		out = append(out, c.Next(taken))
		taken = 0
	}
	return out
}

func TestACourseIsItsSeeds(t *testing.T) {
	for _, name := range Worlds() {
		o := &Options{}
		switch name {
		case "csv":
			o.Data, o.Label = file(t, irises), "-1"
		case "mushroom", "mushroom-risky":
			o.Data = file(t, mushrooms)
		}
		w := world(t, name, o)
		if diff := cmp.Diff(course(w, 5), course(w, 5)); diff != "" {
			t.Errorf("%s: the same seed gave another course\n%s", name, diff)
		}
		if reflect.DeepEqual(course(w, 5), course(w, 6)) {
			t.Errorf("%s: another seed gave the same course", name)
		}
	}
}

func TestNoiseAndCostLeaveFeaturesAsTheyAre(t *testing.T) {
	quiet, dear := 0., .5
	a := course(world(t, "sim-linear", nil), 1)
	b := course(world(t, "sim-linear", &Options{Noise: &quiet, Cost: &dear}), 1)
	for i := range a {
		if diff := cmp.Diff(a[i].X, b[i].X); diff != "" {
			t.Fatalf("round %d\n%s", i, diff)
		}
		if diff := cmp.Diff(b[i].Mean, b[i].Reward); diff != "" {
			t.Fatalf("round %d: no noise, but rewards differ from means\n%s", i, diff)
		}
	}
}

func TestTheAdversaryStrikesWhoRelies(t *testing.T) {
	turns := func(take func(means []float64) int) (signs []float64) {
		c, taken := world(t, "sim-adversary", nil).Start(1), -1
		for range 450 {
			turn := c.Next(taken)
			signs = append(signs, math.Copysign(1, turn.Mean[0]*linear(&asset{x: [hidden]float64(turn.X[0])})))
			taken = take(turn.Mean)
		}
		return signs
	}
	best := func(means []float64) int {
		top := 0
		for i, m := range means {
			if m > means[top] {
				top = i
			}
		}
		return top
	}
	for tick, sign := range turns(best) {
		// Round 100 is the first that is told of a hundred.
		if want := []float64{1, -1}[tick/watched%2]; sign != want {
			t.Fatalf("who knows all: round %d: got the sign %v, want %v", tick, sign, want)
		}
	}
	worst := func(means []float64) int { return best(negated(means)) }
	for tick, sign := range turns(worst) {
		if sign != 1 {
			t.Fatalf("who is always wrong: struck in round %d", tick)
		}
	}
}

func negated(xs []float64) []float64 {
	out := make([]float64, len(xs))
	for i, x := range xs {
		out[i] = -x
	}
	return out
}

func TestTheLiarClaimsAllAndPaysNothing(t *testing.T) {
	w := world(t, "sim-liar", &Options{Assets: 4})
	for seed := range uint64(8) {
		liar := w.Liar(seed)
		for i, turn := range course(w, seed) {
			if turn.X[liar][acc] != boast || turn.Mean[liar] != 0 {
				t.Fatalf("seed %d, round %d: got accuracy %v and mean %v", seed, i, turn.X[liar][acc], turn.Mean[liar])
			}
			for a, x := range turn.X {
				if a != liar && turn.Mean[a] != linear(&asset{x: [hidden]float64(x)}) {
					t.Fatalf("seed %d, round %d: asset %d is honest and pays %v", seed, i, a, turn.Mean[a])
				}
			}
		}
	}
}

func TestAWorldThatMakesNoSenseIsRefused(t *testing.T) {
	minus, nan := -1., math.NaN()
	for _, c := range []struct {
		name, env string
		o         *Options
		want      string
	}{
		{"an unknown name", "sim", nil, `got world "sim", want one of csv, mushroom`},
		{"less than no rounds", "sim-none", &Options{Rounds: -1}, "got -1 rounds"},
		{"too many assets", "sim-none", &Options{Assets: 1e6}, "got 1000000 assets, want 1 to 100000"},
		{"assets of a wheel", "wheel", &Options{Assets: 3}, `assets for the world "wheel"`},
		{"noise below 0", "sim-none", &Options{Noise: &minus}, "got noise of -1"},
		{"a cost that is no number", "sim-none", &Options{Cost: &nan}, "got a cost of NaN"},
		{"a cost of a wheel", "wheel", &Options{Cost: &minus}, `cost for the world "wheel"`},
		{"a delta of a simulated world", "sim-none", &Options{Delta: .5}, `delta for the world "sim-none"`},
		{"a delta of 1", "wheel", &Options{Delta: 1}, "got a delta of 1"},
		{"no data", "mushroom", nil, "want the path of its file"},
		{"data for a wheel", "wheel", &Options{Data: "x"}, `got the file "x"`},
		{"no label", "csv", &Options{Data: "x"}, "got no label column"},
		{"a label of mushrooms", "mushroom", &Options{Data: "x", Label: "y"}, `got the label column "y"`},
		{"a file that is not there", "csv", &Options{Data: "/no/such", Label: "y"}, "/no/such"},
		{"a directory", "csv", &Options{Data: t.TempDir(), Label: "y"}, "is a directory"},
		{"no mushrooms", "mushroom", &Options{Data: file(t, irises)}, "want e and p"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := NewWorld(c.env, c.o)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v and %v, want an error with %q", w, err, c.want)
			}
		})
	}
}
