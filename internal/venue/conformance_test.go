package venue_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/internal/venue"
	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/brokertest"
)

func TestItIsABroker(t *testing.T) {
	brokertest.Run(t, func(t *testing.T) *brokertest.Bench { return bench(t, simulator(t, nil), trade.Demo) })
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// simulator runs until the test ends.
func simulator(t *testing.T, opts *derivsim.Options) *derivsim.Sim {
	t.Helper()
	o := derivsim.Options{Seed: 3, Start: noon, History: 500, Indices: indices(t, "V75", "V100_1s", "CRASH500")}
	if opts != nil {
		o = *opts
	}
	sim, err := derivsim.New(&o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = sim.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return sim
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

func options(sim *derivsim.Sim, mode trade.Mode) *venue.Options {
	return &venue.Options{Mode: mode, Deriv: deriv.Options{
		URL: derivsim.MemoryURL, HTTPClient: sim.HTTPClient(), Token: deriv.NewToken("any"), AppID: "77", RealMoney: mode == trade.Live,
	}}
}

func open(t *testing.T, sim *derivsim.Sim, mode trade.Mode) *venue.Broker {
	t.Helper()
	b, err := venue.Open(t.Context(), options(sim, mode))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func bench(t *testing.T, sim *derivsim.Sim, mode trade.Mode) *brokertest.Bench {
	inject := func(f derivsim.Fault) func() {
		return func() {
			if err := sim.Inject(f); err != nil {
				t.Error(err)
			}
		}
	}
	return &brokertest.Bench{
		Broker: open(t, sim, mode), Asset: "V75", Multiplies: "V100_1s", Pass: time.Sleep,
		Refuse:  inject(derivsim.Fault{Kind: derivsim.PriceMoved, Count: 1, Call: "buy"}),
		Foreign: inject(derivsim.Fault{Kind: derivsim.ForeignContract, Count: 1}),
		Cut:     inject(derivsim.Fault{Kind: derivsim.Maintenance, Count: 1, For: 20 * time.Second}),
		Mute:    inject(derivsim.Fault{Kind: derivsim.DropAfter, Count: 1, Call: "buy"}),
		Again:   func() trade.Broker { return open(t, sim, mode) },
	}
}
