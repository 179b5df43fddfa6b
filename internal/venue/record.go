package venue

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/trade"
)

// Record asks for all that is on record since a time, on a connection of its own: what
// an older one still had under way is over then, or comes to light.
func (b *Broker) Record(ctx context.Context, since time.Time) (*trade.Record, error) {
	var r *trade.Record
	err := b.account.Fresh(ctx, func(ctx context.Context, fresh *deriv.Account) (err error) {
		r, err = b.read(ctx, fresh, since)
		return err
	})
	if err != nil {
		return nil, err
	}
	b.watchOwn(r)
	return r, nil
}

// read asks for what is open first and for the movements last: what happens in between
// is then in the movements, and not lost.
func (b *Broker) read(ctx context.Context, a *deriv.Account, since time.Time) (*trade.Record, error) {
	holdings, err := a.Portfolio(ctx)
	if err != nil {
		return nil, err
	}
	ended, err := a.ProfitTableSince(ctx, since)
	if err != nil {
		return nil, err
	}
	balance, err := a.Balance(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := a.StatementSince(ctx, since)
	if err != nil {
		return nil, err
	}
	r := &trade.Record{At: a.Now(), Balance: trade.Money(balance.Amount)}
	r.Movements = movements(rows)
	if n := len(r.Movements); n > 0 {
		r.Balance = r.Movements[n-1].Balance
	}
	fill(r, holdings, ended)
	return r, b.complete(ctx, a, r)
}

// movements are rows of the statement by transaction, each once: pages overlap where
// rows are added while they are read.
func movements(rows []deriv.Movement) (list []trade.Movement) {
	for i := range rows {
		list = append(list, movement(&rows[i]))
	}
	slices.SortFunc(list, func(a, b trade.Movement) int { return cmp.Compare(a.Transaction, b.Transaction) })
	return slices.CompactFunc(list, func(a, b trade.Movement) bool { return a.Transaction == b.Transaction })
}

// fill enters the contracts, each once: one that has ended in between only as that.
func fill(r *trade.Record, holdings []deriv.Holding, ended []deriv.Finished) {
	sells := make(map[int64]int64)
	for i := range r.Movements {
		if m := &r.Movements[i]; m.Action == "sell" {
			sells[m.Contract] = m.Transaction
		}
	}
	closed := make(map[int64]bool)
	for i := range ended {
		c := finished(&ended[i], sells)
		if !closed[c.ID] {
			closed[c.ID] = true
			r.Closed = append(r.Closed, c)
		}
	}
	for i := range holdings {
		if c := holding(&holdings[i]); !closed[c.ID] {
			r.Open = append(r.Open, c)
		}
	}
}

// complete asks for the contracts of our app that the tables leave unclear. Where the
// venue says that there is no such contract, it stays as the tables have it.
func (b *Broker) complete(ctx context.Context, a *deriv.Account, r *trade.Record) error {
	for _, id := range b.unclear(r) {
		told, err := a.Contract(ctx, deriv.ContractID(id))
		if deriv.IsClass(err, deriv.ClassPosition) || deriv.IsClass(err, deriv.ClassValidation) {
			continue
		}
		if err != nil {
			return err
		}
		c := contract(&told)
		c.AppID = b.as.AppID
		enter(r, &c)
	}
	slices.SortFunc(r.Open, byNumber)
	slices.SortFunc(r.Closed, byNumber)
	return nil
}

// unclear are the contracts of our app that moved the balance and are not where that
// says, for tables may be behind or bounded by another time; those of which no table
// says a symbol; and those that ended in a way that what they brought does not tell: one
// that multiplies may have come to a limit or been sold, another may have been cancelled.
func (b *Broker) unclear(r *trade.Record) []int64 {
	wanted, ended := make(map[int64]bool), make(map[int64]bool)
	for i := range r.Movements {
		if m := &r.Movements[i]; m.AppID == b.as.AppID && m.Contract != 0 {
			wanted[m.Contract] = true
			ended[m.Contract] = ended[m.Contract] || m.Action == "sell"
		}
	}
	for i := range r.Open {
		if c := &r.Open[i]; !ended[c.ID] {
			delete(wanted, c.ID)
		}
	}
	for i := range r.Closed {
		if c := &r.Closed[i]; c.AppID == b.as.AppID && (c.Symbol == "" || c.Settlement.Result == trade.Sold) {
			wanted[c.ID] = true
		} else {
			delete(wanted, c.ID)
		}
	}
	return slices.Sorted(maps.Keys(wanted))
}

// enter puts a contract where it belongs, in place of what was there of it.
func enter(r *trade.Record, c *trade.Contract) {
	same := func(o trade.Contract) bool { return o.ID == c.ID }
	r.Open, r.Closed = slices.DeleteFunc(r.Open, same), slices.DeleteFunc(r.Closed, same)
	if c.Settlement == nil {
		r.Open = append(r.Open, *c)
		return
	}
	r.Closed = append(r.Closed, *c)
}

func byNumber(a, b trade.Contract) int { return cmp.Compare(a.ID, b.ID) }

// watchOwn follows the open contracts of our app, in case nobody does yet.
func (b *Broker) watchOwn(r *trade.Record) {
	for i := range r.Open {
		if r.Open[i].AppID == b.as.AppID {
			b.watchContract(r.Open[i].ID)
		}
	}
}
