package trade

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/karlquant/quasar/internal/failpoint"
)

// errAgain is the error of a record that does not settle everything yet.
var errAgain = errors.New("the record has to be read again")

// Reconcile compares the journal with the venue's own record, and enters what became
// of each order that nobody knows of. It is one path for the first start, a restart,
// a crash and a new connection. Nothing is bought before it was there once and agreed.
func (t *Trader) Reconcile(ctx context.Context) error {
	done, err := t.act(ctx)
	if err != nil {
		return err
	}
	defer done()
	generation, since := t.from()
	wait, cancel := t.wait(ctx, 3)
	defer cancel()
	record, err := t.broker.Record(wait, since)
	if err != nil {
		return err
	}
	ended := t.missing(wait, record)
	failpoint.Hit("read")
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.begin(ctx, record); err != nil {
		return err
	}
	t.resolve(ctx, record)
	t.adopt(ctx, record)
	for i := range record.Closed {
		t.settle(ctx, &record.Closed[i], "record")
	}
	for i := range ended {
		t.settle(ctx, &ended[i], "record")
	}
	return t.agree(ctx, record, generation)
}

// from is since when the record is read: before all that is not accounted for.
func (t *Trader) from() (generation uint64, since time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	since = t.broker.Now()
	if r := t.ledger.Reconciled; !r.IsZero() && r.Before(since) {
		since = r
	} else if r.IsZero() && t.ledger.Seq > 0 {
		since = t.ledger.OpenedAt
	}
	for _, o := range t.ledger.active {
		if o.Changed.Before(since) {
			since = o.Changed
		}
	}
	return t.generation, since.Add(-before)
}

// begin writes down that this process trades, and opens a journal where there is none:
// what is on the account now was there before. An open contract of ours is then one that
// a lost journal knew of, or another program's.
func (t *Trader) begin(ctx context.Context, r *Record) error {
	if t.began {
		return nil
	}
	entries := []*Entry{{Started: &Started{Version: t.opts.Version, Limits: t.limits}}}
	if t.ledger.Seq == 0 {
		opened := &Opened{Account: t.broker.Account(), Balance: r.Balance}
		for i := range r.Movements {
			opened.Watermark = max(opened.Watermark, r.Movements[i].Transaction)
		}
		for i := range r.Open {
			opened.Watermark = max(opened.Watermark, r.Open[i].Transaction)
		}
		entries = slices.Insert(entries, 0, &Entry{Opened: opened})
	}
	err := t.append(ctx, entries...)
	t.began = err == nil
	return err
}

// missing asks for the contracts that we have as live and the record has not at all.
func (t *Trader) missing(ctx context.Context, r *Record) (found []Contract) {
	has := make(map[int64]bool, len(r.Open)+len(r.Closed))
	for _, c := range slices.Concat(r.Open, r.Closed) {
		has[c.ID] = true
	}
	for _, id := range t.liveContracts() {
		if has[id] {
			continue
		}
		if c, err := t.broker.Contract(ctx, id); err == nil && c.Settlement != nil {
			found = append(found, c)
		}
	}
	return found
}

// resolve finds out what became of the order that nobody knows of.
func (t *Trader) resolve(ctx context.Context, r *Record) {
	o := t.ledger.Unresolved()
	if o == nil {
		t.absent = time.Time{}
		return
	}
	if o.State == StatePlanned {
		t.happened(ctx, &Entry{Abandoned: &Abandoned{Intent: o.ID(), Reason: "the process ended before it was sent"}})
		return
	}
	found, odd := t.candidates(o, r)
	switch {
	case len(found) == 1:
		t.absent = time.Time{}
		t.happened(ctx, &Entry{Bought: &Bought{Intent: o.ID(), Receipt: found[0].receipt(), Found: true}})
	case len(found) == 0 && len(odd) == 0:
		t.notThere(ctx, o, r)
	default:
		t.stop(ctx, ReasonAmbiguous, fmt.Sprintf("%s may be a contract of these, and only a person can tell:%s (quasar trade resolve)", o.ID(), ids(append(found, odd...))))
	}
}

func ids(contracts []Contract) (text string) {
	for i := range contracts {
		text += fmt.Sprintf(" %d", contracts[i].ID)
	}
	return text
}

// candidates are the contracts of a record that an order may be: of our app, newer
// than what was known, of the same symbol and kind, for no more than it allowed, and no
// other order's. Those that were bought at another time are odd: a clock was wrong, or
// somebody else bought them.
func (t *Trader) candidates(o *Order, r *Record) (found, odd []Contract) {
	in, from := o.Intent, o.Sent.Add(-early)
	until := o.Sent.Add(in.Deadline + reach)
	for _, c := range slices.Concat(r.Open, r.Closed) {
		ours := c.AppID == t.ledger.Account.AppID && t.ledger.ByContract(c.ID) == nil && c.Transaction > in.Watermark
		same := c.Symbol == in.Quote.Symbol && c.Kind == in.Quote.Kind && c.Price <= in.Most
		switch {
		case !ours || !same || has(found, c.ID) || has(odd, c.ID):
		case c.Purchased.Before(from) || c.Purchased.After(until):
			odd = append(odd, c)
		default:
			found = append(found, c)
		}
	}
	return found, odd
}

func has(contracts []Contract, id int64) bool {
	return slices.ContainsFunc(contracts, func(c Contract) bool { return c.ID == id })
}

