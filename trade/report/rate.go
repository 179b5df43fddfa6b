package report

import (
	"math"

	"gonum.org/v1/gonum/mathext"

	"github.com/karlquant/quasar/trade"
)

// z95 is the 0.975 quantile of the normal distribution.
const z95 = 1.959963984540054

// wilson is the interval of a share (Wilson 1927): the rates from which the observed
// one is less than 1.96 standard deviations away, (p + z²/2n ± z sqrt(p(1-p)/n +
// z²/4n²)) / (1 + z²/n). Want n above 0.
func wilson(won, n int) WinRate {
	p, m := float64(won)/float64(n), float64(n)
	middle := p + z95*z95/(2*m)
	half := z95 * math.Sqrt(p*(1-p)/m+z95*z95/(4*m*m))
	scale := 1 + z95*z95/m
	return WinRate{Rate: p, Low: max(0, (middle-half)/scale), High: min(1, (middle+half)/scale)}
}

// count counts results, and what they say of the win rate.
func (row *Row) count(ended []*bet) {
	even, coins := 0.0, 0
	for _, b := range ended {
		switch result := b.order.Settlement.Result; {
		case result == trade.Cancelled:
			row.Cancelled++
		case b.order.Kind().Multiplies():
			row.Multiplied++
		case result == trade.Won:
			row.Won++
		case result == trade.Lost:
			row.Lost++
			if b.tie() {
				row.Ties++
			}
		default:
			row.Sold++
		}
		if b.coin() {
			even += b.price / b.payout
			coins++
		}
	}
	if n := row.Won + row.Lost; n > 0 {
		row.WinRate = new(wilson(row.Won, n))
	}
	if coins > 0 {
		row.BreakEven = new(even / float64(coins))
	}
}

// tie tells whether it is known to have ended at the price that it began with.
func (b *bet) tie() bool {
	s := b.order.Settlement
	return s.Entry != nil && s.Exit != nil && *s.Entry == *s.Exit
}

// positive is how likely the true expectancy is above 0, by a beta distribution that
// began as that of Jeffreys. An order that brought the part y of the most that it could
// bring counts as y wins and 1 - y losses (Agrawal and Goyal 2012, section 1.2, with the
// coin flip replaced by its mean): with contracts that win or lose it is the posterior
// of the win rate at the break-even rate. Nil if there is an order of which the most is
// not known.
func positive(ended []*bet) *float64 {
	won, lost, even, n := 0.5, 0.5, 0.0, 0
	for _, b := range ended {
		if b.void() {
			continue
		}
		most := b.most()
		if most <= 0 {
			return nil
		}
		y := min(max((b.price+b.profit)/most, 0), 1)
		won, lost, even, n = won+y, lost+1-y, even+b.price/most, n+1
	}
	if n == 0 {
		return nil
	}
	even = min(even/float64(n), 1)
	return new(1 - mathext.RegIncBeta(won, lost, even))
}

// most is what an order could bring at most, 0 for not known.
func (b *bet) most() float64 {
	switch take := b.order.Intent.Quote.TakeProfit; {
	case b.coin():
		return b.payout
	case take > 0:
		return b.price + take.Float()
	}
	return 0
}
