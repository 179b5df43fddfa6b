package trade

import (
	"errors"
	"fmt"
	"math"
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

// Terms says what to buy, or why nothing fits.
func (c *Chooser) Terms(f *Facts) (Terms, error) {
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
		t.Duration = 0
		// On an index that moves by one step each tick the price is often where it was
		// after an even number of them, and a tie loses.
		if t.Ticks%2 == 0 && strings.HasPrefix(strings.ToUpper(in.Symbol), "STPRNG") {
			t.Ticks++
		}
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

func (c *Chooser) multiply(side Side, in *Instrument, stake Money) (Terms, error) {
	t := Terms{Symbol: in.Symbol, Kind: MultiUp, Stake: stake, Multiplier: c.Multiplier}
	if side == Sell {
		t.Kind = MultiDown
	}
	if len(in.Multipliers) == 0 {
		return Terms{}, fmt.Errorf("%s: no multiplier is offered", in.Symbol)
	}
	if t.Multiplier == 0 {
		t.Multiplier = in.Multipliers[0]
	}
	if !slices.Contains(in.Multipliers, t.Multiplier) {
		return Terms{}, fmt.Errorf("%s: got the multiplier %v, want one of %v", in.Symbol, t.Multiplier, in.Multipliers)
	}
	t.StopLoss, t.TakeProfit = stake.Share(or(c.StopLoss, 0.5)), stake.Share(or(c.TakeProfit, 1))
	return t, nil
}

func or(value, zero float64) float64 {
	if value == 0 {
		return zero
	}
	return value
}

// SizingMode says how a stake is found.
type SizingMode string

// The modes.
const (
	Fixed SizingMode = "fixed" // always Stake
	Share SizingMode = "share" // Part of the balance
	// Kelly is what the criterion of Kelly (1956) gives for the lower end of the
	// interval of the win rate on the asset, at most Part of the balance. It buys
	// nothing until that end earns something.
	Kelly SizingMode = "kelly"
)

// Sizing finds the stake of a contract, in whole cents, rounded down.
type Sizing struct {
	Mode SizingMode // "" is Fixed
	// Stake is that of Fixed, and the most of the others if it is not 0.
	Stake Money
	// Part is a share of the balance, 0 to 1.
	Part float64
	// Payout is what a stake of 1 is taken to pay by Kelly, 0 for 1.954.
	Payout float64
}

// Check says what is wrong with a sizing.
func (s *Sizing) Check() error {
	switch s.Mode {
	case "", Fixed:
		if s.Stake <= 0 {
			return fmt.Errorf("stake: got %s, want more than 0", s.Stake)
		}
		return nil
	case Share, Kelly:
		if !(s.Part > 0 && s.Part <= 1) || s.Stake < 0 {
			return fmt.Errorf("share of the balance: got %v, want above 0 to 1", s.Part)
		}
		return nil
	}
	return fmt.Errorf("sizing: got %.20q, want fixed, share or kelly", s.Mode)
}

var errNoEdge = errors.New("kelly: the lower end of the win rate earns nothing yet")

// Next is what the next contract costs, by what the facts say of the balance and of
// the past. After a loss it is no higher than what was lost.
func (s *Sizing) Next(f *Facts) (Money, error) {
	stake := s.Stake
	switch s.Mode {
	case Share:
		stake = f.Ledger.Balance().Share(s.Part)
	case Kelly:
		part := min(s.Part, s.kelly(f))
		if part <= 0 {
			return 0, errNoEdge
		}
		stake = f.Ledger.Balance().Share(part)
	}
	if s.Mode != "" && s.Mode != Fixed {
		if s.Stake > 0 {
			stake = min(stake, s.Stake)
		}
		if last := f.Ledger.history(f.Now).lastLoss(); last > 0 {
			stake = min(stake, last)
		}
	}
	stake = stake / Cents(1) * Cents(1)
	if f.Instrument != nil {
		stake = max(stake, f.Instrument.MinStake)
	}
	return stake, nil
}

// enough is how many contracts an asset must have had before its win rate counts.
const enough = 30

// kelly is the share of the balance that maximises its growth, f = p - (1-p)/b, at the
// lower end p of the Wilson interval of the win rate; b is what a won stake of 1 earns.
func (s *Sizing) kelly(f *Facts) float64 {
	n, won := 0, 0
	for _, o := range f.Ledger.Orders() {
		if o.Settlement != nil && o.Asset() == f.Signal.Asset && !o.Kind().Multiplies() {
			n++
			if o.Profit() > 0 {
				won++
			}
		}
	}
	if n < enough {
		return 0
	}
	p, b := wilsonLow(won, n), or(s.Payout, 1.954)-1
	return p - (1-p)/b
}

// wilsonLow is the lower end of the 95 % interval of Wilson (1927).
func wilsonLow(won, n int) float64 {
	const z = 1.959963984540054
	p, m := float64(won)/float64(n), float64(n)
	return (p + z*z/(2*m) - z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))) / (1 + z*z/m)
}