// receipt is what the buy of a contract would have been answered with.
func (c *Contract) receipt() Receipt {
	return Receipt{
		Contract: c.ID, Transaction: c.Transaction, Price: c.Price, Payout: c.Payout,
		Purchased: c.Purchased, Expiry: c.Expiry, Shortcode: c.Shortcode,
	}
}

// notThere gives an order up that two records do not have: both read when the venue
// had had its time.
func (t *Trader) notThere(ctx context.Context, o *Order, r *Record) {
	if r.At.Sub(o.Sent) < max(abandonAfter, o.Intent.Deadline+reach) {
		return
	}
	if t.absent.IsZero() || r.At.Before(t.absent) {
		t.absent = r.At
		return
	}
	if r.At.Sub(t.absent) >= betweenReads {
		t.absent = time.Time{}
		t.happened(ctx, &Entry{Abandoned: &Abandoned{Intent: o.ID(), Reason: "the venue has no contract of it"}})
	}
}

// adopt takes contracts of our app that no intent explains, and halts: another program
// trades on this account, or the journal was lost. While an order is unresolved a
// contract may be that order's, and waits.
func (t *Trader) adopt(ctx context.Context, r *Record) {
	if t.ledger.Unresolved() != nil {
		return
	}
	for _, c := range slices.Concat(r.Open, r.Closed) {
		known := t.ledger.ByContract(c.ID) != nil || c.AppID != t.ledger.Account.AppID
		ended := c.Settlement != nil && c.Transaction <= t.ledger.Accounted
		if known || ended {
			continue
		}
		t.happened(ctx, &Entry{Adopted: &Adopted{Contract: c}})
		t.stop(ctx, ReasonOrphan, fmt.Sprintf("contract %d of our app is in no journal: does another program trade on this account?", c.ID))
	}
}

// stop halts. t.mu must be held.
func (t *Trader) stop(ctx context.Context, reason Reason, detail string) {
	if t.ledger.Halt == nil {
		t.happened(ctx, &Entry{Halted: &Halted{Reason: reason, Detail: detail, By: "reconcile"}})
	}
}

// agree compares the balances, to the last digit.
func (t *Trader) agree(ctx context.Context, r *Record, generation uint64) error {
	if o := t.ledger.Unresolved(); o != nil {
		return fmt.Errorf("%s is unresolved: %w", o.ID(), errAgain)
	}
	e := &Reconciled{Balance: r.Balance, Watermark: t.ledger.Accounted}
	for i := range r.Movements {
		m := &r.Movements[i]
		e.Watermark = max(e.Watermark, m.Transaction)
		if m.Transaction > t.ledger.Accounted && !t.explained(m) {
			e.Adjusted += m.Amount
		}
	}
	for i := range r.Open {
		if r.Open[i].AppID != t.ledger.Account.AppID {
			e.Foreign = append(e.Foreign, r.Open[i])
		}
	}
	if off := r.Balance - t.ledger.Balance() - e.Adjusted - t.between(r); off != 0 {
		return t.differs(ctx, r, off)
	}
	return t.reconciledNow(ctx, e, generation)
}

// between is what the balance of a record has that ours has not, or the other way
// round, only because contracts ended while it was read.
func (t *Trader) between(r *Record) (off Money) {
	sells := make(map[int64]bool, len(r.Movements))
	newest := t.ledger.Accounted // a record of a quiet time has no movements
	for i := range r.Movements {
		m := &r.Movements[i]
		newest = max(newest, m.Transaction)
		if m.Action != "sell" {
			continue
		}
		sells[m.Contract] = true
		if o := t.ledger.ByContract(m.Contract); o != nil && o.State.Live() {
			off += m.Amount
		}
	}
	for _, o := range t.ledger.Orders() {
		s := o.Settlement
		if s != nil && !sells[o.Contract()] && (s.Transaction > newest || s.Transaction == 0 && !s.At.Before(r.At.Add(-early))) {
			off -= s.Brought
		}
	}
	return off
}

// explained tells whether a movement is of a contract that the ledger counts.
func (t *Trader) explained(m *Movement) bool {
	o := t.ledger.ByContract(m.Contract)
	return o != nil && (m.Action == "buy" || m.Action == "sell")
}

// maxMismatch is in how many records in a row the balance may differ before it halts.
const maxMismatch = 3

// differs waits for the next record, for a contract may have ended between two
// answers; then it halts.
func (t *Trader) differs(ctx context.Context, r *Record, off Money) error {
	if t.mismatch++; t.mismatch >= maxMismatch {
		t.stop(ctx, ReasonLedger, fmt.Sprintf("the balance is %s, and %s less is accounted for", r.Balance, off))
	}
	return fmt.Errorf("the balance is off by %s: %w", off, errAgain)
}

// reconciledNow writes down that journal and venue agree, unless nothing has changed
// since they last did.
func (t *Trader) reconciledNow(ctx context.Context, e *Reconciled, generation uint64) error {
	news := t.reconciled == 0 || t.mismatch >= maxMismatch
	t.mismatch, t.disagreement = 0, ""
	if err := t.append(ctx, &Entry{Reconciled: e}); err != nil {
		return err
	}
	if news {
		t.notify(NoticeReconciled, fmt.Sprintf("journal and venue agree: %s %s", e.Balance, t.ledger.Account.Currency), nil)
	}
	t.reconciled = generation
	return nil
}
