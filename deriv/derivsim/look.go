package derivsim

import (
	"math"

	"github.com/karlquant/quasar/deriv"
)

// look tells everything that there is to tell of a contract.
func (s *Sim) look(c *contract) deriv.OpenContract {
	bid, no := c.bid()
	ended := c.status != deriv.Open
	worth := bid
	if ended {
		worth = c.sold
	}
	profit := worth - c.stake
	o := deriv.OpenContract{
		ID: c.id, Type: c.ContractType, Symbol: c.Symbol, Currency: c.Currency, Shortcode: c.shortcode, Longcode: c.longcode(),
		Status: c.status, Sold: deriv.Flag(ended), Expired: deriv.Flag(ended && c.status != deriv.SoldEarly),
		Settleable: deriv.Flag(ended), CanSell: deriv.Flag(no == nil && !ended), BuyPrice: c.stake, Bid: new(worth),
		Payout: new(c.payout), Profit: new(profit), ProfitPercentage: new(math.Round(10_000*profit.Float()/c.stake.Float()) / 100),
		Purchased: c.bought, Start: c.bought, Expiry: c.expiry, ExpiryTime: c.expiry, Settlement: c.expiry,
		Entry: c.entry.price, EntryTime: deriv.Epoch(c.entry.epoch), Current: c.current.price, CurrentTime: deriv.Epoch(c.current.epoch),
		Multiplier: c.Multiplier, GrowthRate: c.GrowthRate,
		Transactions: deriv.Transactions{Buy: c.buyTransaction, Sell: c.sellTransaction},
	}
	if no != nil && !ended {
		o.ValidationError, o.ValidationErrorCode = no.Message, no.Code
	}
	if ended {
		o.SellPrice, o.SellTime, o.Exit, o.ExitTime = new(c.sold), c.soldAt, c.exit.price, deriv.Epoch(c.exit.epoch)
		o.Settlement = c.soldAt
	}
	c.lookFurther(&o)
	return o
}

// lookFurther adds what only one family has.
func (c *contract) lookFurther(o *deriv.OpenContract) {
	switch c.family {
	case riseFall:
		o.Barrier = c.entry.price
		o.TickCount = deriv.Count(c.ticks)
	case multiplierFamily:
		o.Commission, o.LimitOrder = new(c.commission), c.limitOrder(c.entry.price)
	case accumulatorFamily:
		o.LimitOrder, o.TickCount = c.limitOrder(c.entry.price), deriv.Count(c.maxTicks)
	}
	if c.ticks == 0 && c.family != accumulatorFamily {
		return
	}
	o.TickPassed = deriv.Count(c.passed)
	for _, t := range c.stream {
		o.Ticks = append(o.Ticks, deriv.TickPoint{Epoch: deriv.Epoch(t.epoch), Tick: t.price})
	}
}
