package learn_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/learn"
)

func newLinear(t testing.TB, o *learn.LinearOptions) *learn.Linear {
	t.Helper()
	l, err := learn.NewLinear(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

type label struct {
	t int64
	x []float64
	y float64
	w float64
}

func labels(random *rand.Rand, n, dim int, noise float64) []label {
	all := make([]label, n)
	for i := range all {
		x := normals(random, dim)
		x[0] = 1
		y := .5 - x[1] + .25*x[dim-1] + noise*random.NormFloat64()
		all[i] = label{t: int64(i / 3), x: x, y: y, w: .5 + random.Float64()}
	}
	return all
}

// batch solves the whole problem at once by Gauss and Jordan: theta, the inverse of A,
// and the noise's variance.
func batch(all []label, precision []float64, discount, noise float64, now int64) (theta []float64, inverse [][]float64, variance float64) {
	d := len(precision)
	a, b := make([][]float64, d), make([]float64, d)
	for i := range a {
		a[i] = make([]float64, 2*d)
		a[i][i], a[i][d+i] = precision[i], 1
	}
	var n, yy float64
	for _, l := range all {
		w := l.w * math.Pow(discount, float64(now-l.t))
		for i := range d {
			for k := range d {
				a[i][k] += w * l.x[i] * l.x[k]
			}
			b[i] += w * l.x[i] * l.y
		}
		n, yy = n+w, yy+w*l.y*l.y
	}
	for i := range d {
		for k := 2*d - 1; k >= i; k-- {
			a[i][k] /= a[i][i]
		}
		for r := range d {
			for k := 2*d - 1; r != i && k >= i; k-- {
				a[r][k] -= a[r][i] * a[i][k]
			}
		}
	}
	theta = make([]float64, d)
	for i := range d {
		inverse = append(inverse, a[i][d:])
		for k := range d {
			theta[i] += a[i][d+k] * b[k]
		}
	}
	for i := range d {
		yy -= theta[i] * b[i]
	}
	return theta, inverse, (noise*noise + yy) / (1 + n)
}

func quadratic(x []float64, a [][]float64) (q float64) {
	for i := range x {
		for k := range x {
			q += x[i] * a[i][k] * x[k]
		}
	}
	return q
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Max(1, math.Abs(want))) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestLinearIsTheBatchSolution(t *testing.T) {
	precision := []float64{.5, 1, 2, 4, 8}
	for _, tt := range []struct {
		name     string
		discount float64
		late     bool
		refit    bool
		add      bool
	}{
		{name: "between refits"},
		{name: "after a refit", refit: true},
		{name: "labels added at once", refit: true, add: true},
		{name: "with old labels forgotten", discount: .98, refit: true},
		{name: "with labels that come late", discount: .98, refit: true, late: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := labels(seeded(3), 500, 5, .3)
			l := newLinear(t, &learn.LinearOptions{Dim: 5, Precision: precision, Discount: tt.discount, Refit: 64})
			came := append([]label(nil), all...)
			if tt.late {
				seeded(8).Shuffle(len(came), func(i, k int) { came[i], came[k] = came[k], came[i] })
			}
			for _, v := range came {
				if tt.add {
					l.Add(v.t, v.x, v.y, v.w)
				} else {
					l.Observe(v.t, v.x, v.y, v.w)
				}
			}
			if tt.refit {
				l.Refit()
			}
			if tt.discount == 0 {
				tt.discount = 1
			}
			theta, inverse, variance := batch(all, precision, tt.discount, 1, all[len(all)-1].t)
			got := make([]float64, 5)
			l.Theta(got)
			for i := range theta {
				near(t, "a coefficient", got[i], theta[i], 1e-9)
			}
			x := normals(seeded(4), 5)
			mean := 0.0
			for i := range x {
				mean += x[i] * theta[i]
			}
			near(t, "mean", l.Mean(x), mean, 1e-9)
			near(t, "noise", l.Noise(), math.Sqrt(variance), 1e-9)
			near(t, "sd", l.SD(x), math.Sqrt(variance*quadratic(x, inverse)), 1e-9)
		})
	}
}

func TestBetweenRefitsForgettingLagsByATwentiethAtMost(t *testing.T) {
	all := labels(seeded(3), 3000, 5, .3)
	precision := []float64{1, 1, 1, 1, 1}
	l := newLinear(t, &learn.LinearOptions{Dim: 5, Discount: .99, Refit: 1 << 30})
	for _, v := range all {
		l.Observe(v.t, v.x, v.y, v.w)
	}
	_, inverse, variance := batch(all, precision, .99, 1, all[len(all)-1].t)
	x := normals(seeded(4), 5)
	near(t, "ratio of sd", l.SD(x)/math.Sqrt(variance*quadratic(x, inverse)), 1, .05)
}

func TestWithoutLabelsTheBeliefGoesBackToThePrior(t *testing.T) {
	l := newLinear(t, &learn.LinearOptions{Dim: 3, Precision: []float64{1, 4, 16}, Discount: .99})
	for _, v := range labels(seeded(1), 300, 3, .3) {
		l.Observe(v.t, v.x, v.y, v.w)
	}
	for _, rounds := range []int64{5_000, 1 << 40} {
		l.Advance(rounds)
		mean, sd := l.Predict([]float64{0, 1, 0})
		near(t, "mean", mean, 0, 1e-9)
		near(t, "sd", sd, .5, 1e-9)
	}
}

func TestTheBeliefIsStableOverAHundredThousandLabels(t *testing.T) {
	const dim = 12
	random := seeded(5)
	precision := make([]float64, dim)
	for i := range precision {
		precision[i] = 1e-3
	}
	l := newLinear(t, &learn.LinearOptions{Dim: dim, Precision: precision, Discount: .995})
	theta := normals(random, dim)
	x := make([]float64, dim)
	for i := range 100_000 {
		for k := range x {
			x[k] = random.NormFloat64()
		}
		x[1] = x[0] + 1e-7*random.NormFloat64() // nearly the same feature twice
		x[2] *= 1e5
		y := .1 * random.NormFloat64()
		for k := range x {
			y += theta[k] * x[k]
		}
		l.Observe(int64(i), x, y, 1)
	}
	x[1] = x[0]
	want := 0.0
	for k := range x {
		want += theta[k] * x[k]
	}
	mean, sd := l.Predict(x)
	if math.Abs(mean-want) > 5*sd || !(sd > 0 && sd < .2) {
		t.Errorf("got %v with sd %v, want %v", mean, sd, want)
	}
	near(t, "noise", l.Noise(), .1, .02)
}

func TestDrawsAreOfTheBelief(t *testing.T) {
	l := newLinear(t, &learn.LinearOptions{Dim: 4, Noise: .5, FixedNoise: true})
	for _, v := range labels(seeded(1), 30, 4, .5) {
		l.Observe(v.t, v.x, v.y, v.w)
	}
	x, theta, random := normals(seeded(2), 4), make([]float64, 4), seeded(3)
	var sum, squares float64
	const n = 20_000
	for range n {
		l.Draw(random, theta)
		y := 0.0
		for i := range x {
			y += x[i] * theta[i]
		}
		sum, squares = sum+y, squares+y*y
	}
	mean, sd := l.Predict(x)
	near(t, "mean of draws", sum/n, mean, .01)
	near(t, "sd of draws over sd", math.Sqrt(squares/n-sum*sum/n/n)/sd, 1, .02)
	near(t, "the noise that was fixed", l.Noise(), .5, 0)
}

func TestWhatIsNoLabelIsRefused(t *testing.T) {
	l := newLinear(t, &learn.LinearOptions{Dim: 2})
	before := l.State()
	for _, v := range []label{
		{x: []float64{math.NaN(), 1}, y: 1, w: 1},
		{x: []float64{1, math.Inf(-1)}, y: 1, w: 1},
		{x: []float64{1, 1e7}, y: 1, w: 1},
		{x: []float64{1, 1}, y: math.NaN(), w: 1},
		{x: []float64{1, 1}, y: 1e10, w: 1},
		{x: []float64{1, 1}, y: 1, w: 0},
		{x: []float64{1, 1}, y: 1, w: -1},
		{x: []float64{1, 1}, y: 1, w: math.Inf(1)},
	} {
		if l.Observe(5, v.x, v.y, v.w) || l.Add(5, v.x, v.y, v.w) {
			t.Errorf("%v: was learnt", v)
		}
	}
	if diff := cmp.Diff(before, l.State()); diff != "" {
		t.Errorf("the belief has changed: %s", diff)
	}
}

func TestALinearGoesOnFromItsState(t *testing.T) {
	o := &learn.LinearOptions{Dim: 5, Discount: .99, Refit: 20}
	first, second := newLinear(t, o), newLinear(t, o)
	all := labels(seeded(3), 400, 5, .3)
	for _, v := range all[:211] {
		first.Observe(v.t, v.x, v.y, v.w)
	}
	if err := second.Restore(first.State()); err != nil {
		t.Fatal(err)
	}
	for _, v := range all[211:] {
		first.Observe(v.t, v.x, v.y, v.w)
		second.Observe(v.t, v.x, v.y, v.w)
	}
	if diff := cmp.Diff(first.State(), second.State()); diff != "" {
		t.Error(diff)
	}
	first.Forget()
	mean, sd := first.Predict(all[0].x)
	prior, priorSD := newLinear(t, o).Predict(all[0].x)
	if mean != prior || sd != priorSD {
		t.Errorf("after Forget: got %v, %v, want %v, %v", mean, sd, prior, priorSD)
	}
}

func TestALinearRefusesAnothersState(t *testing.T) {
	l := newLinear(t, &learn.LinearOptions{Dim: 3})
	good := l.State()
	for name, spoil := range map[string]func(*learn.LinearState){
		"another size":       func(s *learn.LinearState) { s.XX = s.XX[1:] },
		"nothing":            func(s *learn.LinearState) { *s = learn.LinearState{} },
		"not a number":       func(s *learn.LinearState) { s.W[1] = math.NaN() },
		"a singular factor":  func(s *learn.LinearState) { s.U[4] = 0 },
		"less than no label": func(s *learn.LinearState) { s.N = -1 },
		"no scale":           func(s *learn.LinearState) { s.Scale = 0 },
		"a negative round":   func(s *learn.LinearState) { s.Clock = -1 },
	} {
		s := l.State()
		spoil(&s)
		if err := l.Restore(s); err == nil {
			t.Errorf("%s: got no error", name)
		}
		if diff := cmp.Diff(good, l.State()); diff != "" {
			t.Errorf("%s: the belief has changed: %s", name, diff)
		}
	}
}

func TestLinearOptions(t *testing.T) {
	for name, o := range map[string]learn.LinearOptions{
		"no features":          {},
		"too many":             {Dim: 5000},
		"a precision too few":  {Dim: 2, Precision: []float64{1}},
		"a precision of 0":     {Dim: 1, Precision: []float64{0}},
		"a discount above 1":   {Dim: 1, Discount: 1.5},
		"a negative noise":     {Dim: 1, Noise: -1},
		"a refit before label": {Dim: 1, Refit: -1},
	} {
		if _, err := learn.NewLinear(&o); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestPredictingAndObservingAllocateNothing(t *testing.T) {
	l := newLinear(t, &learn.LinearOptions{Dim: 20, Discount: .99, Refit: 5})
	x, theta, random, i := normals(seeded(1), 20), make([]float64, 20), seeded(1), int64(0)
	if n := testing.AllocsPerRun(100, func() {
		i++
		l.Observe(i, x, 1, 1)
		l.Predict(x)
		l.Draw(random, theta)
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkLinear(b *testing.B) {
	l := newLinear(b, &learn.LinearOptions{Dim: 57, Discount: .998})
	x := normals(seeded(1), 57)
	b.Run("predict", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l.Predict(x)
		}
	})
	b.Run("observe", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l.Observe(0, x, 1, 1)
		}
	})
	b.Run("refit", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l.Refit()
		}
	})
}
