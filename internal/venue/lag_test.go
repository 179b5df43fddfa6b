package venue_test

import (
	"testing"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/internal/venue"
	"github.com/karlquant/quasar/trade"
)

// An index whose ticks end is too old to buy, and makes no other one so.
func TestADeadIndexMakesNoOtherLate(t *testing.T) {
	sim, err := derivsim.New(&derivsim.Options{Seed: 1, Speed: 20, History: 100})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = sim.Run(t.Context()) }()
	t.Cleanup(func() { <-ended })
	b, err := venue.Open(t.Context(), &venue.Options{Mode: trade.Demo, Deriv: deriv.Options{
		URL: derivsim.MemoryURL, HTTPClient: sim.HTTPClient(), Token: deriv.NewToken("any"), AppID: "77",
	}})
	if err != nil {
		t.Fatal(err)
	}
	running(t, b)
	b.Watch("R_75")
	b.Watch("1HZ100V")
	age := func(symbol string) time.Duration {
		tick, ok := b.Tick(symbol)
		if !ok {
			return -1
		}
		return b.Now().Sub(tick.At)
	}
	eventually(t, func() bool { return age("R_75") >= 0 && age("1HZ100V") >= 0 })
	if err := sim.Inject(derivsim.Fault{Kind: derivsim.TickGap, Symbol: "R_75", Rate: 1}); err != nil {
		t.Fatal(err)
	}
	most := trade.DefaultLimits().MaxTickAge
	eventually(t, func() bool {
		return age("R_75") > 2*most && age("1HZ100V") < most && b.Health().Lag < trade.DefaultLimits().MaxLag
	})
}
