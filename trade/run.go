package trade

import (
	"context"
	"sync"
	"time"
)

// Run connects the broker, and handles what it tells, follows the signals and tends
// the orders until ctx ends. Of signals that come while one is followed only the
// newest waits. Its error is the broker's, or that of Open, which it calls first.
func (t *Trader) Run(ctx context.Context, signals <-chan Signal) error {
	if err := t.Open(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	box := newInbox()
	var running sync.WaitGroup
	running.Go(func() { cancel(t.broker.Run(ctx, box.put)) })
	running.Go(func() { t.handleAll(ctx, box) })
	running.Go(func() { t.tendAlways(ctx) })
	running.Go(func() { t.followAll(ctx, signals) })
	running.Wait()
	return context.Cause(ctx)
}

func (t *Trader) handleAll(ctx context.Context, box *inbox) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-box.wake:
			for _, e := range box.take() {
				t.Handle(ctx, e)
			}
		}
	}
}

// tendEvery is how often the trader looks at the broker's clock, which may run fast.
const tendEvery = 50 * time.Millisecond

func (t *Trader) tendAlways(ctx context.Context) {
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			t.Tend(ctx)
		}
	}
}

func (t *Trader) followAll(ctx context.Context, signals <-chan Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case s, ok := <-signals:
			if !ok {
				return
			}
			if err := t.Follow(ctx, &s); err != nil && ctx.Err() == nil {
				t.opts.Logger.Warn("a signal was not followed", "decision", s.Decision, "reason", err)
			}
		}
	}
}
