package brokertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/karlquant/quasar/trade"
)

func foreignIsShown(t *testing.T, b *Bench) {
	if b.Foreign == nil {
		return
	}
	w := start(t, b)
	before := w.all().Balance
	b.Foreign()
	r := w.all()
	if len(r.Open) != 1 || r.Open[0].AppID == b.Broker.Account().AppID || r.Open[0].Price <= 0 || r.Open[0].Symbol == "" || r.Open[0].Kind == "" {
		t.Fatalf("got %+v, want an open contract of another app", r.Open)
	}
	w.addsUp(r, before)
	_, ours := w.buy(w.rise(5))
	if c := find(w.all().Open, ours.Contract); c == nil || c.AppID != b.Broker.Account().AppID {
		t.Errorf("got %+v, want ours told apart", c)
	}
}

func connectionsAreTold(t *testing.T, b *Bench) {
	if b.Cut == nil {
		return
	}
	w := start(t, b)
	symbol := w.instrument(b.Asset).Symbol
	_, r := w.buy(w.rise(10))
	first := w.connected()
	b.Cut()
	w.until(time.Minute, "told that it is lost", func() bool { return w.connected() == 0 })
	w.until(5*time.Minute, "connected again", func() bool { return w.connected() > first })
	was, _ := b.Broker.Tick(symbol)
	w.until(time.Minute, "hearing ticks again", func() bool { now, _ := b.Broker.Tick(symbol); return now.At.After(was.At) })
	w.ends(&r, 5*time.Minute)
}

func quotesEndWithTheirConnection(t *testing.T, b *Bench) {
	if b.Cut == nil {
		return
	}
	w := start(t, b)
	q := w.quote(w.rise(5))
	first := w.connected()
	b.Cut()
	w.until(5*time.Minute, "connected again", func() bool { return w.connected() > first })
	if r, err := b.Broker.Buy(t.Context(), &q); !errors.Is(err, trade.ErrRejected) {
		t.Errorf("got %+v, %v, want ErrRejected", r, err)
	}
	if all := w.all(); len(all.Movements) != 0 {
		t.Errorf("got %+v, want nothing on record", all)
	}
}

func silentBuysAreOnRecord(t *testing.T, b *Bench) {
	if b.Mute == nil {
		return
	}
	w := start(t, b)
	terms := w.rise(10)
	q := w.quote(terms)
	sent := b.Broker.Now()
	b.Mute()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := b.Broker.Buy(ctx, &q)
	if err == nil || errors.Is(err, trade.ErrRejected) {
		t.Fatalf("got %+v, %v, want an error that promises nothing", r, err)
	}
	all := w.all()
	if len(all.Open) != 1 {
		t.Fatalf("got %+v, want the contract", all)
	}
	c := all.Open[0]
	late := c.Purchased.Sub(sent)
	if c.AppID != b.Broker.Account().AppID || c.Symbol != terms.Symbol || c.Kind != terms.Kind || c.Price != q.Ask || late < -2*time.Second || late > 10*time.Second {
		t.Errorf("got %+v, want what was asked for, bought within the deadline", c)
	}
	w.settled(c.ID, 3*time.Minute) // the record showed it to be ours
}

func nextProcessIsTold(t *testing.T, b *Bench) {
	if b.Again == nil {
		return
	}
	w := start(t, b)
	_, r := w.buy(w.rise(10))
	w.stop()
	next := *b
	next.Broker = b.Again()
	again := start(t, &next)
	again.began = w.began
	if c := find(again.all().Open, r.Contract); c == nil || c.Transaction != r.Transaction || c.Price != r.Price {
		t.Fatalf("got %+v, want the contract on record", c)
	}
	again.ends(&r, 3*time.Minute)
}
