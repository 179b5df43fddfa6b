package paper

import (
	"cmp"
	"slices"
	"time"

	"github.com/karlquant/quasar/trade"
)

// book is the account: what was bought and sold, and what is left.
type book struct {
	balance   trade.Money
	byID      map[int64]*contract
	open      map[string][]*contract // by symbol, the oldest first
	movements []row                  // by transaction

	nextContract, nextTransaction int64
}

// row is a movement, and the newest time of all up to it: what was settled after a pause
// may be older than what was before it.
type row struct {
	trade.Movement
	newest time.Time
}

func newBook(opening trade.Money) *book {
	return &book{balance: opening, byID: make(map[int64]*contract), open: make(map[string][]*contract), nextContract: 1, nextTransaction: 1}
}

// buy opens a contract and pays for it.
func (b *book) buy(c *contract) trade.Movement {
	c.ID, c.Transaction = b.nextContract, b.nextTransaction
	b.nextContract++
	b.nextTransaction++
	b.keep(c)
	return b.move(bought(c))
}

// keep enters a contract; one without an end is open.
func (b *book) keep(c *contract) {
	b.byID[c.ID] = c
	if c.Settlement == nil {
		b.open[c.Symbol] = append(b.open[c.Symbol], c)
	}
}

// move enters the newest movement of the balance.
func (b *book) move(m trade.Movement) trade.Movement {
	b.balance += m.Amount
	m.Balance = b.balance
	newest := m.At
	if n := len(b.movements); n > 0 && b.movements[n-1].newest.After(newest) {
		newest = b.movements[n-1].newest
	}
	b.movements = append(b.movements, row{m, newest})
	return m
}

// settle ends a contract and pays what it brought.
func (b *book) settle(c *contract, s *trade.Settlement) trade.Movement {
	s.Transaction = b.nextTransaction
	b.nextTransaction++
	c.Settlement = s
	b.open[c.Symbol] = slices.DeleteFunc(b.open[c.Symbol], func(o *contract) bool { return o == c })
	return b.move(sold(c))
}

// bought and sold are the movements of a contract, without a balance yet.
func bought(c *contract) trade.Movement {
	return trade.Movement{Transaction: c.Transaction, Action: "buy", Amount: -c.Price, Contract: c.ID, At: c.Purchased}
}

func sold(c *contract) trade.Movement {
	s := c.Settlement
	return trade.Movement{Transaction: s.Transaction, Action: "sell", Amount: s.Brought, Contract: c.ID, At: s.At}
}

// record is what is open, and what happened since a time.
func (b *book) record(now, since time.Time) *trade.Record {
	r := &trade.Record{At: now, Balance: b.balance}
	for _, open := range b.open {
		for _, c := range open {
			r.Open = append(r.Open, *c.told())
		}
	}
	for _, m := range slices.Backward(b.movements) {
		if m.newest.Before(since) {
			break
		}
		if m.At.Before(since) {
			continue
		}
		r.Movements = append(r.Movements, m.Movement)
		if m.Action == "sell" {
			r.Closed = append(r.Closed, *b.byID[m.Contract].told())
		}
	}
	slices.Reverse(r.Movements)
	slices.SortFunc(r.Open, byNumber)
	slices.SortFunc(r.Closed, byNumber)
	return r
}

func byNumber(a, b trade.Contract) int { return cmp.Compare(a.ID, b.ID) }

// restore makes the book that a journal describes. What has an answer in it is on
// the book; a buy without one was lost with the process that pretended it.
func (b *book) restore(l *trade.Ledger) {
	b.balance = l.Opening + l.Adjusted
	b.nextTransaction = l.Watermark + 1
	for _, o := range l.Orders() {
		if o.Contract() != 0 {
			b.recall(o)
		}
	}
	rows := b.movements
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.Transaction, b.Transaction) })
	b.movements = nil
	for _, m := range rows {
		b.move(m.Movement)
	}
}

// recall takes one order's contract from the journal. Its movements have no balance
// yet.
func (b *book) recall(o *trade.Order) {
	c := recalled(o)
	b.keep(c)
	b.movements = append(b.movements, row{Movement: bought(c)})
	b.nextContract = max(b.nextContract, c.ID+1)
	if c.Settlement != nil {
		b.movements = append(b.movements, row{Movement: sold(c)})
	}
}

func recalled(o *trade.Order) *contract {
	if o.Intent == nil {
		c := &contract{Contract: *o.Orphan}
		c.Settlement = o.Settlement
		return c
	}
	q, r := &o.Intent.Quote, o.Receipt
	return &contract{terms: q.Terms, commission: q.Commission, Contract: trade.Contract{
		ID: r.Contract, Symbol: q.Symbol, Kind: q.Kind, Transaction: r.Transaction, Price: r.Price, Payout: r.Payout,
		Purchased: r.Purchased, Expiry: r.Expiry, Shortcode: r.Shortcode, Settlement: o.Settlement,
	}}
}
