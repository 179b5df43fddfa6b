package venue

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/trade"
)

// Record asks for all that is on record since a time, on a connection of its own: what
// an older one still had under way is over then, or comes to light.
func (b *Broker) Record(ctx context.Context, since time.Time) (*trade.Record, error) {
	opts := b.opts.Deriv
	opts.OnFrame, opts.OnLate = nil, nil
	reader, err := deriv.NewAccount(&opts)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- reader.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	if err := ready(ctx, reader, ended); err != nil {
		return nil, err
	}
	r, err := read(ctx, reader, since)
	if err != nil {
		return nil, err
	}
	b.clarify(ctx, reader, r)
	b.watchOwn(r)
	return r, nil
}

// ready waits for the connection, or for the reason why there will be none.
func ready(ctx context.Context, a *deriv.Account, ended chan error) error {
	connected := make(chan error, 1)
	go func() { connected <- a.WaitReady(ctx) }()
	select {
	case err := <-connected:
		return err
	case err := <-ended:
		ended <- err // for whoever waits for the end
		return cmp.Or(err, ctx.Err())
	}
}

// read asks for what is open first and for the movements last: what happens in between
// is then in the movements, and not lost.
func read(ctx context.Context, a *deriv.Account, since time.Time) (*trade.Record, error) {
	holdings, err := a.Portfolio(ctx)
	if err != nil {
		return nil, err
	}
	ended, err := table(ctx, a, since)
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
	for i := range rows {
		r.Movements = append(r.Movements, movement(&rows[i]))
	}
	slices.SortFunc(r.Movements, func(a, b trade.Movement) int { return cmp.Compare(a.Transaction, b.Transaction) })
	if n := len(r.Movements); n > 0 {
		r.Balance = r.Movements[n-1].Balance
	}
	fill(r, holdings, ended)
	return r, nil
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
	slices.SortFunc(r.Open, byNumber)
	slices.SortFunc(r.Closed, byNumber)
}

func byNumber(a, b trade.Contract) int { return cmp.Compare(a.ID, b.ID) }

// pageOfTable is how many rows a profit table has at most.
const pageOfTable = 500

// table reads the profit table page by page.
func table(ctx context.Context, a *deriv.Account, since time.Time) (all []deriv.Finished, err error) {
	for {
		rows, err := a.ProfitTable(ctx, deriv.ProfitTableRequest{
			From: strconv.FormatInt(since.Unix(), 10), Limit: pageOfTable, Offset: len(all), Sort: "ASC", Description: true,
		})
		all = append(all, rows...)
		if err != nil || len(rows) < pageOfTable {
			return all, err
		}
	}
}

// clarify asks how contracts of our app ended where what they brought does not say it:
// one that multiplies may have come to a limit or been sold, another may have been
// cancelled. Where there is no answer it stays Sold.
func (b *Broker) clarify(ctx context.Context, a *deriv.Account, r *trade.Record) {
	for i := range r.Closed {
		c := &r.Closed[i]
		if c.AppID != b.as.AppID || c.Settlement.Result != trade.Sold {
			continue
		}
		if told, err := a.Contract(ctx, deriv.ContractID(c.ID)); err == nil && told.Settled() {
			c.Settlement.Result = trade.Result(told.Status)
		}
	}
}

// watchOwn follows the open contracts of our app, in case nobody does yet.
func (b *Broker) watchOwn(r *trade.Record) {
	for i := range r.Open {
		if r.Open[i].AppID == b.as.AppID {
			b.watchContract(r.Open[i].ID)
		}
	}
}
