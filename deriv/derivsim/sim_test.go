package derivsim_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/price"
)

// start returns a simulator that runs until the test ends.
func start(t *testing.T, opts *derivsim.Options) *derivsim.Sim {
	t.Helper()
	s, err := derivsim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	run(t, s)
	return s
}

// run has something run until the test ends, and waits for it then.
func run(t *testing.T, r interface{ Run(context.Context) error }) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = r.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

func clientOptions(s *derivsim.Sim) *deriv.Options {
	return &deriv.Options{URL: derivsim.MemoryURL, HTTPClient: s.HTTPClient(), Token: deriv.NewToken("any"), AppID: "7"}
}

func public(t *testing.T, s *derivsim.Sim) *deriv.Client {
	t.Helper()
	return must(t, func() (*deriv.Client, error) { return deriv.New(clientOptions(s)) })
}

func trading(t *testing.T, s *derivsim.Sim) *deriv.Account {
	t.Helper()
	return must(t, func() (*deriv.Account, error) { return deriv.NewAccount(clientOptions(s)) })
}

func must[T interface{ Run(context.Context) error }](t *testing.T, dial func() (T, error)) T {
	t.Helper()
	c, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	run(t, c)
	return c
}

func indices(t testing.TB, names ...string) []price.Index {
	t.Helper()
	var list []price.Index
	for _, name := range names {
		x, err := price.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, x)
	}
	return list
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestTheClientIsAtHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &derivsim.Options{Seed: 1, Start: noon})
		c := public(t, s)
		if now, err := c.Time(t.Context()); err != nil || now.Sub(noon).Abs() > time.Second {
			t.Fatalf("got %v, %v, want about %v", now, err, noon)
		}
		if symbols, err := c.ActiveSymbols(t.Context()); err != nil || len(symbols) != len(price.Indices()) {
			t.Fatalf("got %d symbols, %v, want %d", len(symbols), err, len(price.Indices()))
		}
		ticks, err := c.Ticks(t.Context(), "R_75")
		if err != nil {
			t.Fatal(err)
		}
		last := deriv.Epoch(0)
		for range 5 {
			e, err := ticks.Next(t.Context())
			if err != nil || last != 0 && e.Value.Epoch != last+2 {
				t.Fatalf("got %+v, %v after %d, want a tick every two seconds", e, err, last)
			}
			last = e.Value.Epoch
		}
		a := trading(t, s)
		bought := buy(t, a, rise("R_75", 10*deriv.Unit, 5))
		watch, err := a.WatchContract(t.Context(), bought.Contract)
		if err != nil {
			t.Fatal(err)
		}
		var end deriv.OpenContract
		for e, err := range watch.All(t.Context()) {
			if end = e.Value; err != nil {
				t.Fatal(err)
			}
		}
		if !end.Settled() || len(end.Ticks) != 6 || end.ExitTime-end.EntryTime != 10 || end.EntryTime <= bought.Start {
			t.Errorf("got %+v, want an entry after the start and the end five ticks later", end)
		}
	})
}

func rise(symbol string, stake deriv.Money, ticks int) deriv.Selection {
	return deriv.Selection{Symbol: symbol, ContractType: "CALL", Currency: "USD", Amount: stake, Basis: "stake", Duration: ticks, DurationUnit: "t"}
}

func buy(t *testing.T, a *deriv.Account, sel deriv.Selection) deriv.Bought {
	t.Helper()
	q, err := a.Quote(t.Context(), sel)
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Buy(t.Context(), q, q.Ask)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
