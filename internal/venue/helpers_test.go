package venue_test

import (
	"context"
	"testing"
	"time"

	"github.com/karlquant/quasar/internal/venue"
	"github.com/karlquant/quasar/trade"
)

// running runs a broker until the test ends, and returns what it tells once it is
// connected.
func running(t *testing.T, b *venue.Broker) <-chan trade.Event {
	t.Helper()
	events := telling(t, b)
	await(t, events, func(e trade.Event) bool { return e.Connected != 0 })
	return events
}

// telling runs a broker until the test ends, and returns what it tells.
func telling(t *testing.T, b *venue.Broker) <-chan trade.Event {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	events := make(chan trade.Event, 10_000)
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx, func(e trade.Event) { events <- e }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return events
}

func buy(t *testing.T, b trade.Broker, terms trade.Terms) trade.Receipt {
	t.Helper()
	q, err := b.Quote(t.Context(), terms)
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.Buy(t.Context(), &q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// await reads events up to one, for ten minutes.
func await(t *testing.T, events <-chan trade.Event, ok func(trade.Event) bool) {
	t.Helper()
	late := time.After(10 * time.Minute)
	for {
		select {
		case e := <-events:
			if ok(e) {
				return
			}
		case <-late:
			t.Fatal("not told within ten minutes")
		}
	}
}

func settled(contract int64) func(trade.Event) bool {
	return func(e trade.Event) bool {
		return e.Contract != nil && e.Contract.ID == contract && e.Contract.Settlement != nil
	}
}
