package derivsim

import "github.com/karlquant/quasar/deriv"

// worth is what a multiplier would be sold for: its stake and its profit, which
// is stake × multiplier × the price's change less the commission, and nothing
// below 0.
func (c *contract) worth() deriv.Money {
	change := c.current.price.Float()/c.entry.price.Float() - 1
	if c.ContractType == "MULTDOWN" {
		change = -change
	}
	profit := floorMoney(c.stake.Float()*c.Multiplier*change, deriv.CurrencyDecimals(c.Currency)) - c.commission
	return max(0, c.stake+profit)
}

// multiply closes a multiplier whose profit or loss has come to one of its
// limits, for what it is worth now: a price that leaps goes through them.
func (c *contract) multiply() (deriv.Status, deriv.Money) {
	worth := c.worth()
	profit := worth - c.stake
	switch take := c.takeProfit(); {
	case -profit >= stopLoss(c.LimitOrder, c.stake):
		return deriv.Lost, worth
	case take > 0 && profit >= take:
		return deriv.Won, worth
	}
	return deriv.Open, 0
}
