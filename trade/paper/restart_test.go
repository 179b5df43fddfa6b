package paper_test

import (
	"context"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/paper"
)

// memory is a journal that outlives traders, and no process.
type memory struct {
	mu      sync.Mutex // guards entries
	entries []*trade.Entry
}

func (m *memory) Append(_ context.Context, entries ...*trade.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range entries {
		e.Seq = int64(len(m.entries) + 1)
		m.entries = append(m.entries, e)
	}
	return nil
}

func (m *memory) Entries(context.Context) iter.Seq2[*trade.Entry, error] {
	m.mu.Lock()
	all := slices.Clone(m.entries)
	m.mu.Unlock()
	return func(yield func(*trade.Entry, error) bool) {
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// process is a trader on paper, as long as it lives.
type process struct {
	*trade.Trader
	market  trade.Market
	signals chan trade.Signal
	kill    func()
}

func begin(t *testing.T, sim *derivsim.Sim, j trade.Journal) *process {
	t.Helper()
	market := marketOf(t, sim)
	broker, err := paper.New(market, &paper.Options{Feed: market, Venue: "simulator", Seed: 1, Rejected: -1})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := trade.New(&trade.Options{Broker: broker, Journal: j, Terms: func(f *trade.Facts) (trade.Terms, error) {
		return trade.Terms{Symbol: f.Instrument.Symbol, Kind: trade.Rise, Stake: trade.Unit, Ticks: 10}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p := &process{Trader: tr, market: market, signals: make(chan trade.Signal)}
	var running sync.WaitGroup
	running.Go(func() { _ = tr.Run(ctx, p.signals) })
	p.kill = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(p.kill)
	p.eventually(t, "journal and venue agree", func() bool { return tr.Status().Reconciled })
	return p
}

func (p *process) eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 600 {
		synctest.Wait()
		if ok() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s: not within a minute; orders %+v, status %+v", what, p.Orders(5), p.Status())
}

// A contract that was open when its process ended is settled by the next, with the
// ticks that it had in between, and the money is there.
func TestATraderGoesOnAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim, j := simulator(t), new(memory)
		first := begin(t, sim, j)
		in, err := first.market.Instrument(t.Context(), "V75")
		if err != nil {
			t.Fatal(err)
		}
		first.eventually(t, "a tick", func() bool { _, ok := first.market.Tick(in.Symbol); return ok })
		tick, _ := first.market.Tick(in.Symbol)
		first.signals <- trade.Signal{Decision: "1", Asset: "V75", Side: trade.Buy, Votes: [2]int64{1, 0}, Price: &tick.Price, TrainingAge: new(time.Duration(0))}
		first.eventually(t, "it is bought", func() bool { o := first.Orders(1); return len(o) == 1 && o[0].State == trade.StateOpen })
		first.kill()
		bought := first.Orders(1)[0]
		time.Sleep(5 * time.Minute)

		next := begin(t, sim, j)
		next.eventually(t, "it is settled", func() bool { return next.Orders(1)[0].State == trade.StateSettled })
		o := next.Orders(1)[0]
		if s := o.Settlement; s.Result == trade.Cancelled || s.At.After(bought.Expiry()) || s.At.Before(o.Receipt.Purchased.Add(20*time.Second)) {
			t.Errorf("got %+v, want it decided ten ticks after %v", s, o.Receipt.Purchased)
		}
		if err := next.Reconcile(t.Context()); err != nil {
			t.Errorf("reconcile: %v", err)
		}
		if s := next.Status(); s.Halt != nil || s.Balance != 10_000*trade.Unit+o.Profit() {
			t.Errorf("got %+v, want no halt and the profit of %s in the balance", s, o.Profit())
		}
	})
}
