package paper_test

import (
	"context"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/internal/venue"
	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/brokertest"
	"github.com/karlquant/quasar/trade/paper"
	"github.com/karlquant/quasar/trade/replay"
)

func TestOnAReplayItIsABroker(t *testing.T) { brokertest.Run(t, onReplay) }

func TestOnAVenueItIsABroker(t *testing.T) { brokertest.Run(t, onVenue) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

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

// tape plays simulated ticks for as long as somebody lets time pass.
type tape struct {
	player replay.Player
	next   func() (replay.Record, error, bool)
	held   *replay.Record // read, and not due yet
}

func newTape(t testing.TB, opts *paper.Options) *tape {
	t.Helper()
	traded := indices(t, "V75", "V100_1s", "CRASH500")
	market, err := replay.New(&replay.Options{Indices: traded})
	if err != nil {
		t.Fatal(err)
	}
	broker, err := paper.New(market, opts)
	if err != nil {
		t.Fatal(err)
	}
	ticks, err := replay.Simulated(traded, 7, noon, 48*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	next, stop := iter.Pull2(ticks)
	t.Cleanup(stop)
	p := &tape{player: replay.Player{Market: market, Broker: broker}, next: next}
	p.until(t.Context(), noon.Add(5*time.Second))
	return p
}

// until plays all that is due.
func (p *tape) until(ctx context.Context, to time.Time) {
	for {
		if p.held == nil {
			r, err, ok := p.next()
			if err != nil || !ok {
				return
			}
			p.held = &r
		}
		if p.held.At.After(to) {
			break
		}
		p.player.Play(ctx, p.held)
		p.held = nil
	}
	p.player.Play(ctx, &replay.Record{At: to})
}

func onReplay(t *testing.T) *brokertest.Bench {
	p := newTape(t, &paper.Options{Venue: "recording", Seed: 1})
	return &brokertest.Bench{
		Broker: p.player.Broker, Asset: "V75", Multiplies: "V100_1s",
		Pass: func(d time.Duration) { p.until(t.Context(), p.player.Market.Now().Add(d)) },
		Refuse: func() {
			tick, _ := p.player.Market.Tick("R_75")
			now := p.player.Market.Now()
			p.player.Play(t.Context(), &replay.Record{At: now, Symbol: "R_75", Tick: trade.Tick{Price: tick.Price * 1.01, At: now}})
		},
	}
}

// simulator runs until the test ends.
func simulator(t *testing.T) *derivsim.Sim {
	t.Helper()
	sim, err := derivsim.New(&derivsim.Options{Seed: 3, Start: noon, History: 500, Indices: indices(t, "V75", "V100_1s", "CRASH500")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = sim.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return sim
}

func marketOf(t *testing.T, sim *derivsim.Sim) *venue.Market {
	t.Helper()
	client, err := deriv.New(&deriv.Options{URL: derivsim.MemoryURL, HTTPClient: sim.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	return venue.NewMarket(client, "USD", nil)
}

func onVenue(t *testing.T) *brokertest.Bench {
	sim := simulator(t)
	market := marketOf(t, sim)
	broker, err := paper.New(market, &paper.Options{Feed: market, Venue: "simulator", Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	return &brokertest.Bench{
		Broker: broker, Asset: "V75", Multiplies: "V100_1s", Pass: time.Sleep,
		Cut: func() {
			if err := sim.Inject(derivsim.Fault{Kind: derivsim.Maintenance, Count: 1, For: 20 * time.Second}); err != nil {
				t.Error(err)
			}
		},
	}
}
