package price_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/karlquant/quasar/price"
)

// estimate is what ticks show of a parameter, with its standard error.
type estimate struct{ value, se float64 }

func (e estimate) String() string {
	if e.se == 0 {
		return "none"
	}
	return fmt.Sprintf("%.4g ± %.2g", e.value, 1.96*e.se)
}

// recovered is all that the ticks of an index show of its law. What it has not is
// zero.
type recovered struct {
	volatility      estimate // of a year
	every           estimate // ticks from one event to the next
	autocorrelation estimate
}

// recoverParameters estimates the parameters from n ticks, without a look at them but for
// what tells an event: a jump is beyond six standard deviations, a spike goes the
// other way, a breakout is more than a step.
func recoverParameters(t *testing.T, x price.Index, seed uint64, n int) recovered {
	t.Helper()
	r := returns(t, x, seed, n)
	got := recovered{autocorrelation: autocorrelation(r)}
	if x.Kind == price.Crash || x.Kind == price.Boom {
		got.autocorrelation = autocorrelation(ranks(r))
	}
	events, ordinary, square := 0.0, 0.0, 0.0
	for _, v := range r {
		if isEvent(&x, v) {
			events++
			continue
		}
		ordinary++
		square += v * v
	}
	if x.Kind == price.Walk || x.Kind == price.Jump {
		rounding := x.Unit() * x.Unit() / 6 / (x.Start * x.Start) // of both ends of a return
		year := x.Volatility / x.TickVolatility()
		v := year * math.Sqrt(square/ordinary-rounding)
		got.volatility = estimate{v, v / math.Sqrt(2*ordinary)}
	}
	got.every = rate(&x, events, n)
	return got
}

func isEvent(x *price.Index, r float64) bool {
	switch x.Kind {
	case price.Jump:
		return math.Abs(r) > 6*x.TickVolatility()
	case price.Crash:
		return r < 0
	case price.Boom:
		return r > 0
	case price.Range:
		return math.Abs(r) > 1.5*x.StepSize/x.Start
	}
	return false
}

// rate is how many ticks there are from one event to the next. Of jumps, those
// are seen that are beyond six standard deviations of an ordinary tick. A range is
// at a border once in RangeSteps ticks, but for what a breakout leaves out.
func rate(x *price.Index, events float64, n int) estimate {
	if events == 0 {
		return estimate{}
	}
	every := float64(n) / events
	switch x.Kind {
	case price.Jump:
		every *= math.Erfc(6 / math.Sqrt(2*(1+x.JumpSize*x.JumpSize)))
	case price.Range:
		return estimate{} // its touches are counted in TestARangeBreaksOnceInSoManyTouches
	}
	return estimate{every, every / math.Sqrt(events)}
}

// autocorrelation is that of neighbours. Of independent returns its standard error
// is 1/√n; of a range it is smaller, for a breakout comes and goes with small steps.
func autocorrelation(r []float64) estimate {
	var cross, square float64
	for i := 1; i < len(r); i++ {
		cross += r[i] * r[i-1]
		square += r[i] * r[i]
	}
	return estimate{cross / square, 1 / math.Sqrt(float64(len(r)))}
}

// ranks replace returns by their places in order, from -1 to 1. Of spikes, two
// neighbours would outweigh all the rest; their ranks do not.
func ranks(r []float64) []float64 {
	order := make([]int, len(r))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(r[a], r[b]) })
	out := make([]float64, len(r))
	for place, i := range order {
		out[i] = 2*(float64(place)+0.5)/float64(len(r)) - 1
	}
	return out
}

// What each index is called is what its ticks show: volatility within 1 %, jumps
// and spikes at their rate, and nothing in one return that tells the next.
// With -v all estimates are told.
func TestEveryIndexRecoversItsParameters(t *testing.T) {
	n := many(t, 40_000)
	for _, x := range price.Indices() {
		got := recoverParameters(t, x, 11, n)
		t.Logf("%-8s volatility %v (%v), every %v (%d), autocorrelation %v", x.Name, got.volatility, x.Volatility, got.every, x.Every, got.autocorrelation)
		if off := got.volatility.value/x.Volatility - 1; x.Volatility > 0 && !(math.Abs(off) < 0.01) {
			t.Errorf("%s: got a volatility %.2f %% off, want within 1 %%", x.Name, 100*off)
		}
		if got.every.value > 0 {
			within(t, x.Name+" events", 11, (float64(x.Every)-got.every.value)/got.every.se)
		}
		within(t, x.Name+" autocorrelation", 11, got.autocorrelation.value/got.autocorrelation.se)
		if events := x.Kind == price.Jump || x.Kind == price.Crash || x.Kind == price.Boom; events != (got.every.value > 0) {
			t.Errorf("%s: got events every %v ticks, want some: %v", x.Name, got.every.value, events)
		}
	}
}

// Wrong parameters are noticed: else the test above proves nothing.
func TestParametersThatAreOffAreNoticed(t *testing.T) {
	walk := lookup(t, "V75_1s")
	walk.Volatility *= 1.02
	got := recoverParameters(t, walk, 11, 60_000)
	if off := got.volatility.value/0.75 - 1; math.Abs(off) < 0.01 {
		t.Errorf("a volatility 2 %% off is only %.2f %% off", 100*off)
	}
	for _, name := range []string{"CRASH150", "JUMP100"} {
		x := lookup(t, name)
		named := float64(x.Every)
		x.Every /= 3
		got := recoverParameters(t, x, 11, 60_000).every
		noticed(t, name, 11, (named-got.value)/got.se)
	}
	r := returns(t, lookup(t, "RB100"), 11, 60_000)
	for i := 1; i < len(r); i++ {
		r[i] += 0.05 * r[i-1]
	}
	e := autocorrelation(r)
	noticed(t, "RB100", 11, e.value/e.se)
}
