package derivsim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/price/house"
)

// contract is one that was bought.
type contract struct {
	terms
	id              deriv.ContractID
	account         *account
	app             int64
	shortcode       string
	bought          deriv.Epoch
	expiry          deriv.Epoch
	buyTransaction  deriv.TransactionID
	sellTransaction deriv.TransactionID

	entry, current, exit tick // their epoch is 0 while there is none
	passed               int  // ticks after the entry
	stream               []tick
	value                deriv.Money // of an accumulator

	status    deriv.Status
	sold      deriv.Money
	soldAt    deriv.Epoch
	injected  bool // bought by a fault
	silent    bool // a fault: only the transaction tells of the end
	followers []*stream
}

// keptTicks is how much of a contract's ticks is told; those of a tick contract
// are all.
const keptTicks = 11

// open makes a contract and pays for it. The caller has checked the terms.
func (s *Sim) open(a *account, app int64, t *terms) *contract {
	c := &contract{
		terms: *t, id: s.ids.nextContract(), account: a, app: app, bought: deriv.Epoch(s.at / second),
		current: t.symbol.last(), status: deriv.Open,
	}
	c.expiry = c.expected()
	c.shortcode = c.code()
	if c.family == multiplierFamily {
		c.enter(c.current) // on the current tick; the others on the next
	}
	s.watch(t.symbol)
	t.symbol.open = append(t.symbol.open, c)
	a.contracts[c.id] = c
	a.open = append(a.open, c)
	c.buyTransaction = s.move(a, "buy", -c.stake, app, c)
	if c.length > 0 {
		s.timers.set(int64(c.expiry)*second, func() { s.expire(c) })
		s.wake()
	}
	c.silent = s.faults.happens(SettlementByTransaction, c.occasion("buy"))
	return c
}

// farAway is the expiry of what has none: in the venue's codes it is a hundred
// years off.
const farAway = 100 * 365 * 86400

// expected is when the contract ends, or about when if its ticks decide.
func (c *contract) expected() deriv.Epoch {
	switch {
	case c.length > 0:
		return c.bought + deriv.Epoch(c.length)
	case c.ticks > 0:
		return c.bought + deriv.Epoch(int64(c.ticks)*c.symbol.interval)
	}
	return c.bought + farAway
}

// code is the contract in the venue's fixed form.
func (c *contract) code() string {
	symbol := strings.ToUpper(c.Symbol)
	switch c.family {
	case multiplierFamily:
		return fmt.Sprintf("%s_%s_%v_%s_%d_%d_0_%v_%v", c.ContractType, symbol, c.stake, number(c.Multiplier), c.bought, c.expiry, c.takeProfit(), c.stopAmount())
	case accumulatorFamily:
		return fmt.Sprintf("ACCU_%s_%v_%v_%s_1_%s_%d", symbol, c.stake, c.takeProfit(), number(c.GrowthRate), number(c.barrier), c.bought)
	}
	end := fmt.Sprint(c.expiry)
	if c.ticks > 0 {
		end = fmt.Sprintf("%dT", c.ticks)
	}
	return fmt.Sprintf("%s_%s_%v_%d_%s_S0P_0", c.ContractType, symbol, c.payout, c.bought, end)
}

func (c *contract) takeProfit() deriv.Money {
	if c.LimitOrder == nil || c.LimitOrder.TakeProfit == nil {
		return 0
	}
	return *c.LimitOrder.TakeProfit
}

func (c *contract) stopAmount() deriv.Money {
	if c.LimitOrder == nil || c.LimitOrder.StopLoss == nil {
		return 0
	}
	return *c.LimitOrder.StopLoss
}

func (c *contract) enter(t tick) {
	c.entry, c.value = t, c.stake
	c.stream = append(c.stream, t)
}

// settle brings all open contracts of a symbol on by a tick.
func (s *Sim) settle(y *symbol, t tick) {
	for _, c := range slices.Clone(y.open) {
		if c.length > 0 && deriv.Epoch(t.epoch) > c.expiry {
			continue // its timer is due at this moment
		}
		status, amount := c.tick(t)
		if status != deriv.Open {
			s.finish(c, status, amount)
			continue
		}
		s.notices = append(s.notices, func() { s.tellContract(c) })
	}
}

