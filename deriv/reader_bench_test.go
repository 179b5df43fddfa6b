package deriv_test

import (
	"testing"
	"time"

	"github.com/karlquant/quasar/deriv"
)

// How long a call takes while a hundred ticks come for each, and their reader reads,
// or never does: the two should not differ.
func BenchmarkCallBesideAReader(b *testing.B) {
	b.Run("that reads", func(b *testing.B) { benchmarkReader(b, true) })
	b.Run("that never reads", func(b *testing.B) { benchmarkReader(b, false) })
}

func benchmarkReader(b *testing.B, reads bool) {
	const ticks = 100 // for each call
	v := newVenue(b)
	epoch := deriv.EpochOf(time.Now()) - 1_000_000_000
	v.answer = func(p *peer, call string, request map[string]any) bool {
		switch call {
		case "ticks":
			p.reply(request, "tick", tick("1HZ100V", epoch))
		case "balance":
			id := p.stream()
			for range ticks {
				epoch++
				p.update(id, "tick", tick("1HZ100V", epoch))
			}
		}
		return call == "ticks"
	}
	c := startAccount(b, v, func(o *deriv.Options) {
		o.TickSilence = -1
		o.Budgets.Money = deriv.Budget{PerMinute: 1e9, PerHour: 1e9}
	})
	stream, err := c.Ticks(b.Context(), "1HZ100V")
	if err != nil {
		b.Fatal(err)
	}
	defer stream.Close()
	if reads {
		go func() {
			for range stream.All(b.Context()) {
			}
		}()
	}
	for b.Loop() {
		if _, err := c.Balance(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if got := c.Health().Counters; got.Drops > 0 || !reads && b.N > 1000 && got.Missed == 0 {
		b.Errorf("got %+v, want no drop, and ticks missed by who does not read", got)
	}
}
