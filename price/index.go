package price

import (
	"cmp"
	"fmt"
	"math"
	"time"
)

// Index describes one index: what it is called, and the law of its ticks. The
// catalogue's are copies; a caller who has measured better parameters may
// change his.
type Index struct {
	// Name is what people call the space of this index: "V75_1s".
	Name string
	// Symbol is what Deriv calls it: "1HZ75V".
	Symbol string
	// Display is the name on Deriv's screens: "Volatility 75 (1s) Index".
	Display string
	// Interval is the time from one tick to the next.
	Interval time.Duration
	// Decimals is how many digits a price has behind the point.
	Decimals int
	// Start is the price before the first tick. Real levels wander; this one is
	// of the right order and otherwise made up.
	Start float64
	// Kind chooses the law, and with it which of the fields below count.
	Kind Kind

	// Volatility is the standard deviation of a year's logarithmic return: 0.75
	// for 75 %. It counts for Walk and Jump.
	Volatility float64
	// Every is the mean number of ticks from one jump, crash or spike to the
	// next, or of touches of a border from one breakout to the next. It counts
	// for Jump, Crash, Boom and Range.
	Every int
	// JumpSize is the standard deviation of a jump in those of an ordinary
	// tick. It counts for Jump.
	JumpSize float64
	// SpikeSize is the mean of a crash or spike as a share of the price. Only
	// the frequency is public: the size is assumed. It counts for Crash and Boom.
	SpikeSize float64
	// StepSize is how far each tick goes, up or down. It counts for Step and Range.
	StepSize float64
	// RangeSteps is how wide a range is, in steps. It is even, and assumed: only
	// how often a range breaks is public. It counts for Range.
	RangeSteps int
}

// Kind is the law of an index's ticks.
type Kind uint8

// The kinds. In each the expected price after a tick is the price before it.
const (
	// Walk is a geometric random walk of constant volatility.
	Walk Kind = iota + 1
	// Jump is a Walk that once in a while takes a far larger step, up or down.
	Jump
	// Crash rises a little with each tick and once in a while falls by as much
	// as it rises in between. When the next fall comes does not depend on how
	// long ago the last one was.
	Crash
	// Boom is Crash upside down.
	Boom
	// Step goes up or down by the same amount with each tick, by a fair coin.
	Step
	// Range is a Step between two borders. From a border it turns back, but for
	// one touch in Every, which breaks out by Every-1 steps into the middle of a
	// new range.
	Range
)

var kindNames = [...]string{Walk: "walk", Jump: "jump", Crash: "crash", Boom: "boom", Step: "step", Range: "range"}

// String returns the kind in lower case.
func (k Kind) String() string {
	if k < Walk || k > Range {
		return "unknown kind"
	}
	return kindNames[k]
}

// year is a year of ticks: the indices never close.
const year = 365 * 24 * time.Hour

// TickVolatility is the standard deviation of the logarithmic return of an
// ordinary tick of Walk and Jump.
func (x *Index) TickVolatility() float64 {
	return x.Volatility * math.Sqrt(float64(x.Interval)/float64(year))
}

// Unit is the smallest difference between two prices: 0.01 for two decimals.
func (x *Index) Unit() float64 { return 1 / math.Pow10(x.Decimals) }

// Round returns the multiple of Unit nearest to p.
func (x *Index) Round(p float64) float64 {
	scale := math.Pow10(x.Decimals)
	return math.Round(p*scale) / scale
}

// spread is how many times higher or lower than Start a price can get.
const spread = 1000

// Check tells what is wrong with the parameters. Those of the catalogue are
// right.
func (x *Index) Check() error {
	switch {
	case x.Interval <= 0:
		return x.errorf("interval: got %v, want above 0", x.Interval)
	case x.Decimals < 0 || x.Decimals > 8:
		return x.errorf("decimals: got %d, want 0 to 8", x.Decimals)
	case !(x.Start/spread >= x.Unit()) || !(x.Start*spread/x.Unit() < 1<<53):
		return x.errorf("start: got %g, want %g to %g with %d decimals",
			x.Start, spread*x.Unit(), math.Floor((1<<53)*x.Unit()/spread), x.Decimals)
	}
	return x.checkLaw()
}

func (x *Index) checkLaw() error {
	switch x.Kind {
	case Walk:
		return x.checkVolatility()
	case Jump:
		if !(x.JumpSize > 0 && x.JumpSize*x.TickVolatility() <= 0.1) {
			return x.errorf("jump size: got %g, want above 0 and at most 10 %% of the price", x.JumpSize)
		}
		return cmp.Or(x.checkVolatility(), x.checkEvery())
	case Crash, Boom:
		if !(x.SpikeSize > 0 && x.SpikeSize <= 0.01) {
			return x.errorf("spike size: got %g, want above 0, at most 0.01", x.SpikeSize)
		}
		return x.checkEvery()
	case Step:
		return x.checkStep()
	case Range:
		return cmp.Or(x.checkStep(), x.checkEvery(), x.checkRange())
	}
	return x.errorf("kind: got %d, want Walk, Jump, Crash, Boom, Step or Range", x.Kind)
}

func (x *Index) checkStep() error {
	if !(x.StepSize >= x.Unit() && x.StepSize <= x.Start/spread) || x.Round(x.StepSize) != x.StepSize {
		return x.errorf("step size: got %g, want a multiple of %g, at most %g", x.StepSize, x.Unit(), x.Start/spread)
	}
	return nil
}

// checkRange wants whole ranges and breakouts to be small beside the price.
func (x *Index) checkRange() error {
	switch {
	case x.RangeSteps < 2 || x.RangeSteps%2 != 0:
		return x.errorf("range steps: got %d, want an even number above 0", x.RangeSteps)
	case float64(x.RangeSteps+x.Every)*x.StepSize > x.Start/10:
		return x.errorf("range steps: got %d and a breakout of %d, want a tenth of the price at most", x.RangeSteps, x.Every-1)
	}
	return nil
}

func (x *Index) checkVolatility() error {
	if sd := x.TickVolatility(); !(sd > 0 && sd <= 0.1) {
		return x.errorf("volatility: got %g a year, want above 0 and at most 0.1 a tick", x.Volatility)
	}
	return nil
}

func (x *Index) checkEvery() error {
	if x.Every < 2 {
		return x.errorf("every: got %d ticks, want 2 or more", x.Every)
	}
	return nil
}

func (x *Index) errorf(format string, args ...any) error {
	return fmt.Errorf("index %q: %s", x.Name, fmt.Sprintf(format, args...))
}
