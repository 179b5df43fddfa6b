package trade

import (
	"context"
	"log/slog"
	"time"
)

// Handle takes what a broker told. It waits for the journal and for nothing else.
func (t *Trader) Handle(ctx context.Context, e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case e.Connected != 0:
		t.generation, t.connected, t.retry = e.Connected, true, time.Time{}
	case e.Lost != nil:
		t.connected = false
		t.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "the venue is gone", slog.Any("reason", e.Lost))
	case e.Contract != nil:
		t.settle(ctx, e.Contract, "contract")
		t.value(e.Contract)
	case e.Movement != nil && e.Movement.Action == "sell":
		t.expect(e.Movement)
	}
}

// settle enters the end of a contract of ours, once. t.mu must be held.
func (t *Trader) settle(ctx context.Context, c *Contract, path string) {
	o := t.ledger.ByContract(c.ID)
	if o == nil || !o.State.Live() || c.Settlement == nil {
		return
	}
	s := &Settled{Contract: c.ID, Settlement: *c.Settlement, Path: path}
	if o.Intent != nil {
		s.Intent = o.Intent.ID
	}
	delete(t.look, c.ID)
	delete(t.asked, c.ID)
	t.happened(ctx, &Entry{Settled: s})
}

// expect keeps that the balance moved for a contract of ours: the contract itself may
// never be told.
func (t *Trader) expect(m *Movement) {
	if o := t.ledger.ByContract(m.Contract); o != nil && o.State.Live() {
		t.look[m.Contract] = m
	}
}

// grace is how long after its end a contract may take to be told of.
const grace = 5 * time.Second

// overdue are the contracts that ought to have ended by now, and were not asked for
// just before.
func (t *Trader) overdue() map[int64]*Movement {
	t.mu.Lock()
	defer t.mu.Unlock()
	due := make(map[int64]*Movement)
	now := t.broker.Now()
	for _, o := range t.ledger.Live() {
		id, end := o.Contract(), o.Expiry()
		m := t.look[id]
		if ended := m != nil || !end.IsZero() && now.Sub(end) > grace; !ended || now.Sub(t.asked[id]) < grace {
			continue
		}
		t.asked[id], due[id] = now, m
	}
	return due
}
