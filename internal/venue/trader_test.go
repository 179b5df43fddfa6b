package venue_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/internal/venue"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
)

// start returns a broker on a simulator that lives a thousand times as fast as we do.
func start(t *testing.T, faults ...derivsim.Fault) (*derivsim.Sim, *venue.Broker) {
	t.Helper()
	sim, err := derivsim.New(&derivsim.Options{Seed: 1, Speed: 200, Faults: faults, History: 100})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = sim.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	b, err := venue.Open(ctx, &venue.Options{Mode: trade.Demo, Deriv: deriv.Options{
		URL: derivsim.MemoryURL, HTTPClient: sim.HTTPClient(), Token: deriv.NewToken("any"), AppID: "77",
	}})
	if err != nil {
		t.Fatal(err)
	}
	return sim, b
}

func riseOrFall(f *trade.Facts) (trade.Terms, error) {
	kind := trade.Rise
	if f.Signal.Side == trade.Sell {
		kind = trade.Fall
	}
	return trade.Terms{Symbol: f.Instrument.Symbol, Kind: kind, Stake: trade.Cents(50), Ticks: 5}, nil
}

func TestASignalBecomesAContractAndMoney(t *testing.T) {
	_, b := start(t)
	j, err := journal.Open(t.TempDir(), b.Account(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	tr, err := trade.New(&trade.Options{Broker: b, Journal: j, Terms: riseOrFall, Limits: &trade.Limits{MaxFrozen: -1, MaxPriceGap: 1e6}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	signals, ended := make(chan trade.Signal), make(chan error, 1)
	go func() { ended <- tr.Run(ctx, signals) }()
	defer func() { cancel(); <-ended }()
	eventually(t, func() bool { return tr.Status().Reconciled })
	n := 0
	eventually(t, func() bool {
		n++
		select {
		case signals <- trade.Signal{Decision: strconv.Itoa(n), Asset: "V75", Side: trade.Buy, Price: new(1.0)}:
		default: // the first are refused: no tick has come yet
		}
		orders := tr.Orders(10)
		return len(orders) == 1 && orders[0].State == trade.StateSettled
	})
	o := tr.Orders(1)[0]
	t.Log(o.State, o.Contract(), o.Price(), o.Profit(), tr.Status().Balance)
	eventually(t, func() bool { err := tr.Reconcile(ctx); return err == nil })
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time")
		}
	}
}
