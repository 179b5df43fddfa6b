package trade

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Tend does what the time asks for: it compares journal and venue after each
// connection, at intervals, and while an order is unresolved; asks for contracts that
// should have ended; and writes down what is owed to the journal.
func (t *Trader) Tend(ctx context.Context) {
	t.payDebts(ctx)
	if t.due() {
		t.reconcileSoon(ctx)
	}
	for id, m := range t.overdue() {
		t.ask(ctx, id, m)
	}
}

func (t *Trader) payDebts(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.settleDebts(ctx) // says so itself
	if t.journalErr != nil && len(t.owed) == 0 && t.began {
		// Nothing is owed, so that nothing else would find out that it works again.
		_ = t.append(ctx, &Entry{Started: &Started{Version: t.opts.Version, Again: true}})
	}
}

// due tells whether journal and venue have to be compared now.
func (t *Trader) due() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.broker.Now()
	switch {
	case !t.connected || t.journalErr != nil || now.Before(t.retry) && t.retry.Sub(now) <= t.opts.ReconcileEvery:
		return false
	case !t.agreed(), t.ledger.Unresolved() != nil:
		return true
	}
	since := now.Sub(t.ledger.Reconciled)
	return since >= t.opts.ReconcileEvery || since < 0
}

// reconcileSoon reconciles, and not again for a while where that came to nothing.
func (t *Trader) reconcileSoon(ctx context.Context) {
	err := t.Reconcile(ctx)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil && ctx.Err() == nil && err.Error() != t.disagreement {
		t.disagreement = err.Error()
		t.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "journal and venue do not agree yet", slog.Any("reason", err))
	}
	t.retry = t.broker.Now().Add(pause(err))
}

// pause is how long no record is asked for after one: the venue allows thirty a
// minute.
func pause(err error) time.Duration {
	if errors.Is(err, errAgain) {
		return betweenReads
	}
	return 3 * time.Second
}

// ask asks what became of a contract. Where nobody knows, the movement of the balance
// tells enough.
func (t *Trader) ask(ctx context.Context, id int64, m *Movement) {
	wait, cancel := t.wait(ctx, 1)
	defer cancel()
	c, err := t.broker.Contract(wait, id)
	if err != nil {
		t.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "a contract that should have ended is not told", slog.Int64("contract", id), slog.Any("reason", err))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil && c.Settlement != nil:
		t.settle(ctx, &c, "contract")
	case m != nil:
		t.settle(ctx, &Contract{ID: id, Settlement: t.byMovement(m)}, "transaction")
	}
}

// byMovement is the settlement that a movement of the balance is, as far as it can be
// told.
func (t *Trader) byMovement(m *Movement) *Settlement {
	result := Lost
	if o := t.ledger.ByContract(m.Contract); o != nil && o.Kind().Multiplies() {
		result = Sold
	} else if m.Amount > 0 {
		result = Won
	}
	return &Settlement{Result: result, Transaction: m.Transaction, Brought: m.Amount, At: m.At}
}
