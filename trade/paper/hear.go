package paper

import (
	"math"
	"slices"

	"github.com/karlquant/quasar/trade"
)

// heard is what was heard of one symbol.
type heard struct {
	last trade.Tick // the newest that contracts know of
	// behind tells that contracts missed ticks, which are read from the history;
	// waiting are those that came since, the oldest first.
	behind  bool
	filling bool
	waiting []trade.Tick
}

// maxWaiting bounds the ticks of a symbol that wait for what is before them. Beyond
// that they are dropped, to be read from the history as well.
const maxWaiting = 10_000

// feed is what was heard of a symbol. b.mu must be held.
func (b *Broker) feed(symbol string) *heard {
	h := b.heard[symbol]
	if h == nil {
		h = new(heard)
		b.heard[symbol] = h
	}
	return h
}

// Hear takes the next tick of a symbol: contracts begin and end with it. It is not
// whole if ticks before it may be missing. One that is not newer than the last, or no
// price, says nothing.
func (b *Broker) Hear(symbol string, t trade.Tick, whole bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.feed(symbol)
	if !isPrice(t.Price) || !t.At.After(h.last.At) {
		return
	}
	if b.opts.Feed == nil {
		b.step(symbol, t, !whole || h.behind)
		h.behind = false
		return
	}
	if h.behind = h.behind || !whole && len(b.book.open[symbol]) > 0; !h.behind {
		b.step(symbol, t, false)
		return
	}
	if len(h.waiting) == maxWaiting {
		h.waiting = nil
	}
	h.waiting = append(h.waiting, t)
	b.poke()
}

func isPrice(p float64) bool { return p > 0 && !math.IsInf(p, 1) }

// step brings the contracts of a symbol on by a tick. b.mu must be held.
func (b *Broker) step(symbol string, t trade.Tick, gap bool) {
	b.feed(symbol).last = t
	for _, c := range slices.Clone(b.book.open[symbol]) {
		fresh := c.entry.At.IsZero()
		s := c.tick(t, gap)
		switch {
		case s != nil:
			m := b.book.settle(c, s)
			b.say(trade.Event{Contract: c.told()})
			b.say(trade.Event{Movement: &m})
		case fresh && !c.entry.At.IsZero(), c.sellable():
			b.say(trade.Event{Contract: c.told()})
		}
	}
}

// say keeps an event for whoever is told. b.mu must be held, but in New.
func (b *Broker) say(e trade.Event) {
	b.events = append(b.events, e)
	b.poke()
}

func (b *Broker) poke() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Events takes what happened since it was last called, in order. It is for a market
// that is played; Run tells the others.
func (b *Broker) Events() []trade.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	events := b.events
	b.events = nil
	return events
}