// tick brings the contract on and says what it comes to.
func (c *contract) tick(t tick) (deriv.Status, deriv.Money) {
	c.current = t
	if c.entry.epoch == 0 {
		c.enter(t)
		return deriv.Open, 0
	}
	c.passed++
	previous := c.stream[len(c.stream)-1]
	c.stream = append(c.stream, t)
	if len(c.stream) > keptTicks {
		c.stream = slices.Delete(c.stream, 0, 1)
	}
	switch c.family {
	case multiplierFamily:
		return c.multiply()
	case accumulatorFamily:
		return c.accumulate(previous)
	}
	if c.ticks > 0 && c.passed == c.ticks {
		return c.decide(t)
	}
	return deriv.Open, 0
}

// expire ends a contract at its time, with the last tick until then.
func (s *Sim) expire(c *contract) {
	if c.status != deriv.Open {
		return
	}
	if c.entry.epoch == 0 {
		c.enter(c.current) // shorter than one interval: there was no tick
	}
	status, amount := c.decide(c.current)
	s.finish(c, status, amount)
}

// decide says what a Rise or Fall comes to that ends with a tick.
func (c *contract) decide(t tick) (deriv.Status, deriv.Money) {
	var won bool
	switch c.ContractType {
	case "CALL":
		won = t.price > c.entry.price
	case "PUT":
		won = t.price < c.entry.price
	case "CALLE":
		won = t.price >= c.entry.price
	case "PUTE":
		won = t.price <= c.entry.price
	}
	if won {
		return deriv.Won, c.payout
	}
	return deriv.Lost, 0
}

// finish ends a contract that has come to its end, unless it is cancelled there.
func (s *Sim) finish(c *contract, status deriv.Status, amount deriv.Money) {
	if s.faults.happens(ContractCancelled, c.occasion("proposal_open_contract")) {
		status, amount = deriv.Cancelled, c.stake
	}
	s.close(c, status, amount)
}

// occasion is one for faults that are of the contract.
func (c *contract) occasion(call string) occasion {
	return occasion{call: call, symbol: c.Symbol, account: c.account}
}

// close ends a contract and pays what it came to.
func (s *Sim) close(c *contract, status deriv.Status, amount deriv.Money) {
	c.status, c.sold, c.soldAt, c.exit = status, amount, deriv.Epoch(s.at/second), c.current
	s.unwatch(c.symbol)
	c.symbol.open = slices.DeleteFunc(c.symbol.open, func(o *contract) bool { return o == c })
	c.account.archive(c)
	c.sellTransaction = s.move(c.account, "sell", amount, c.app, c)
	s.notices = append(s.notices, func() { s.tellContract(c) })
}

// bid is what a sell would bring now; no is why there can be none.
func (c *contract) bid() (amount deriv.Money, no *deriv.Error) {
	switch {
	case c.status != deriv.Open:
		return c.sold, fail("ContractAlreadySold", "This contract has been sold.")
	case c.entry.epoch == 0:
		return c.stake, fail("SellAtEntryTick", "Waiting for the entry tick.")
	case c.family == multiplierFamily:
		return c.worth(), nil
	case c.family == accumulatorFamily && c.passed == 0:
		return c.value, fail("SellAtEntryTick", "Contract cannot be sold at entry tick.")
	case c.family == accumulatorFamily:
		return c.value, nil
	}
	amount = c.fair()
	if c.ticks > 0 {
		return amount, fail("ResaleNotOffered", "Resale of this contract is not offered.")
	}
	return amount, nil
}

// fair is what a Rise or Fall is worth by the law of its price, less the
// house's share.
func (c *contract) fair() deriv.Money {
	left := int64(c.ticks - c.passed)
	if c.length > 0 {
		left = (int64(c.expiry) - c.current.epoch) / c.symbol.interval
	}
	n := house.ChancesOf(&c.symbol.index, c.current.price.Float(), c.entry.price.Float(), left)
	p := map[string]float64{"CALL": n.Above, "PUT": n.Below, "CALLE": n.Above + n.Level, "PUTE": n.Below + n.Level}[c.ContractType]
	return floorMoney(c.payout.Float()*p*house.Return, deriv.CurrencyDecimals(c.Currency))
}
