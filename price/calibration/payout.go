package calibration

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Contract is a kind of contract with a fixed payout.
type Contract struct {
	// Type is the venue's: "CALL".
	Type string `json:"contract_type"`
	// Duration is counted in Unit: t (ticks), s, m, h or d.
	Duration int    `json:"duration"`
	Unit     string `json:"unit"`
}

// Payout is what one of them paid.
type Payout struct {
	Contract
	// Ratio is the payout over the stake.
	Ratio *Estimate `json:"ratio"`
}

// ratios sums up those of one contract.
type ratios struct {
	sample
	coarse float64 // the sum of what rounding leaves open
}

// units are those of durations.
var units = []string{"t", "s", "m", "h", "d"}

func (k *Contract) check() error {
	if k.Type == "" || len(k.Type) > 40 || k.Duration < 1 || !slices.Contains(units, k.Unit) {
		return fmt.Errorf("contract: got %.40q of %d %.10q, want a type and a duration in %v", k.Type, k.Duration, k.Unit, units)
	}
	return nil
}

// Quote takes in what a contract costs and what it pays if it wins. Cent is what the
// payout was rounded to: 0.01. An error says what cannot be; the collector can be used
// as before.
func (c *Collector) Quote(symbol string, k Contract, stake, payout, cent float64) error {
	if err := k.check(); err != nil {
		return fmt.Errorf("calibration: quote of %.40q: %w", symbol, err)
	}
	ratio := payout / stake
	if symbol == "" || !(stake > 0) || !(ratio > 0) || math.IsInf(ratio, 0) || !(cent > 0 && cent <= stake) {
		return fmt.Errorf("calibration: quote of %.40q: got a stake of %v and a payout of %v, want numbers above 0", symbol, stake, payout)
	}
	one := c.of(symbol)
	if one.payouts[k] == nil {
		one.payouts[k] = &ratios{}
	}
	one.payouts[k].add(ratio)
	one.payouts[k].coarse += cent / stake / 2
	return nil
}

// leastQuotes is from how many on a payout is told.
const leastQuotes = 10

// measurePayouts tells the mean ratios. The interval is that of the mean, and wider by
// half of what the payout was rounded to, which no number of quotes makes smaller.
func measurePayouts(payouts map[Contract]*ratios, out *Symbol) {
	for _, k := range slices.SortedFunc(maps.Keys(payouts), compareContracts) {
		r := payouts[k]
		e := around(r.mean, r.se(), r.n)
		e.Low -= r.coarse / float64(r.n)
		e.High += r.coarse / float64(r.n)
		name := fmt.Sprintf("payout of %s of %d%s", k.Type, k.Duration, k.Unit)
		switch {
		case r.n < leastQuotes:
			out.refuse(name, "got %d quotes, want %d: %d more", r.n, leastQuotes, leastQuotes-r.n)
		case !validRatio(r.mean):
			out.refuse(name, "got %.4g times the stake, want more than the stake and at most 100 times", r.mean)
		default:
			out.Payouts = append(out.Payouts, Payout{Contract: k, Ratio: e})
		}
	}
}

func validRatio(x float64) bool { return x > 1 && x <= 100 }

func compareContracts(a, b Contract) int {
	unit := func(k Contract) int { return slices.Index(units, k.Unit) }
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(unit(a), unit(b)), cmp.Compare(a.Duration, b.Duration))
}
