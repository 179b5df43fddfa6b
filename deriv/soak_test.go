package deriv_test

import (
	"context"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/price"
)

// faulty is everything that goes wrong at a venue, but for a token that is
// revoked, which ends a client.
var faulty = []derivsim.Fault{
	{Kind: derivsim.DropBefore, Rate: 0.02}, {Kind: derivsim.DropAfter, Rate: 0.02}, {Kind: derivsim.LateAnswer, Rate: 0.02},
	{Kind: derivsim.DuplicateAnswer, Rate: 0.05}, {Kind: derivsim.ContractBeforeBuy, Rate: 0.2}, {Kind: derivsim.SettlementByTransaction, Rate: 0.1},
	{Kind: derivsim.NoFinalContract, Rate: 0.1}, {Kind: derivsim.TickGap, Rate: 0.01}, {Kind: derivsim.TickDuplicate, Rate: 0.01},
	{Kind: derivsim.TickOutOfOrder, Rate: 0.01}, {Kind: derivsim.Lag, Rate: 0.002}, {Kind: derivsim.RateLimitBurst, Rate: 0.005},
	{Kind: derivsim.PriceMoved, Rate: 0.05}, {Kind: derivsim.MarketClosed, Rate: 0.002}, {Kind: derivsim.OTPFailure, Rate: 0.1},
	{Kind: derivsim.Maintenance, Rate: 0.003}, {Kind: derivsim.Malformed, Rate: 0.01}, {Kind: derivsim.Oversized, Rate: 0.0005},
	{Kind: derivsim.ClockSkew, Rate: 0.001}, {Kind: derivsim.BalanceAdjusted, Rate: 0.01}, {Kind: derivsim.ForeignContract, Rate: 0.02},
}

// Days of a venue on which everything goes wrong: QUASAR_DERIV_DAYS says how many,
// and QUASAR_DERIV_SEED which.
func TestAClientSurvivesDaysOfFaults(t *testing.T) {
	days, seed := 0.05, uint64(7)
	if text := os.Getenv("QUASAR_DERIV_DAYS"); text != "" {
		days = must(strconv.ParseFloat(text, 64))
	}
	if text := os.Getenv("QUASAR_DERIV_SEED"); text != "" {
		seed = must(strconv.ParseUint(text, 10, 64))
	}
	t.Logf("%v days, seed %d", days, seed)
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, seed)
		w.run(time.Duration(days * 24 * float64(time.Hour)))
	})
}

// world is a simulator, an account and those who use it.
type world struct {
	t   *testing.T
	sim *derivsim.Sim
	a   *deriv.Account

	mu           sync.Mutex // guards what follows
	ticks        map[string]int
	transactions []deriv.TransactionID
	settled      int
	outcomes     map[deriv.Outcome]int
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, ticks: map[string]int{}, outcomes: map[deriv.Outcome]int{}}
	indices := []price.Index{must(price.Lookup("V75")), must(price.Lookup("V100_1s"))}
	w.sim = must(derivsim.New(&derivsim.Options{Seed: seed, Indices: indices, Start: time.Now()}))
	running(t, w.sim)
	w.a = must(deriv.NewAccount(&deriv.Options{URL: derivsim.MemoryURL, HTTPClient: w.sim.HTTPClient(), Token: deriv.NewToken("any"), AppID: "7", EventQueue: 16}))
	running(t, w.a)
	return w
}

func (w *world) run(d time.Duration) {
	ctx, cancel := context.WithTimeout(w.t.Context(), d)
	defer cancel()
	idle := must(w.a.Ticks(ctx, "R_75"))
	defer idle.Close()
	transactions := must(w.a.Transactions(ctx))
	defer transactions.Close()
	begun := w.a.Now()
	for _, f := range faulty {
		if err := w.sim.Inject(f); err != nil {
			w.t.Fatal(err)
		}
	}
	var users sync.WaitGroup
	for _, symbol := range []string{"R_75", "1HZ100V"} {
		users.Go(func() { w.watchTicks(ctx, symbol) })
	}
	users.Go(func() { w.callAround(ctx) })
	users.Go(func() { w.trade(ctx) })
	listening, stop := context.WithCancel(w.t.Context())
	var listener sync.WaitGroup
	listener.Go(func() { w.listen(listening, transactions) })
	users.Wait()
	w.sim.Clear()
	time.Sleep(5 * time.Minute) // the last drop is over, the last gap closed
	stop()
	listener.Wait()
	w.check(begun, d)
}

