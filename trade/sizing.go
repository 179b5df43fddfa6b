package trade

import (
	"errors"
	"fmt"
	"math"
)

// SizingMode says how a stake is found.
type SizingMode string

// The modes.
const (
	Fixed SizingMode = "fixed" // always Stake
	Share SizingMode = "share" // Part of the balance
	// Kelly is what the criterion of Kelly (1956) gives for the lower end of what is
	// known of the win rate on the asset, at most Part of the balance. It buys nothing
	// until that end earns something.
	Kelly SizingMode = "kelly"
)

// Sizing finds the stake of a contract, in whole cents, rounded down.
type Sizing struct {
	Mode SizingMode // "" is Fixed
	// Stake is that of Fixed, and the most of the others if it is not 0.
	Stake Money
	// Part is a share of the balance, above 0 to 1; not for Fixed.
	Part float64
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
			return fmt.Errorf("share of the balance: got %v, at most %s; want above 0 to 1, and no less than 0", s.Part, s.Stake)
		}
		return nil
	}
	return fmt.Errorf("sizing: got %.20q, want fixed, share or kelly", s.Mode)
}

// errNoEdge refuses a stake of Kelly's.
var errNoEdge = errors.New("kelly: the lower end of the win rate earns nothing yet")

// Next is what the next contract costs, by what the facts say of the balance, of the
// limits and of the past. It is the same stake each time for Fixed; what is found
// otherwise is never above a limit, nor, after a loss, above what was lost. It is an
// error if that is less than the venue takes: a stake is never rounded up.
func (s *Sizing) Next(f *Facts) (Money, error) {
	stake := s.Stake
	if s.Mode != "" && s.Mode != Fixed {
		var err error
		if stake, err = s.part(f); err != nil {
			return 0, err
		}
	}
	stake = stake / Cents(1) * Cents(1)
	least := Cents(1)
	if f.Instrument != nil {
		least = max(least, f.Instrument.MinStake)
	}
	if stake < least {
		return 0, fmt.Errorf("stake: got %s, want at least %s", stake, least)
	}
	return stake, nil
}

// part is a share of the balance, within all that bounds it.
func (s *Sizing) part(f *Facts) (Money, error) {
	part := s.Part
	if s.Mode == Kelly {
		part = min(part, kelly(f.Ledger.past.assets[f.Signal.Asset]))
	}
	if !(part > 0) {
		return 0, errNoEdge
	}
	balance := f.Ledger.Balance()
	stake := balance.Share(part)
	if s.Stake > 0 {
		stake = min(stake, s.Stake)
	}
	if lost := f.Ledger.past.lost; lost > 0 {
		stake = min(stake, lost)
	}
	if l := f.Limits; l != nil {
		stake = min(stake, l.MaxStake, balance.Share(l.MaxStakeShare))
	}
	return stake, nil
}

// kelly is the share of the balance that maximises its growth, p - (1-p)/b (Kelly
// 1956), at the lower end p of what is known of the win rate; b is what a stake of 1
// that is won has earned on average.
func kelly(t *tally) float64 {
	if t == nil || t.price <= 0 || t.payout <= t.price {
		return 0
	}
	p, b := atLeastWon(t.won, t.n), t.payout.Float()/t.price.Float()-1
	return p - (1-p)/b
}

// wrong is the chance that the win rate is ever below its lower end.
const wrong = 0.05

// atLeastWon is the lower end of a confidence sequence for the rate of so many wins:
// the rates at which Beta(1, 1) would not have gained 1/wrong by betting against them
// (Robbins 1970). It may be looked at after each contract, which an interval for one
// look may not: a stake is found each time anew, and luck would be picked.
func atLeastWon(won, n int) float64 {
	if won <= 0 || n < won {
		return 0
	}
	k, m := float64(won), float64(n)
	a, _ := math.Lgamma(k + 1)
	b, _ := math.Lgamma(m - k + 1)
	c, _ := math.Lgamma(m + 2)
	least := a + b - c + math.Log(wrong) // of the likelihood, above which a rate is in
	low, high := 0.0, k/m
	for range 60 {
		p := (low + high) / 2
		likelihood := k * math.Log(p)
		if won < n {
			likelihood += (m - k) * math.Log1p(-p)
		}
		if likelihood > least {
			high = p
		} else {
			low = p
		}
	}
	return low
}
