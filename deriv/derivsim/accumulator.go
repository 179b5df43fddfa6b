package derivsim

import (
	"math"

	"github.com/karlquant/quasar/deriv"
)

// accumulate lets an accumulator grow if the price has stayed in its corridor
// around the tick before, or ends it: lost outside, won at its take profit, at
// the highest payout or after its last tick.
func (c *contract) accumulate(previous tick) (deriv.Status, deriv.Money) {
	low, high := c.corridor(previous.price)
	if c.current.price <= low || c.current.price >= high {
		return deriv.Lost, 0
	}
	grown := c.stake.Float() * math.Pow(1+c.GrowthRate, float64(c.passed))
	c.value = min(floorMoney(grown, deriv.CurrencyDecimals(c.Currency)), c.maxPayout)
	switch take := c.takeProfit(); {
	case take > 0 && c.value-c.stake >= take, c.passed >= c.maxTicks, c.value >= c.maxPayout:
		return deriv.Won, c.value
	}
	return deriv.Open, 0
}
