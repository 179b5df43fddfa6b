package paper

import (
	"context"
	"sync"
	"time"

	"github.com/karlquant/quasar/trade"
)

// Run listens to the feed, if there is one, and tells what happens to the account,
// until ctx ends.
func (b *Broker) Run(ctx context.Context, tell func(trade.Event)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var err error
	var running sync.WaitGroup
	if b.opts.Feed != nil {
		b.watchOpen()
		running.Go(func() {
			defer cancel()
			err = b.opts.Feed.Run(ctx, b.link, b.Hear)
		})
	}
	for ctx.Err() == nil {
		for _, e := range b.Events() {
			tell(e)
		}
		for _, symbol := range b.toFill() {
			running.Go(func() { b.fill(ctx, symbol) })
		}
		select {
		case <-ctx.Done():
		case <-b.wake:
		}
	}
	running.Wait()
	return err
}

// watchOpen has the ticks of open contracts told.
func (b *Broker) watchOpen() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for symbol, open := range b.book.open {
		if len(open) > 0 {
			b.opts.Feed.Watch(symbol)
		}
	}
}

// link passes on that the market was connected or lost.
func (b *Broker) link(e trade.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = e.Lost != nil
	b.quotes = nil // they are good on one connection
	b.say(e)
}

// toFill are the symbols whose missing ticks have to be read, and begin to be.
func (b *Broker) toFill() (symbols []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for symbol, h := range b.heard {
		if h.behind && !h.filling && len(h.waiting) > 0 {
			h.filling = true
			symbols = append(symbols, symbol)
		}
	}
	return symbols
}

// The history is read in windows of hours, and again after a while where it cannot be.
const (
	window    = 30 * time.Minute
	fillAgain = 5 * time.Second
)

// fill reads the ticks that the contracts of a symbol missed, and lets them live
// through these, and then through those that came meanwhile.
func (b *Broker) fill(ctx context.Context, symbol string) {
	for ctx.Err() == nil {
		after, to, last := b.missed(symbol)
		ticks, err := b.opts.Feed.History(ctx, symbol, after, to)
		if err != nil {
			pause(ctx, fillAgain)
			continue
		}
		if b.filled(symbol, ticks, to, last) {
			return
		}
	}
}

// missed is the next window of a symbol's history that is wanted; last tells that
// nothing is missing after it.
func (b *Broker) missed(symbol string) (after, to time.Time, last bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.feed(symbol)
	after = h.last.At
	if open := b.book.open[symbol]; len(open) > 0 && after.Before(open[0].Purchased) {
		after = open[0].Purchased
	}
	to = h.waiting[0].At
	if limit := after.Add(window); limit.Before(to) && len(b.book.open[symbol]) > 0 {
		return after, limit, false
	}
	return after, to, true
}

// filled takes a window of the history. It is true when nothing is missing any more.
func (b *Broker) filled(symbol string, ticks []trade.Tick, to time.Time, last bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.feed(symbol)
	for _, t := range ticks {
		if isPrice(t.Price) && t.At.After(h.last.At) {
			b.step(symbol, t, false)
		}
	}
	if !last || h.waiting[0].At.After(to) { // or some that waited were dropped
		h.last.At = to
		return false
	}
	for _, t := range h.waiting {
		if t.At.After(h.last.At) {
			b.step(symbol, t, false)
		}
	}
	h.waiting, h.behind, h.filling = nil, false, false
	return true
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
