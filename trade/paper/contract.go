package paper

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/karlquant/quasar/trade"
)

// contract is one that was bought. It begins with the first tick after Purchased.
type contract struct {
	trade.Contract
	terms      trade.Terms
	commission trade.Money

	entry, last trade.Tick // their times are zero while there is none
	passed      int        // ticks after the entry
	selling     time.Time  // when a sell arrives, zero for never
}

// silence is the longest time between two ticks in the life of a Rise or Fall. What is
// beyond it nobody knows, and the stake is given back.
const silence = time.Minute

// tick brings the contract on by a tick, and returns how it ended, nil if it has not.
// After a gap it is not known whether others came before.
func (c *contract) tick(t trade.Tick, gap bool) *trade.Settlement {
	if !t.At.After(c.Purchased) || !t.At.After(c.last.At) {
		return nil
	}
	if !c.Kind.Multiplies() {
		return c.riseOrFall(t, gap)
	}
	if gap && c.entry.At.IsZero() {
		return c.end(trade.Cancelled, c.Price, t.At)
	}
	return c.multiply(t)
}

// riseOrFall lasts a number of ticks after its entry, or until the last tick at its
// expiry.
func (c *contract) riseOrFall(t trade.Tick, gap bool) *trade.Settlement {
	before := c.last.At
	if before.IsZero() {
		before = c.Purchased
	}
	over := c.terms.Ticks == 0 && t.At.After(c.Expiry)
	switch {
	case gap, t.At.Sub(before) > silence, over && c.entry.At.IsZero():
		return c.end(trade.Cancelled, c.Price, t.At)
	case over:
		return c.decide(c.Expiry)
	}
	c.take(t)
	if c.terms.Ticks > 0 && c.passed == c.terms.Ticks {
		return c.decide(t.At)
	}
	return nil
}

// take enters with the first tick and counts the others.
func (c *contract) take(t trade.Tick) {
	c.last = t
	if c.entry.At.IsZero() {
		c.entry = t
		return
	}
	c.passed++
}

// decide compares the last tick with the entry: a tie loses.
func (c *contract) decide(at time.Time) *trade.Settlement {
	move := (c.last.Price - c.entry.Price) * float64(c.Kind.Side())
	if move > 0 {
		return c.end(trade.Won, c.Payout, at)
	}
	return c.end(trade.Lost, 0, at)
}

// multiply ends at a limit or by a sell, for what it is worth at that tick.
func (c *contract) multiply(t trade.Tick) *trade.Settlement {
	c.take(t)
	worth := c.worth()
	profit := worth - c.Price
	stop := c.terms.StopLoss
	if stop <= 0 || stop > c.Price {
		stop = c.Price
	}
	switch {
	case -profit >= stop:
		return c.end(trade.Lost, worth, t.At)
	case c.terms.TakeProfit > 0 && profit >= c.terms.TakeProfit:
		return c.end(trade.Won, worth, t.At)
	case !c.selling.IsZero() && t.At.After(c.selling):
		return c.end(trade.Sold, worth, t.At)
	}
	return nil
}

// worth is the stake and its profit: stake × multiplier × the price's change, less
// the commission, and nothing below 0.
func (c *contract) worth() trade.Money {
	change := (c.last.Price/c.entry.Price - 1) * float64(c.Kind.Side())
	return max(0, c.Price-c.commission+floorCents(c.Price.Float()*c.terms.Multiplier*change))
}

// most is beyond every stake, so that amounts beyond it mean no more than it.
const most = 1e9

// floorCents rounds a computed amount down to a hundredth, but for what is only the
// noise of a float.
func floorCents(x float64) trade.Money {
	x = max(-most, min(x, most))
	return trade.Cents(int64(math.Floor(math.Round(x*1e8) / 1e6)))
}

func (c *contract) end(result trade.Result, brought trade.Money, at time.Time) *trade.Settlement {
	s := &trade.Settlement{Result: result, Brought: brought, At: at}
	if !c.entry.At.IsZero() && result != trade.Cancelled {
		s.Entry, s.Exit = new(c.entry.Price), new(c.last.Price)
	}
	return s
}

// told is the contract as others may keep it.
func (c *contract) told() *trade.Contract {
	out := c.Contract
	out.Sellable = c.sellable()
	if out.Sellable {
		out.Bid = new(c.worth())
	}
	if c.Settlement != nil {
		out.Settlement = new(*c.Settlement)
	}
	return &out
}

// sellable tells whether there is a price: of a Rise or Fall there is none before
// its end.
func (c *contract) sellable() bool {
	return c.Kind.Multiplies() && !c.entry.At.IsZero() && c.Settlement == nil
}

// shortcode describes a contract in the venue's form.
func shortcode(t *trade.Terms, payout trade.Money, start time.Time) string {
	symbol := strings.ToUpper(t.Symbol)
	switch {
	case t.Kind.Multiplies():
		return fmt.Sprintf("%s_%s_%s_%v_%d_0_0_%s_%s", t.Kind, symbol, t.Stake, t.Multiplier, start.Unix(), t.TakeProfit, t.StopLoss)
	case t.Ticks > 0:
		return fmt.Sprintf("%s_%s_%s_%d_%dT_S0P_0", t.Kind, symbol, payout, start.Unix(), t.Ticks)
	}
	return fmt.Sprintf("%s_%s_%s_%d_%d_S0P_0", t.Kind, symbol, payout, start.Unix(), start.Add(t.Duration).Unix())
}
