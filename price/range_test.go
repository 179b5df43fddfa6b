package price_test

import (
	"math"
	"testing"

	"github.com/karlquant/quasar/price"
)

// moves counts the ticks of a range process that start at a border and how many
// of these break out. It follows the ranges from outside: a move of more than a
// step begins a new one.
func moves(t *testing.T, index price.Index, seed uint64, n int) (touches, breaks, sum float64) {
	t.Helper()
	p := process(t, index, seed)
	inside, border := 0, index.RangeSteps/2
	for range n {
		before := p.Price()
		step := int(math.Round((p.Next() - before) / index.StepSize))
		sum += float64(step)
		touching := inside == border || inside == -border
		if touching {
			touches++
		}
		switch {
		case step == 1 || step == -1:
			inside += step
		case touching && (step == index.Every-1) == (inside > 0) && (step == 1-index.Every) == (inside < 0):
			breaks++
			inside = 0
		default:
			t.Fatalf("seed %d: got a move of %d steps from %d in a range of %d either side", seed, step, inside, border)
		}
		if inside > border || inside < -border {
			t.Fatalf("seed %d: got %d steps from the middle, want %d at most without a breakout", seed, inside, border)
		}
	}
	return touches, breaks, sum
}

// Of the touches of a border one in Every breaks out, which is binomial.
func TestARangeBreaksOnceInSoManyTouches(t *testing.T) {
	for _, name := range []string{"RB100", "RB200"} {
		index := lookup(t, name)
		for _, seed := range seeds {
			touches, breaks, _ := moves(t, index, seed, many(t, 150_000))
			within(t, name, seed, binomialZ(breaks, touches, 1/float64(index.Every)))
			noticed(t, name, seed, binomialZ(breaks, touches, 3/float64(index.Every)))
		}
	}
}

// Breakouts make up for all that turns back: without drift the sum of n moves has
// a variance of n·(1 + Every/RangeSteps) steps² at most.
func TestARangeHasNoDrift(t *testing.T) {
	n := many(t, 60_000)
	for _, name := range []string{"RB100", "RB200"} {
		index := lookup(t, name)
		for _, seed := range seeds {
			_, _, sum := moves(t, index, seed, n)
			sd := math.Sqrt(float64(n) * (1 + float64(index.Every)/float64(index.RangeSteps)))
			within(t, name, seed, sum/sd)
		}
	}
}
