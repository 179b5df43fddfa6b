package brokertest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/karlquant/quasar/trade"
)

func accountIsNamed(t *testing.T, b *Bench) {
	a := b.Broker.Account()
	if !slices.Contains(trade.Modes, a.Mode) || a.ID == "" || a.Currency == "" || a.Venue == "" {
		t.Errorf("got %+v, want a mode, an id, a currency and a venue", a)
	}
	start(t, b)
	if again := b.Broker.Account(); again != a {
		t.Errorf("got %+v, want it to stay %+v", again, a)
	}
}

func unknownNamesAreNotTraded(t *testing.T, b *Bench) {
	w := start(t, b)
	for _, name := range []string{"V75_TEST", "", "NOTHING AT ALL", "\x00"} {
		if in, err := b.Broker.Instrument(t.Context(), name); !errors.Is(err, trade.ErrNotTraded) {
			t.Errorf("%q: got %+v, %v, want ErrNotTraded", name, in, err)
		}
	}
	if in := w.instrument(b.Asset); !in.RiseFall || !in.Open || in.MinTicks > 5 || in.MaxTicks < 5 || in.MinDuration > 15*time.Second || in.MaxDuration < time.Minute {
		t.Errorf("%s: got %+v, want an open market with Rise and Fall of five ticks and of a minute", b.Asset, in)
	}
	if in := w.instrument(b.Multiplies); !in.Multiply || len(in.Multipliers) == 0 || !slices.IsSorted(in.Multipliers) {
		t.Errorf("%s: got %+v, want multipliers that ascend", b.Multiplies, in)
	}
}

func ticksCome(t *testing.T, b *Bench) {
	w := start(t, b)
	symbol := w.instrument(b.Asset).Symbol
	if tick, ok := b.Broker.Tick("nothing"); ok {
		t.Errorf("got %+v of nothing", tick)
	}
	first, _ := b.Broker.Tick(symbol)
	w.Pass(10 * time.Second)
	second, _ := b.Broker.Tick(symbol)
	now := b.Broker.Now()
	if !second.At.After(first.At) || second.At.After(now) || now.Sub(second.At) > 5*time.Second || !(second.Price > 0) {
		t.Errorf("got %+v after %+v, at %v, want a newer tick of just before", second, first, now)
	}
	if h := b.Broker.Health(); !h.Connected || h.Lag > 5*time.Second || h.Lag < 0 {
		t.Errorf("got %+v, want it connected and not late", h)
	}
	if passed := now.Sub(w.began); passed < 10*time.Second {
		t.Errorf("got %v passed on the broker's clock, want 10 s or more", passed)
	}
}

func quotesAreOfTheTerms(t *testing.T, b *Bench) {
	w := start(t, b)
	terms := w.rise(5)
	q := w.quote(terms)
	tick, _ := b.Broker.Tick(terms.Symbol)
	if q.Terms != terms || q.ID == "" || q.Generation == 0 || q.Ask != terms.Stake || q.Payout <= q.Ask || q.BreakEven() <= 0.4 {
		t.Errorf("got %+v, want a quote of %+v that pays more than it costs, and not too much", q, terms)
	}
	if age := b.Broker.Now().Sub(q.At).Abs(); age > 2*time.Second || q.Spot < 0.9*tick.Price || q.Spot > 1.1*tick.Price {
		t.Errorf("got a quote of %v ago at %v, want one of now at about %v", age, q.Spot, tick.Price)
	}
	terms.Stake = 0
	if q, err := b.Broker.Quote(t.Context(), terms); err == nil {
		t.Errorf("got %+v for no stake, want an error", q)
	}
}

func recordsAreSince(t *testing.T, b *Bench) {
	w := start(t, b)
	_, r := w.buy(w.rise(2))
	w.settled(r.Contract, time.Minute)
	w.Pass(5 * time.Minute)
	w.began = b.Broker.Now()
	if late := w.record(w.began.Add(-time.Minute)); len(late.Movements) != 0 || len(late.Open) != 0 || find(late.Closed, r.Contract) != nil || late.Balance <= 0 {
		t.Errorf("got %+v, want nothing but a balance of a minute in which nothing happened", late)
	}
	if now := w.record(w.began); now.At.Sub(w.began).Abs() > 5*time.Second {
		t.Errorf("got a record of %v, want one of %v", now.At, w.began)
	}
}

func unknownContractsAreNot(t *testing.T, b *Bench) {
	start(t, b)
	if c, err := b.Broker.Contract(t.Context(), 404); err == nil {
		t.Errorf("got %+v, want an error for a contract that nobody bought", c)
	}
	if err := b.Broker.Sell(t.Context(), 404); err == nil {
		t.Error("got nil for the sell of a contract that nobody bought, want an error")
	}
}

func manyAsk(t *testing.T, b *Bench) {
	w := start(t, b)
	terms := w.rise(3)
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			q, err := b.Broker.Quote(t.Context(), terms)
			if err != nil {
				t.Error(err)
				return
			}
			var no *trade.Rejection
			if _, err := b.Broker.Buy(t.Context(), &q); err != nil && !errors.As(err, &no) {
				t.Errorf("got %v, want a contract or a rejection", err)
			}
			b.Broker.Health()
			b.Broker.Tick(terms.Symbol)
		})
	}
	asking.Go(func() {
		if _, err := b.Broker.Record(t.Context(), w.began); err != nil {
			t.Error(err)
		}
	})
	asking.Wait()
	w.Pass(time.Minute)
	r := w.all()
	w.addsUp(r, w.opening(r))
	if len(r.Open) != 0 {
		t.Errorf("got %d open contracts a minute later, want none", len(r.Open))
	}
}

// opening is the balance before the first movement of a record.
func (w *world) opening(r *trade.Record) trade.Money {
	if len(r.Movements) == 0 {
		return r.Balance
	}
	return r.Movements[0].Balance - r.Movements[0].Amount
}

// given up before it left: nothing was bought.
func givenUpBuysNothing(t *testing.T, b *Bench) {
	w := start(t, b)
	q := w.quote(w.rise(5))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := b.Broker.Buy(ctx, &q)
	if !errors.Is(err, trade.ErrRejected) {
		t.Errorf("got %+v, %v, want ErrRejected", r, err)
	}
	w.Pass(10 * time.Second)
	if all := w.all(); len(all.Movements)+len(all.Open)+len(all.Closed) != 0 {
		t.Errorf("got %+v, want nothing on record", all)
	}
}
