package ranker

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/karlquant/quasar/trade"
)

// guarded runs what decides and learns. If that panics, trading halts, and nothing is
// decided, learned or saved any more until a restart: what it left half done cannot be
// relied on. The ranking goes on, by the formula. r.mu must be held.
func (r *Ranker) guarded(do func(l *learner)) {
	if r.broken != "" {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			r.broken = fmt.Sprintf("panic: %v", v)
			r.version++
			r.opts.Logger.Error("who decides broke down: nothing is decided until a restart", slog.String("reason", r.broken), slog.String("stack", string(debug.Stack())))
			close(r.brokeDown)
		}
	}()
	do(r.learner)
}

// haltIfBroken halts trading as soon as who decides has broken down, until ctx ends. It
// does so without r.mu, for whoever has the trader's locks may want that. wait waits for
// its goroutine.
func (r *Ranker) haltIfBroken(ctx context.Context) (wait func()) {
	if r.opts.Trader == nil {
		return func() {}
	}
	var waiting sync.WaitGroup
	waiting.Go(func() {
		select {
		case <-ctx.Done():
			return
		case <-r.brokeDown:
		}
		r.mu.Lock()
		why := r.broken
		r.mu.Unlock()
		if err := r.opts.Trader.Halt(context.WithoutCancel(ctx), trade.ReasonPolicy, why, "ranker"); err != nil {
			r.opts.Logger.LogAttrs(ctx, slog.LevelError, "halted, and not on record", slog.Any("reason", err))
		}
	})
	return waiting.Wait
}
