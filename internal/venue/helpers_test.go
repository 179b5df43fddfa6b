package venue_test

import (
	"context"
	"testing"

	"github.com/karlquant/quasar/internal/venue"
	"github.com/karlquant/quasar/trade"
)

// running runs a broker until the test ends, and returns what it tells once it is
// connected.
func running(t *testing.T, b *venue.Broker) <-chan trade.Event {
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
	if e := <-events; e.Connected == 0 {
		t.Fatalf("got %+v first, want that it is connected", e)
	}
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
