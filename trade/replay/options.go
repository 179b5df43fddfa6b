package replay

import (
	"fmt"
	"time"

	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/trade"
)

// Options of a market. Nil is fine, and so is every zero.
type Options struct {
	// Indices are what is traded; nil is all of price.Indices.
	Indices []price.Index
	// Payouts are what Rise and Fall pay; the first that fits counts. Where none does,
	// it is what package price/house says.
	Payouts []Payout
	// MinStake is 0.35 if 0, MaxPayout 50,000.
	MinStake, MaxPayout trade.Money
}

// Payout says what a Rise or Fall pays that wins.
type Payout struct {
	// Symbol and Kind are those of the contract; empty is any.
	Symbol string
	Kind   trade.Kind
	// MinTicks to MaxTicks, or MinDuration to MaxDuration, is how long it lives. Where
	// both of a pair are 0 it fits no contract of that unit, and where all four are, every
	// contract.
	MinTicks, MaxTicks       int
	MinDuration, MaxDuration time.Duration
	// Ratio is the payout over the stake, above 1 and at most 100.
	Ratio float64
}

func (p *Payout) fits(t *trade.Terms) bool {
	every := p.MinTicks == 0 && p.MaxTicks == 0 && p.MinDuration == 0 && p.MaxDuration == 0
	long := t.Ticks > 0 && p.MinTicks <= t.Ticks && t.Ticks <= p.MaxTicks ||
		t.Ticks == 0 && p.MinDuration <= t.Duration && t.Duration <= p.MaxDuration
	return (p.Symbol == "" || p.Symbol == t.Symbol) && (p.Kind == "" || p.Kind == t.Kind) && (every || long)
}

func (o *Options) filled() (Options, error) {
	var f Options
	if o != nil {
		f = *o
	}
	if f.Indices == nil {
		f.Indices = price.Indices()
	}
	if f.MinStake == 0 {
		f.MinStake = trade.Cents(35)
	}
	if f.MaxPayout == 0 {
		f.MaxPayout = 50_000 * trade.Unit
	}
	for i := range f.Indices {
		if err := f.Indices[i].Check(); err != nil {
			return f, fmt.Errorf("replay: %w", err)
		}
	}
	for i := range f.Payouts {
		if r := f.Payouts[i].Ratio; !(r > 1 && r <= 100) {
			return f, fmt.Errorf("replay: payout %d: ratio: got %v, want one above 1 and up to 100", i+1, r)
		}
	}
	return f, nil
}
