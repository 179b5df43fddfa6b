package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
)

// counts are what happened in a run.
type counts struct {
	kills, named, intents, contracts, unknown, found, abandoned, rejected, settled, halts, refused int
	// why is the newest refusal.
	why string
}

func (c *counts) add(o *counts) {
	c.kills += o.kills
	c.named += o.named
	c.intents += o.intents
	c.contracts += o.contracts
	c.unknown += o.unknown
	c.found += o.found
	c.abandoned += o.abandoned
	c.rejected += o.rejected
	c.settled += o.settled
	c.halts += o.halts
	c.refused += o.refused
}

// compare holds the trader's journal against the venue's books. A halt is a failure too
// unless the fault asks for a person, who has ended it by now.
func (c *counts) compare(ctx context.Context, url, dir string, mayHalt bool) error {
	ledger, err := c.read(ctx, dir)
	if err != nil {
		return err
	}
	bought, balance, err := books(ctx, url)
	if err != nil {
		return err
	}
	var wrong []error
	for _, f := range bought {
		o := ledger.ByContract(int64(f.Contract))
		switch {
		case o == nil:
			wrong = append(wrong, fmt.Errorf("contract %d of our app is in no journal", f.Contract))
		case o.Intent == nil:
			wrong = append(wrong, fmt.Errorf("contract %d has no intent", f.Contract))
		case o.Price() != trade.Money(f.BuyPrice) || o.Settlement == nil || o.Settlement.Brought != trade.Money(f.SellPrice):
			wrong = append(wrong, fmt.Errorf("contract %d: got %s → %v, want %s → %s", f.Contract, o.Price(), o.Settlement, f.BuyPrice, f.SellPrice))
		}
	}
	if c.contracts != len(bought) {
		wrong = append(wrong, fmt.Errorf("the journal has %d contracts, the venue %d", c.contracts, len(bought)))
	}
	if ledger.Balance() != balance {
		wrong = append(wrong, fmt.Errorf("the journal adds up to %s, the venue has %s", ledger.Balance(), balance))
	}
	if h := ledger.Halt; h != nil || c.halts > 0 && !mayHalt {
		wrong = append(wrong, fmt.Errorf("halted %d times: %+v", c.halts, h))
	}
	return errors.Join(wrong...)
}

// read adds the journal up. The ledger itself refuses two buys at a time, two intents
// of one contract and two ends of one.
func (c *counts) read(ctx context.Context, dir string) (*trade.Ledger, error) {
	view, err := journal.OpenView(dir, trade.Demo)
	if err != nil {
		return nil, err
	}
	defer func() { _ = view.Close() }() // it was only read
	ledger := trade.NewLedger()
	for e, err := range view.Entries(ctx) {
		if err != nil {
			return nil, err
		}
		if err := ledger.Apply(e); err != nil {
			return nil, err
		}
		c.count(e)
	}
	for _, o := range ledger.Orders() {
		if o.State.Unresolved() || o.State.Live() {
			return nil, fmt.Errorf("%s is %s at the end", o.ID(), o.State)
		}
	}
	return ledger, nil
}

func (c *counts) count(e *trade.Entry) {
	switch {
	case e.Planned != nil:
		c.intents++
	case e.Bought != nil:
		c.contracts++
		if e.Bought.Found {
			c.found++
		}
	case e.Unknown != nil:
		c.unknown++
	case e.Abandoned != nil:
		c.abandoned++
	case e.Rejected != nil:
		c.rejected++
	case e.Settled != nil:
		c.settled++
	case e.Refused != nil:
		c.refused++
		c.why = fmt.Sprint(e.Refused.Reasons, e.Refused.Details)
	case e.Halted != nil:
		c.halts++
	}
}

// books are the contracts of our app and the balance, as the venue has them.
func books(ctx context.Context, url string) (ours []deriv.Finished, balance trade.Money, err error) {
	account, err := deriv.NewAccount(&deriv.Options{URL: url, Token: deriv.NewToken("auditor"), AppID: appID})
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = account.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	has, err := account.Balance(ctx)
	if err != nil {
		return nil, 0, err
	}
	for page := 0; ; page++ {
		rows, err := account.ProfitTable(ctx, deriv.ProfitTableRequest{Limit: 500, Offset: 500 * page, Sort: "ASC", Description: true})
		if err != nil {
			return nil, 0, err
		}
		for _, f := range rows {
			if fmt.Sprint(f.AppID) == appID {
				ours = append(ours, f)
			}
		}
		if len(rows) < 500 {
			return ours, trade.Money(has.Amount), nil
		}
	}
}
