package rank_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/rank"
)

// at is the place of a feature.
func at(name string) int {
	return slices.IndexFunc(rank.Table(), func(f rank.Feature) bool { return f.Name == name })
}

// rowOf is a row of which one feature has a value.
func rowOf(name string, x float64) []float64 {
	row := make([]float64, rank.Width)
	row[at(name)] = x
	return row
}

func scaledBy(n *rank.Normaliser, name string, x float64) float64 {
	out := make([]float64, rank.Width)
	n.Apply(rowOf(name, x), out)
	return out[at(name)]
}

func TestScalingIsByTheMeanAndVarianceOfAllRows(t *testing.T) {
	n := rank.NewNormaliser(0)
	for _, x := range []float64{2, 4, 4, 4, 5, 5, 7, 9} { // mean 5, deviation 2
		n.Observe(rowOf("votes", x))
	}
	n.Freeze()
	for _, c := range []struct {
		name, feature string
		x, want       float64
	}{
		{"the mean is 0", "votes", 5, 0},
		{"a deviation is 1", "votes", 7, 1},
		{"and so below", "votes", 1, -2},
		{"it ends at 5", "votes", 1e9, rank.MaxZ},
		{"and at -5", "votes", -1e9, -rank.MaxZ},
		{"what is no number is 0", "votes", math.NaN(), 0},
		{"and what is infinite", "votes", math.Inf(1), 0},
		{"what never varied is 0", "steps", 0, 0},
		{"even if it does now", "steps", 3, 0},
		{"a sign stays", "agreement", -1, -1},
		{"a bit stays", "buy", 1, 1},
		{"but not if it is no number", "buy", math.NaN(), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := scaledBy(n, c.feature, c.x); !near(got, c.want) {
				t.Errorf("%s %v: got %v, want %v", c.feature, c.x, got, c.want)
			}
		})
	}
}

// A space that does not say its accuracy must not teach that 0 is usual.
func TestWhatIsNotKnownIsNotLearned(t *testing.T) {
	n := rank.NewNormaliser(0)
	for _, x := range []float64{0.4, 0.6} {
		n.Observe(rowOf("accuracy", x))
	}
	unknown := rowOf("no_accuracy", 1)
	for range 100 {
		n.Observe(unknown)
		n.Observe(rowOf("accuracy", math.NaN()))
		n.Observe(rowOf("accuracy", math.Inf(-1)))
	}
	n.Freeze()
	if got := scaledBy(n, "accuracy", 0.6); !near(got, 1) {
		t.Errorf("got %v, want 1", got)
	}
	unknown[at("accuracy")] = 0.9
	n.Apply(unknown, unknown)
	if got := unknown[at("accuracy")]; got != 0 {
		t.Errorf("not known: got %v, want 0", got)
	}
}

func TestScalingIsFrozenInsideADecision(t *testing.T) {
	n := rank.NewNormaliser(0)
	n.Observe(rowOf("votes", 1))
	n.Observe(rowOf("votes", 3))
	if got := scaledBy(n, "votes", 3); got != 0 {
		t.Errorf("before the first: got %v, want 0", got)
	}
	n.Freeze()
	before := scaledBy(n, "votes", 3)
	n.Observe(rowOf("votes", 99))
	if got := scaledBy(n, "votes", 3); got != before || before != 1 {
		t.Errorf("got %v, then %v, want 1 both times", before, got)
	}
	n.Freeze()
	if got := scaledBy(n, "votes", 3); got >= 0 {
		t.Errorf("after the next: got %v, want less than 0", got)
	}
}

// Once the memory is full, what was usual gives way to what is.
func TestTheMeansForget(t *testing.T) {
	n := rank.NewNormaliser(100)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		level := 0.0
		if i >= 1000 {
			level = 50
		}
		n.Observe(rowOf("votes", level+random.NormFloat64()))
	}
	n.Freeze()
	live, frozen := n.State()
	if diff := cmp.Diff(live, frozen); diff != "" {
		t.Errorf("-live +frozen\n%s", diff)
	}
	i := at("votes")
	if mean, sd := live.Mean[i], math.Sqrt(live.Variance[i]); math.Abs(mean-50) > 0.5 || math.Abs(sd-1) > 0.3 || live.Count[i] != 100 {
		t.Errorf("got %v ± %v of %v, want 50 ± 1 of 100", mean, sd, live.Count[i])
	}
}

func TestARestoredNormaliserGoesOnWithTheSameBits(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	row := make([]float64, rank.Width)
	next := func() []float64 {
		for i, f := range rank.Table() {
			if row[i] = 0; f.Scaled {
				row[i] = random.NormFloat64()
			}
		}
		return row
	}
	n := rank.NewNormaliser(30)
	for range 50 {
		n.Observe(next())
	}
	n.Freeze()
	n.Observe(next()) // live and frozen differ
	copied := rank.NewNormaliser(30)
	live, frozen := n.State()
	if err := copied.Restore(live, frozen); err != nil {
		t.Fatal(err)
	}
	live.Mean[0] = 1e9 // the caller's own
	for range 50 {
		x := slices.Clone(next())
		y, z := make([]float64, rank.Width), make([]float64, rank.Width)
		n.Apply(x, y)
		copied.Apply(x, z)
		if !slices.EqualFunc(y, z, sameBits) {
			t.Fatalf("got %v, want %v", z, y)
		}
		for _, n := range []*rank.Normaliser{n, copied} {
			n.Observe(x)
			n.Freeze()
		}
	}
}

func TestANormaliserRefusesWhatIsNoState(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(live, frozen *rank.NormaliserState)
		want  string
	}{
		{"too few numbers", func(live, _ *rank.NormaliserState) { live.Mean = live.Mean[1:] }, "normaliser: got 57, 56 and 57 numbers, want 57 each"},
		{"a mean that is none", func(_, frozen *rank.NormaliserState) { frozen.Mean[3] = math.NaN() },
			"normaliser: votes: got count 0, mean NaN and variance 0, want finite numbers, count and variance not below 0"},
		{"a variance below 0", func(live, _ *rank.NormaliserState) { live.Variance[0] = -1 },
			"normaliser: confidence: got count 0, mean 0 and variance -1, want finite numbers, count and variance not below 0"},
		{"an infinite count", func(live, _ *rank.NormaliserState) { live.Count[0] = math.Inf(1) },
			"normaliser: confidence: got count +Inf, mean 0 and variance 0, want finite numbers, count and variance not below 0"},
	} {
		t.Run("refuses "+c.name, func(t *testing.T) {
			n := rank.NewNormaliser(0)
			live, frozen := n.State()
			c.spoil(&live, &frozen)
			if err := n.Restore(live, frozen); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
