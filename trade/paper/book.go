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
	contracts []*contract // by number
	byID      map[int64]*contract
	open      map[string][]*contract // by symbol, the oldest first
	movements []trade.Movement       // by transaction

	nextContract, nextTransaction int64
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
	return b.move(trade.Movement{Transaction: c.Transaction, Action: "buy", Amount: -c.Price, Contract: c.ID, At: c.Purchased})
}

// keep enters a contract; one without an end is open.
func (b *book) keep(c *contract) {
	b.contracts = append(b.contracts, c)
	b.byID[c.ID] = c
	if c.Settlement == nil {
		b.open[c.Symbol] = append(b.open[c.Symbol], c)
	}
}

// move enters the newest movement of the balance.
func (b *book) move(m trade.Movement) trade.Movement {
	b.balance += m.Amount
	m.Balance = b.balance
	b.movements = append(b.movements, m)
	return m
}

// settle ends a contract and pays what it brought.
func (b *book) settle(c *contract, s *trade.Settlement) trade.Movement {
	s.Transaction = b.nextTransaction
	b.nextTransaction++
	c.Settlement = s
	b.open[c.Symbol] = slices.DeleteFunc(b.open[c.Symbol], func(o *contract) bool { return o == c })
	return b.move(trade.Movement{Transaction: s.Transaction, Action: "sell", Amount: s.Brought, Contract: c.ID, At: s.At})
}

// record is what is open, and what happened since a time.
func (b *book) record(now, since time.Time) *trade.Record {
	r := &trade.Record{At: now, Balance: b.balance}
	for _, c := range b.contracts {
		switch {
		case c.Settlement == nil:
			r.Open = append(r.Open, *c.told())
		case !c.Settlement.At.Before(since):
			r.Closed = append(r.Closed, *c.told())
		}
	}
	for _, m := range b.movements {
		if !m.At.Before(since) {
			r.Movements = append(r.Movements, m)
		}
	}
	return r
}

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
	slices.SortFunc(b.contracts, func(a, b *contract) int { return cmp.Compare(a.ID, b.ID) })
	rows := b.movements
	slices.SortFunc(rows, func(a, b trade.Movement) int { return cmp.Compare(a.Transaction, b.Transaction) })
	b.movements = nil
	for _, m := range rows {
		b.move(m)
	}
}

// recall takes one order's contract from the journal. Its movements have no balance
// yet.
func (b *book) recall(o *trade.Order) {
	c := recalled(o)
	b.keep(c)
	b.movements = append(b.movements, trade.Movement{Transaction: c.Transaction, Action: "buy", Amount: -c.Price, Contract: c.ID, At: c.Purchased})
	b.nextContract = max(b.nextContract, c.ID+1)
	if s := c.Settlement; s != nil {
		b.movements = append(b.movements, trade.Movement{Transaction: s.Transaction, Action: "sell", Amount: s.Brought, Contract: c.ID, At: s.At})
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
