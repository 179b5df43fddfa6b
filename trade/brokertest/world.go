package brokertest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/trade"
)

// world is a broker that runs, and what it told.
type world struct {
	*Bench
	t     *testing.T
	began time.Time // by the broker's clock
	stop  func()

	mu     sync.Mutex // guards events
	events []trade.Event
}

// start runs the broker until the test ends, and waits for its connection.
func start(t *testing.T, b *Bench) *world {
	t.Helper()
	w := &world{Bench: b, t: t}
	w.run(b.Broker)
	w.until(time.Minute, "connected", func() bool { return w.connected() > 0 })
	w.began = b.Broker.Now()
	return w
}

func (w *world) run(b trade.Broker) {
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx, w.tell) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("Run: %v, want nil after its context ended", err)
		}
	})
	w.t.Cleanup(w.stop)
}

func (w *world) tell(e trade.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

func (w *world) told() []trade.Event {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.events)
}

// connected is the newest connection that was told and not lost, 0 for none.
func (w *world) connected() (generation uint64) {
	for _, e := range w.told() {
		switch {
		case e.Connected != 0:
			generation = e.Connected
		case e.Lost != nil:
			generation = 0
		}
	}
	return generation
}

// until lets the world's time pass until something is so, for at most so long.
func (w *world) until(most time.Duration, what string, ok func() bool) {
	w.t.Helper()
	for range int(most / (500 * time.Millisecond)) {
		synctest.Wait()
		if ok() {
			return
		}
		w.Pass(500 * time.Millisecond)
	}
	w.t.Fatalf("not %s within %v", what, most)
}

func (w *world) instrument(asset string) trade.Instrument {
	w.t.Helper()
	in, err := w.Broker.Instrument(w.t.Context(), asset)
	if err != nil {
		w.t.Fatal(err)
	}
	w.until(time.Minute, "a tick of "+in.Symbol, func() bool { _, ok := w.Broker.Tick(in.Symbol); return ok })
	return in
}

func (w *world) rise(ticks int) trade.Terms {
	return trade.Terms{Symbol: w.instrument(w.Asset).Symbol, Kind: trade.Rise, Stake: trade.Cents(1000), Ticks: ticks}
}

func (w *world) quote(t trade.Terms) trade.Quote {
	w.t.Helper()
	q, err := w.Broker.Quote(w.t.Context(), t)
	if err != nil {
		w.t.Fatal(err)
	}
	return q
}

// buy buys, and as often as it is refused for its price.
func (w *world) buy(t trade.Terms) (trade.Quote, trade.Receipt) {
	w.t.Helper()
	var err error
	for range 20 {
		q := w.quote(t)
		var r trade.Receipt
		if r, err = w.Broker.Buy(w.t.Context(), &q); err == nil {
			return q, r
		}
		w.Pass(time.Second)
	}
	w.t.Fatalf("not bought in twenty tries: %v", err)
	return trade.Quote{}, trade.Receipt{}
}

func (w *world) record(since time.Time) *trade.Record {
	w.t.Helper()
	r, err := w.Broker.Record(w.t.Context(), since)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) all() *trade.Record {
	w.t.Helper()
	return w.record(w.began.Add(-time.Minute))
}

// settled is the end of a contract as it was told, after waiting for it.
func (w *world) settled(id int64, most time.Duration) trade.Contract {
	w.t.Helper()
	var end *trade.Contract
	w.until(most, "told of the end of the contract", func() bool {
		for _, e := range w.told() {
			if e.Contract != nil && e.Contract.ID == id && e.Contract.Settlement != nil {
				end = e.Contract
			}
		}
		return end != nil
	})
	return *end
}

// sold is the movement of a contract's end as it was told.
func (w *world) sold(id int64) *trade.Movement {
	w.t.Helper()
	var m *trade.Movement
	w.until(time.Minute, "told of the movement", func() bool {
		for _, e := range w.told() {
			if e.Movement != nil && e.Movement.Contract == id && e.Movement.Action == "sell" {
				m = e.Movement
			}
		}
		return m != nil
	})
	return m
}

func find(contracts []trade.Contract, id int64) *trade.Contract {
	at := slices.IndexFunc(contracts, func(c trade.Contract) bool { return c.ID == id })
	if at < 0 {
		return nil
	}
	return &contracts[at]
}

// movement finds the movement of a contract that is of an action.
func movement(r *trade.Record, id int64, action string) *trade.Movement {
	at := slices.IndexFunc(r.Movements, func(m trade.Movement) bool { return m.Contract == id && m.Action == action })
	if at < 0 {
		return nil
	}
	return &r.Movements[at]
}

// addsUp checks that each movement leaves the balance that it says, and the last one
// that of the record, from a balance before the first.
func (w *world) addsUp(r *trade.Record, before trade.Money) {
	w.t.Helper()
	var last int64
	for _, m := range r.Movements {
		if before += m.Amount; m.Balance != before || m.Transaction <= last {
			w.t.Fatalf("got %+v, want a balance of %s and a transaction above %d", m, before, last)
		}
		last = m.Transaction
	}
	if r.Balance != before {
		w.t.Errorf("got a balance of %s, want %s as the movements say", r.Balance, before)
	}
}