// watchTicks wants each epoch once and in order.
func (w *world) watchTicks(ctx context.Context, symbol string) {
	for ctx.Err() == nil {
		stream, err := w.a.Ticks(ctx, symbol)
		if err != nil {
			continue // the market is closed, or its deadline came
		}
		last := deriv.Epoch(0)
		for e, err := range stream.All(ctx) {
			if err != nil {
				break
			}
			if e.Value.Epoch <= last {
				w.t.Errorf("%s: got %d after %d", symbol, e.Value.Epoch, last)
			}
			last = e.Value.Epoch
			w.mu.Lock()
			w.ticks[symbol]++
			w.mu.Unlock()
		}
		stream.Close()
	}
}

// callAround holds every call to its deadline.
func (w *world) callAround(ctx context.Context) {
	calls := map[string]func() error{
		"time":      func() error { _, err := w.a.Time(ctx); return err },
		"balance":   func() error { _, err := w.a.Balance(ctx); return err },
		"portfolio": func() error { _, err := w.a.Portfolio(ctx); return err },
		"ping":      func() error { return w.a.Ping(ctx) },
	}
	for {
		for name, call := range calls {
			begun := time.Now()
			_ = call() // that it fails is no matter: how long it takes is
			if took := time.Since(begun); took > 10*time.Second {
				w.t.Errorf("%s took %v, want at most 10s", name, took)
			}
			select {
			case <-time.After(7 * time.Second):
			case <-ctx.Done():
				return
			}
		}
	}
}

// trade buys a contract from time to time and follows it to its end.
func (w *world) trade(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-time.After(time.Minute):
		case <-ctx.Done():
			return
		}
		q, err := w.a.Quote(ctx, call5t)
		if err != nil {
			continue
		}
		b, err := w.a.Buy(ctx, q, q.Ask)
		w.mu.Lock()
		w.outcomes[deriv.OutcomeOf(err)]++
		w.mu.Unlock()
		if err == nil {
			w.follow(ctx, b.Contract)
		}
	}
}

func (w *world) follow(ctx context.Context, id deriv.ContractID) {
	for ctx.Err() == nil {
		stream, err := w.a.WatchContract(ctx, id)
		if err != nil {
			continue
		}
		begun, ended := time.Now(), false
		for e, err := range stream.All(ctx) {
			ended = err == nil && e.Value.Settled()
		}
		stream.Close()
		if ctx.Err() != nil {
			return
		}
		if !ended || time.Since(begun) > 15*time.Minute {
			w.t.Errorf("contract %d: settled %v after %v", id, ended, time.Since(begun))
		}
		w.mu.Lock()
		w.settled++
		w.mu.Unlock()
		return
	}
}

func (w *world) listen(ctx context.Context, stream *deriv.Stream[deriv.Transaction]) {
	for e, err := range stream.All(ctx) {
		if err != nil {
			return
		}
		w.mu.Lock()
		w.transactions = append(w.transactions, e.Value.ID)
		w.mu.Unlock()
	}
}

// check compares what the streams told with the venue's record.
func (w *world) check(begun time.Time, d time.Duration) {
	h := w.a.Health()
	if h.State != deriv.Ready || h.Alive != h.Streams {
		w.t.Errorf("got %+v, want every stream alive at the end", h)
	}
	rows := must(w.a.StatementSince(w.t.Context(), begun.Add(-time.Minute)))
	var want []deriv.TransactionID
	for _, row := range rows {
		want = append(want, row.Transaction)
	}
	if diff := cmp.Diff(sorted(w.transactions), sorted(want)); diff != "" {
		w.t.Errorf("transactions: got (-) want (+):\n%s", diff)
	}
	w.t.Logf("ticks %v, transactions %d, settled %d, buys %v, %+v", w.ticks, len(w.transactions), w.settled, w.outcomes, h.Counters)
	if least := int(d.Seconds()) / 2 * 9 / 10; w.ticks["1HZ100V"] < least {
		w.t.Errorf("got %d ticks of 1HZ100V in %v, want at least %d", w.ticks["1HZ100V"], d, least)
	}
	if h.Counters.Drops == 0 || w.settled == 0 {
		w.t.Error("nothing went wrong, or nothing was traded: the test proves nothing")
	}
}

func sorted(list []deriv.TransactionID) []deriv.TransactionID {
	seen := map[deriv.TransactionID]bool{}
	for _, id := range list {
		if seen[id] {
			return append([]deriv.TransactionID{-id}, list...) // twice: it will not compare equal
		}
		seen[id] = true
	}
	return slices.Sorted(slices.Values(list))
}
