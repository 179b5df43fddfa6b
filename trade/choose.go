package trade

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Chooser chooses what to buy for a signal: Rise or Fall where the venue offers it, and
// else a contract that multiplies, with a stop loss and a take profit that the venue
// keeps watch over. Its Terms are for Options.
type Chooser struct {
	Sizing Sizing
	// Ticks is how many ticks a Rise or Fall lives; 0 is Duration, and 5 if that is 0
	// too.
	Ticks    int
	Duration time.Duration
	// Multiplier is that of contracts that multiply, 0 for the smallest offered.
	Multiplier float64
	// StopLoss and TakeProfit are shares of the stake, 0 for a half and for 1.
	StopLoss, TakeProfit float64
}

// Check says what is wrong with a chooser.
func (c *Chooser) Check() error {
	switch {
	case c.Ticks < 0 || c.Duration < 0 || c.Ticks > 0 && c.Duration > 0:
		return fmt.Errorf("ticks, duration: got %d and %v, want one of them above 0, or none", c.Ticks, c.Duration)
	case !finite(c.Multiplier):
		return fmt.Errorf("multiplier: got %v, want above 0, or 0 for the smallest", c.Multiplier)
	case !(c.StopLoss >= 0 && c.StopLoss <= 1):
		return fmt.Errorf("stop-loss: got %v, want a share of the stake, above 0 to 1", c.StopLoss)
	case !finite(c.TakeProfit):
		return fmt.Errorf("take-profit: got %v, want a share of the stake above 0", c.TakeProfit)
	}
	return c.Sizing.Check()
}

// Terms says what to buy, or why nothing fits.
func (c *Chooser) Terms(f *Facts) (Terms, error) {
	if f.Instrument == nil {
		return Terms{}, fmt.Errorf("%s: nothing is known of what is offered", f.Signal.Asset)
	}
	stake, err := c.Sizing.Next(f)
	if err != nil {
		return Terms{}, err
	}
	switch in := f.Instrument; {
	case in.RiseFall:
		return c.riseOrFall(f.Signal.Side, in, stake)
	case in.Multiply:
		return c.multiply(f.Signal.Side, in, stake)
	}
	return Terms{}, fmt.Errorf("%s: neither Rise and Fall nor multipliers are offered", f.Instrument.Symbol)
}

func (c *Chooser) riseOrFall(side Side, in *Instrument, stake Money) (Terms, error) {
	t := Terms{Symbol: in.Symbol, Kind: Rise, Stake: stake, Ticks: c.Ticks, Duration: c.Duration}
	if side == Sell {
		t.Kind = Fall
	}
	if t.Ticks == 0 && t.Duration == 0 {
		t.Ticks = 5
	}
	if t.Ticks > 0 {
		t.Ticks = untied(t.Ticks, in)
		if t.Ticks < in.MinTicks || t.Ticks > in.MaxTicks {
			return Terms{}, fmt.Errorf("%s: got %d ticks, want %d to %d", in.Symbol, t.Ticks, in.MinTicks, in.MaxTicks)
		}
		return t, nil
	}
	if t.Duration < in.MinDuration || t.Duration > in.MaxDuration {
		return Terms{}, fmt.Errorf("%s: got a duration of %v, want %v to %v", in.Symbol, t.Duration, in.MinDuration, in.MaxDuration)
	}
	return t, nil
}

// untied makes an even number of ticks odd on an index that moves by one step up or
// down each tick: after an even number the price is often where it was (after two, half
// of the time), and a tie loses. One more if that is offered, else one fewer.
func untied(ticks int, in *Instrument) int {
	if ticks%2 != 0 || !strings.HasPrefix(strings.ToUpper(in.Symbol), "STPRNG") {
		return ticks
	}
	if ticks+1 > in.MaxTicks {
		return ticks - 1
	}
	return ticks + 1
}

func (c *Chooser) multiply(side Side, in *Instrument, stake Money) (Terms, error) {
	t := Terms{Symbol: in.Symbol, Kind: MultiUp, Stake: stake, Multiplier: c.Multiplier}
	if side == Sell {
		t.Kind = MultiDown
	}
	if len(in.Multipliers) == 0 {
		return Terms{}, fmt.Errorf("%s: no multiplier is offered", in.Symbol)
	}
	if t.Multiplier == 0 {
		t.Multiplier = slices.Min(in.Multipliers)
	}
	if !slices.Contains(in.Multipliers, t.Multiplier) {
		return Terms{}, fmt.Errorf("%s: got the multiplier %v, want one of %v", in.Symbol, t.Multiplier, in.Multipliers)
	}
	t.StopLoss, t.TakeProfit = stake.Share(or(c.StopLoss, 0.5)), stake.Share(or(c.TakeProfit, 1))
	if t.StopLoss <= 0 || t.TakeProfit <= 0 {
		return Terms{}, fmt.Errorf("%s: a stake of %s has a stop loss of %s and a take profit of %s, want at least a cent each", in.Symbol, stake, t.StopLoss, t.TakeProfit)
	}
	return t, nil
}

func or(value, zero float64) float64 {
	if value == 0 {
		return zero
	}
	return value
}
