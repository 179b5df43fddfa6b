package trade

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// ErrNotResolved refuses what a person says of an order that is not the unresolved one,
// or of a contract that it cannot be.
var ErrNotResolved = errors.New("nothing was resolved")

// Resolve enters what a person found out of an unresolved order: that it is a contract,
// which the venue must have on record, of our app and no other order's; or, for 0, that
// it was never bought. What does not fit is ErrNotResolved.
func (t *Trader) Resolve(ctx context.Context, intent string, contract int64, by string) error {
	done, err := t.act(ctx)
	if err != nil {
		return err
	}
	defer done()
	_, since := t.from()
	wait, cancel := t.wait(ctx, 3)
	defer cancel()
	record, err := t.broker.Record(wait, since)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.ledger.unresolved(intent); err != nil {
		return err
	}
	if contract == 0 {
		return t.append(ctx, &Entry{Abandoned: &Abandoned{Intent: intent, Reason: "not bought, says " + by}})
	}
	all := slices.Concat(record.Open, record.Closed)
	at := slices.IndexFunc(all, func(c Contract) bool {
		return c.ID == contract && c.AppID == t.ledger.Account.AppID && t.ledger.ByContract(c.ID) == nil
	})
	if at < 0 {
		return fmt.Errorf("contract %d: the venue has none of our app by that number that is no other order's: %w", contract, ErrNotResolved)
	}
	return t.append(ctx, &Entry{Bought: &Bought{Intent: intent, Receipt: all[at].receipt(), Found: true, By: by}})
}

// unresolved is an error unless an intent is the order of which nobody knows, which it
// names.
func (l *Ledger) unresolved(intent string) error {
	switch o := l.Unresolved(); {
	case o == nil:
		return fmt.Errorf("intent: got %.80q, and no order is unresolved: %w", intent, ErrNotResolved)
	case o.ID() != intent:
		return fmt.Errorf("intent: got %.80q, want the unresolved one: %s: %w", intent, o.ID(), ErrNotResolved)
	}
	return nil
}
