package deriv

import (
	"context"
	"fmt"
)

// Fresh calls f with this account on a connection of its own: one that is made
// after the call, and closed when f returns. What another connection still had
// under way is over then, or comes to light: so an unknown buy is looked for. Its
// reads have priority and count against the same budgets. There is one at a time,
// a second waits for its turn; so the account has two connections at most. f
// should not outlive ctx, which ends as well when the venue refuses the account.
func (a *Account) Fresh(ctx context.Context, f func(context.Context, *Account) error) error {
	if err := a.turn.take(ctx); err != nil {
		return fmt.Errorf("deriv: a fresh connection: %w", err)
	}
	defer a.turn.leave()
	fresh := a.sibling()
	ctx, cancel := context.WithCancelCause(WithPriority(ctx))
	defer cancel(nil) // should f panic
	ended := make(chan error, 1)
	go func() {
		err := fresh.Run(ctx)
		cancel(err)
		ended <- err
	}()
	err := fresh.WaitReady(ctx)
	if err == nil {
		err = f(ctx, fresh)
	}
	cancel(nil)
	if refused := <-ended; refused != nil && err != nil {
		return refused
	}
	return err
}

// sibling is the same account without a connection.
func (a *Account) sibling() *Account {
	r := *a.socket.opts
	r.OnFrame, r.OnLate = nil, nil // they are called by one connection at a time
	if id := a.Info().ID; id != "" {
		r.Account = id // the same, should there be others by now
	}
	b := newAccount(string(a.kind)+" fresh", &r)
	b.socket.limit = a.socket.limit
	b.rest, b.apps = &rest{opts: &r, limit: a.socket.limit}, a.apps
	b.turn = a.turn
	return b
}
