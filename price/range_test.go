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
			touches, breaks, _ := moves(t, index, seed, 500_000)
			within(t, name, seed, binomialZ(breaks, touches, 1/float64(index.Every)))
			noticed(t, name, seed, binomialZ(breaks, touches, 2.5/float64(index.Every)))
		}
	}
}

// Breakouts make up for all that turns back: without drift the sum of n moves has
// a variance of n·(1 + Every/RangeSteps) steps² at most.
func TestARangeHasNoDrift(t *testing.T) {
	const n = 300_000
	for _, name := range []string{"RB100", "RB200"} {
		index := lookup(t, name)
		for _, seed := range seeds {
			_, _, sum := moves(t, index, seed, n)
			sd := math.Sqrt(n * (1 + float64(index.Every)/float64(index.RangeSteps)))
			within(t, name, seed, sum/sd)
		}
	}
}

// What each index is called is what its ticks show: volatility within 1 %, jumps
// and spikes at their rate, and nothing in one return that tells the next.
func TestEveryIndexRecoversItsParameters(t *testing.T) {
	const n = 200_000
	for _, index := range price.Indices() {
		r := returns(t, index, 11, n)
		switch index.Kind {
		case price.Walk, price.Jump:
			edge := 6 * index.TickVolatility()
			var square, ordinary, large float64
			for i, x := range r {
				if math.Abs(x) > edge {
					large++
					r[i] = 0
					continue
				}
				square += x * x
				ordinary++
			}
			// Both ends of a return are rounded to a unit; of jumps, 16 % are below the edge.
			rounding := index.Unit() * index.Unit() / 6 / (index.Start * index.Start)
			got := math.Sqrt(square/ordinary - rounding)
			if off := got/index.TickVolatility() - 1; math.Abs(off) > 0.01 {
				t.Errorf("%s: got a volatility %.2f %% off, want within 1 %%", index.Name, 100*off)
			}
			if index.Kind == price.Jump {
				s := math.Sqrt(1 + index.JumpSize*index.JumpSize)
				within(t, index.Name+" jumps", 11, binomialZ(large, n, math.Erfc(6/s/math.Sqrt2)/float64(index.Every)))
			} else if large > 0 {
				t.Errorf("%s: got %v returns beyond six standard deviations, want none", index.Name, large)
			}
			within(t, index.Name+" autocorrelation", 11, autocorrelationZ(r))
		case price.Crash, price.Boom:
			count := 0.0
			for _, x := range r {
				if (x < 0) == (index.Kind == price.Crash) && x != 0 {
					count++
				}
			}
			within(t, index.Name+" spikes", 11, binomialZ(count, n, 1/float64(index.Every)))
			within(t, index.Name+" autocorrelation", 11, autocorrelationZ(r))
		case price.Step:
			within(t, index.Name+" autocorrelation", 11, autocorrelationZ(r))
		case price.Range: // its borders are in TestARangeBreaksOnceInSoManyTouches
		}
	}
}
