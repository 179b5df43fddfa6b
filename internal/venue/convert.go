package venue

import (
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/trade"
)

// contract is a contract as its stream tells it.
func contract(c *deriv.OpenContract) trade.Contract {
	out := trade.Contract{
		ID: int64(c.ID), Symbol: c.Symbol, Kind: trade.Kind(c.Type), Transaction: int64(c.Transactions.Buy), Price: trade.Money(c.BuyPrice),
		Purchased: moment(c.Purchased), Expiry: moment(c.Expiry), Shortcode: c.Shortcode, Sellable: bool(c.CanSell),
	}
	if c.Payout != nil && !out.Kind.Multiplies() {
		out.Payout = trade.Money(*c.Payout)
	}
	if c.Bid != nil {
		out.Bid = new(trade.Money(*c.Bid))
	}
	if c.Settled() {
		out.Settlement = settlement(c)
	}
	return out
}

func settlement(c *deriv.OpenContract) *trade.Settlement {
	s := &trade.Settlement{Result: trade.Result(c.Status), Transaction: int64(c.Transactions.Sell), At: moment(c.SellTime)}
	if c.SellPrice != nil {
		s.Brought = trade.Money(*c.SellPrice)
	}
	if s.At.IsZero() {
		s.At = moment(c.ExitTime)
	}
	if c.Entry != 0 {
		s.Entry = new(c.Entry.Float())
	}
	if c.Exit != 0 {
		s.Exit = new(c.Exit.Float())
	}
	return s
}

// moment is zero for no time.
func moment(e deriv.Epoch) time.Time {
	if e == 0 {
		return time.Time{}
	}
	return e.Time()
}

// holding is an open contract as a portfolio tells it.
func holding(h *deriv.Holding) trade.Contract {
	c := trade.Contract{
		ID: int64(h.Contract), AppID: h.AppID, Symbol: h.Symbol, Kind: trade.Kind(h.Type), Transaction: int64(h.Transaction),
		Price: trade.Money(h.BuyPrice), Purchased: moment(h.Purchased), Expiry: moment(h.ExpiryTime), Shortcode: h.Shortcode,
	}
	if !c.Kind.Multiplies() {
		c.Payout = trade.Money(h.Payout)
	}
	return c
}

// finished is a contract that has ended as a profit table tells it.
func finished(f *deriv.Finished, sells map[int64]int64) trade.Contract {
	c := trade.Contract{
		ID: int64(f.Contract), AppID: f.AppID, Symbol: f.Symbol, Kind: kindOf(f.Shortcode), Transaction: int64(f.Transaction),
		Price: trade.Money(f.BuyPrice), Purchased: moment(f.Purchased), Shortcode: f.Shortcode,
	}
	if !c.Kind.Multiplies() {
		c.Payout = trade.Money(f.Payout)
	}
	c.Settlement = &trade.Settlement{
		Result: result(&c, trade.Money(f.SellPrice)), Transaction: sells[c.ID], Brought: trade.Money(f.SellPrice), At: moment(f.SellTime),
	}
	return c
}

// result is how a contract ended, by what it brought.
func result(c *trade.Contract, brought trade.Money) trade.Result {
	switch {
	case brought == 0:
		return trade.Lost
	case brought == c.Payout && c.Payout > 0:
		return trade.Won
	}
	return trade.Sold
}

// movement is a row of the statement. What a buy took is below 0 whatever the venue's
// sign.
func movement(m *deriv.Movement) trade.Movement {
	return trade.Movement{
		Transaction: int64(m.Transaction), Action: m.Action, Amount: signed(m.Action, m.Amount), Balance: trade.Money(m.BalanceAfter),
		Contract: int64(m.Contract), AppID: m.AppID, At: moment(m.Time),
	}
}

func signed(action string, amount deriv.Money) trade.Money {
	switch {
	case action == "buy" && amount > 0, action == "sell" && amount < 0:
		return -trade.Money(amount)
	}
	return trade.Money(amount)
}
