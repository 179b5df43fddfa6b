package learn_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/learn"
)

func newMixed(t testing.TB, o *learn.MixedOptions) *learn.Mixed {
	t.Helper()
	m, err := learn.NewMixed(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// oneHot adds a feature for each group to a row.
func oneHot(x []float64, name, groups int) []float64 {
	row := make([]float64, len(x)+groups)
	copy(row, x)
	if name < groups {
		row[len(x)+name] = 1
	}
	return row
}

// A group's intercept is the coefficient of a feature that is 1 for it alone, so the
// belief has to be that of a regression with as many more features.
func TestMixedIsARegressionWithAFeatureForEachGroup(t *testing.T) {
	const dim, groups, lambda = 4, 6, 7.0
	for _, tt := range []struct {
		name     string
		discount float64
		refit    bool
	}{
		{name: "between refits"},
		{name: "after a refit", refit: true},
		{name: "with old labels forgotten", discount: .98, refit: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			precision := []float64{1, 2, 3, 4}
			m := newMixed(t, &learn.MixedOptions{
				Linear:         learn.LinearOptions{Dim: dim, Precision: precision, Discount: tt.discount, Refit: 64},
				GroupPrecision: lambda, FixedGroups: true,
			})
			all := labels(seeded(3), 500, dim, .3)
			var wide []label
			for i, v := range all {
				name := i * i % groups
				v.y += .2 * float64(name)
				m.Observe(v.t, name, v.x, v.y, v.w)
				v.x = oneHot(v.x, name, groups)
				wide = append(wide, v)
			}
			if tt.refit {
				m.Refit()
			}
			for range groups {
				precision = append(precision, lambda)
			}
			discount := tt.discount
			if discount == 0 {
				discount = 1
			}
			theta, inverse, variance := batch(wide, precision, discount, 1, wide[len(wide)-1].t)
			for name := range groups {
				x := normals(seeded(4), dim)
				row, want := oneHot(x, name, groups), 0.0
				for i := range row {
					want += row[i] * theta[i]
				}
				mean, sd := m.Predict(name, x)
				near(t, "mean", mean, want, 1e-9)
				near(t, "sd", sd, math.Sqrt(variance*quadratic(row, inverse)), 1e-9)
			}
			x := normals(seeded(5), dim)
			mean, sd := m.Predict(1_000_000, x)
			want := 0.0
			for i := range x {
				want += x[i] * theta[i]
			}
			row := oneHot(x, groups, groups)
			near(t, "mean of a group never seen", mean, want, 1e-9)
			near(t, "its sd", sd, math.Sqrt(variance*(quadratic(row, inverse)+1/lambda)), 1e-9)
		})
	}
}

func TestGroupsShowHowMuchTheyDiffer(t *testing.T) {
	for _, tt := range []struct {
		name      string
		sd        float64
		low, high float64
	}{
		{name: "not at all", sd: 0, low: 200, high: 1000},
		{name: "by a tenth of the noise", sd: .1, low: 50, high: 200},
		{name: "by the noise", sd: 1, low: .6, high: 1.6},
		{name: "by far", sd: 10, low: .006, high: .016},
	} {
		t.Run(tt.name, func(t *testing.T) {
			random := seeded(1)
			m := newMixed(t, &learn.MixedOptions{Linear: learn.LinearOptions{Dim: 1}})
			var u [50]float64
			for i := range u {
				u[i] = tt.sd * random.NormFloat64()
			}
			for i := range 20_000 {
				m.Observe(int64(i), i%50, []float64{1}, 3+u[i%50]+random.NormFloat64(), 1)
			}
			if got := m.GroupPrecision(); !(got > tt.low && got < tt.high) {
				t.Errorf("got a precision of %v, want %v to %v", got, tt.low, tt.high)
			}
		})
	}
}

func TestAGroupIsLetGoOf(t *testing.T) {
	m := newMixed(t, &learn.MixedOptions{Linear: learn.LinearOptions{Dim: 1, Discount: .9}})
	for name := range 100 {
		m.Observe(0, name, []float64{1}, float64(name), 1)
	}
	m.Observe(50, 7, []float64{1}, 7, 1)
	if m.Advance(80); m.Groups() != 1 {
		t.Errorf("got %d groups, want the one that had a label", m.Groups())
	}
	m.Advance(1000)
	mean, _ := m.Predict(7, []float64{1})
	if m.Groups() != 0 || math.Abs(mean) > 1e-9 {
		t.Errorf("got %d groups and a mean of %v, want the prior", m.Groups(), mean)
	}
}

func TestFurtherGroupsHaveNoInterceptOfTheirOwn(t *testing.T) {
	m := newMixed(t, &learn.MixedOptions{Linear: learn.LinearOptions{Dim: 1}, MaxGroups: 2})
	for name := range 5 {
		for range 100 {
			m.Observe(0, name, []float64{1}, float64(name%2), 1)
		}
	}
	third, _ := m.Predict(2, []float64{1})
	fourth, _ := m.Predict(3, []float64{1})
	if m.Groups() != 2 || third != fourth {
		t.Errorf("got %d groups, and means of %v and %v, want 2 and equal ones", m.Groups(), third, fourth)
	}
}

func mixedLabels(random *rand.Rand, m *learn.Mixed, from, to int) {
	for i := from; i < to; i++ {
		x := normals(random, 3)
		m.Observe(int64(i/4), random.IntN(9), x, x[0]+random.NormFloat64(), 1)
	}
}

func TestAMixedGoesOnFromItsState(t *testing.T) {
	o := &learn.MixedOptions{Linear: learn.LinearOptions{Dim: 3, Discount: .95, Refit: 20}}
	first, second := newMixed(t, o), newMixed(t, o)
	first.Scale(.5)
	mixedLabels(seeded(1), first, 0, 333)
	if err := second.Restore(first.State()); err != nil {
		t.Fatal(err)
	}
	mixedLabels(seeded(2), first, 333, 700)
	mixedLabels(seeded(2), second, 333, 700)
	if diff := cmp.Diff(first.State(), second.State()); diff != "" {
		t.Error(diff)
	}
	first.Forget()
	mean, sd := first.Predict(3, []float64{1, 0, 0})
	near(t, "mean after Forget", mean, 0, 0)
	near(t, "sd after Forget", sd, .5*math.Sqrt(1+1./20), 1e-12)
}

func TestAMixedRefusesAnothersState(t *testing.T) {
	m := newMixed(t, &learn.MixedOptions{Linear: learn.LinearOptions{Dim: 3}, MaxGroups: 9})
	mixedLabels(seeded(1), m, 0, 40)
	good := m.State()
	for name, spoil := range map[string]func(*learn.MixedState){
		"nothing":             func(s *learn.MixedState) { *s = learn.MixedState{} },
		"a group twice":       func(s *learn.MixedState) { s.Groups[1] = s.Groups[0] },
		"a group too few":     func(s *learn.MixedState) { s.Groups = s.Groups[1:] },
		"too many groups":     func(s *learn.MixedState) { s.Groups = make([]int64, 10) },
		"a negative weight":   func(s *learn.MixedState) { s.N[2] = -1 },
		"not a number":        func(s *learn.MixedState) { s.X[2] = math.Inf(1) },
		"no precision":        func(s *learn.MixedState) { s.Precision = 0 },
		"a spoilt regression": func(s *learn.MixedState) { s.Linear.U[0] = -1 },
	} {
		s := m.State()
		spoil(&s)
		if err := m.Restore(s); err == nil {
			t.Errorf("%s: got no error", name)
		}
		if diff := cmp.Diff(good, m.State()); diff != "" {
			t.Errorf("%s: the belief has changed: %s", name, diff)
		}
	}
}

func TestMixedOptions(t *testing.T) {
	for name, o := range map[string]learn.MixedOptions{
		"no features":          {},
		"a negative precision": {Linear: learn.LinearOptions{Dim: 1}, GroupPrecision: -1},
		"negative groups":      {Linear: learn.LinearOptions{Dim: 1}, MaxGroups: -1},
	} {
		if _, err := learn.NewMixed(&o); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestAMixedAllocatesNothingForGroupsThatItKnows(t *testing.T) {
	m := newMixed(t, &learn.MixedOptions{Linear: learn.LinearOptions{Dim: 20, Discount: .99, Refit: 5}})
	x, i := normals(seeded(1), 20), int64(0)
	m.Observe(0, 3, x, 1, 1)
	if n := testing.AllocsPerRun(100, func() {
		i++
		m.Observe(i, 3, x, 1, 1)
		m.Predict(3, x)
		m.Predict(4, x)
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkMixed(b *testing.B) {
	for _, groups := range []int{10, 10_000} {
		m := newMixed(b, &learn.MixedOptions{Linear: learn.LinearOptions{Dim: 41, Discount: .998}})
		x, i := normals(seeded(1), 41), 0
		for name := range groups {
			m.Observe(0, name, x, 1, 1)
		}
		b.Run("predict", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Predict(i%groups, x)
				i++
			}
		})
		b.Run("observe, refits included", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Observe(0, i%groups, x, 1, 1)
				i++
			}
		})
	}
}
