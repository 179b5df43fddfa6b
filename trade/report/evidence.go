package report

import (
	"time"

	"github.com/karlquant/quasar/bandit"
)

// level is the chance that any interval of expectancies of a report is ever wrong.
const level = 0.05

// The least and the most that a price of 1 brings. No contract loses more than it
// costs; one that wins more than ten times that counts as ten, which can only make a
// claim rarer.
const (
	leastReturn = -1
	mostReturn  = 10
)

// expectancy is the mean return and its interval. Orders bet in the order in which they
// were bought: which of them count is known before how they end.
func expectancy(all, ended []*bet, alpha float64) *Expectancy {
	gate, err := bandit.NewGate(&bandit.GateOptions{Alpha: alpha, Low: leastReturn, High: mostReturn})
	if len(ended) == 0 || err != nil {
		return nil
	}
	e := &Expectancy{Counted: len(ended)}
	for _, b := range ended {
		e.Mean += b.returned() / float64(len(ended))
	}
	until := make(map[string]time.Time) // when what counts on an index has ended
	waiting := false
	for _, b := range all {
		symbol := b.order.Symbol()
		switch {
		case !b.settled():
			waiting = true
		case waiting:
			e.Waiting++
		case b.bought().Before(until[symbol]):
			e.Overlapping++
		default:
			gate.Observe(b.returned())
			until[symbol] = b.ended()
		}
	}
	e.Counted -= e.Waiting + e.Overlapping
	e.Low, e.High = gate.Bounds()
	e.High = max(e.Low, min(e.High, best(ended)))
	return e
}

// best is the most that a price of 1 can have brought on average: no mean is above the
// best return that was for sale. Of what multiplies that is not known, for a price can
// leap over a take profit.
func best(ended []*bet) float64 {
	most := float64(leastReturn)
	for _, b := range ended {
		if b.payout == 0 {
			return mostReturn
		}
		most = max(most, b.payout/b.price-1)
	}
	return most
}
