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
	{Kind: derivsim.SecondInstance, Rate: 0.02}, {Kind: derivsim.ContractCancelled, Rate: 0.02},
}

// No fault may be forgotten above.
func TestDaysOfFaultsHaveAllFaults(t *testing.T) {
	for _, kind := range derivsim.Kinds() {
		if kind != derivsim.TokenRevoked && !slices.ContainsFunc(faulty, func(f derivsim.Fault) bool { return f.Kind == kind }) {
			t.Errorf("got no %s", kind)
		}
	}
}

// Days of a venue on which everything goes wrong: QUASAR_DERIV_DAYS says how many,
// and QUASAR_DERIV_SEED which. That no goroutine is left is what the bubble holds:
// it does not end before all of them have.
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
		newWorld(t, seed).run(time.Duration(days * 24 * float64(time.Hour)))
	})
}

// world is a simulator, an account and those who use it.
type world struct {
	t   *testing.T
	sim *derivsim.Sim
	a   *deriv.Account

	mu           sync.Mutex // guards what follows
	ticks        map[string]int
	missed       int                     // ticks that nobody has
	newest       map[string][]deriv.Tick // of each symbol, some of the end
	transactions []deriv.Transaction
	ends         map[deriv.ContractID]deriv.OpenContract
	outcomes     map[string]int           // of buys and sells
	calls        map[string]int           // how many
	slowest      map[string]time.Duration // of each call
	follow       time.Duration            // the longest that a contract of five ticks took
	revived      int                      // how often all streams were alive again
	outage       time.Duration            // the longest time without all of them
	mending      time.Duration            // of that, the longest on one connection
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, ticks: map[string]int{}, newest: map[string][]deriv.Tick{}, ends: map[deriv.ContractID]deriv.OpenContract{},
		outcomes: map[string]int{}, calls: map[string]int{}, slowest: map[string]time.Duration{},
	}
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
	for _, f := range faulty {
		if err := w.sim.Inject(f); err != nil {
			w.t.Fatal(err)
		}
	}
	var users sync.WaitGroup
	for symbol := range intervals {
		users.Go(func() { w.watchTicks(ctx, symbol) })
	}
	for _, task := range []func(context.Context){w.callAround, w.trade, w.watchOver} {
		users.Go(func() { task(ctx) })
	}
	listening, stop := context.WithCancel(w.t.Context())
	var listener sync.WaitGroup
	listener.Go(func() { w.listen(listening, transactions) })
	users.Wait()
	w.sim.Clear()
	time.Sleep(10 * time.Minute) // the last drop is over, the last lag, the last gap closed
	stop()
	listener.Wait()
	w.check(d)
}

// timed holds a call to its deadline.
func (w *world) timed(name string, call func() error) error {
	begun := time.Now()
	err := call()
	took := time.Since(begun)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls[name]++
	w.slowest[name] = max(w.slowest[name], took)
	if took > 10*time.Second {
		w.t.Errorf("%s took %v, want at most 10s", name, took)
	}
	return err
}

// intervals of the ticks, in seconds.
var intervals = map[string]deriv.Epoch{"R_75": 2, "1HZ100V": 1}

// watchTicks wants each epoch once and in order, and to be told of all that nobody has.
func (w *world) watchTicks(ctx context.Context, symbol string) {
	for ctx.Err() == nil {
		var stream *deriv.Stream[deriv.Tick]
		if w.timed("ticks", func() (err error) { stream, err = w.a.Ticks(ctx, symbol); return err }) != nil {
			continue // the market is closed, or its deadline came
		}
		last := deriv.Epoch(0)
		for e, err := range stream.All(ctx) {
			if err != nil {
				break
			}
			if e.Value.Epoch <= last || e.Value.Symbol != symbol {
				w.t.Errorf("%s: got %+v after %d", symbol, e, last)
			}
			if gone := (e.Value.Epoch-last)/intervals[symbol] - 1; last > 0 && int(gone) != e.Missed {
				w.t.Errorf("%s: got %+v after %d, want it told that %d are missing", symbol, e, last, gone)
			}
			last = e.Value.Epoch
			w.keep(e.Value, e.Missed)
		}
		stream.Close()
	}
}

// compared is how many of the newest ticks are held against the venue's record.
const compared = 1000

func (w *world) keep(tick deriv.Tick, missed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.missed += missed
	w.ticks[tick.Symbol]++
	w.newest[tick.Symbol] = append(w.newest[tick.Symbol], tick)
	if len(w.newest[tick.Symbol]) >= 2*compared {
		w.newest[tick.Symbol] = slices.Clone(w.newest[tick.Symbol][compared:])
	}
}

// callAround makes each call again and again. That one fails is no matter: how
// long it takes is.
func (w *world) callAround(ctx context.Context) {
	calls := map[string]func() error{
		"time":           func() error { _, err := w.a.Time(ctx); return err },
		"ping":           func() error { return w.a.Ping(ctx) },
		"balance":        func() error { _, err := w.a.Balance(ctx); return err },
		"portfolio":      func() error { _, err := w.a.Portfolio(ctx); return err },
		"statement":      func() error { _, err := w.a.Statement(ctx, deriv.StatementRequest{Limit: 5}); return err },
		"profit_table":   func() error { _, err := w.a.ProfitTable(ctx, deriv.ProfitTableRequest{Limit: 5}); return err },
		"active_symbols": func() error { _, err := w.a.ActiveSymbols(ctx); return err },
		"contracts_for":  func() error { _, err := w.a.ContractsFor(ctx, "1HZ100V"); return err },
		"ticks_history":  func() error { _, err := w.a.Candles(ctx, "R_75", time.Minute, 3); return err },
		"accounts":       func() error { _, err := w.a.Accounts(ctx); return err },
		"next tick":      func() error { _, err := w.a.LastTick(ctx, "R_75"); return err },
	}
	for {
		for name, call := range calls {
			_ = w.timed(name, call)
			select {
			case <-time.After(7 * time.Second):
			case <-ctx.Done():
				return
			}
		}
	}
}

// multUp100 is a contract without an end: it has to be sold.
var multUp100 = deriv.Selection{Symbol: "R_75", ContractType: "MULTUP", Currency: "USD", Amount: deriv.Cents(1000), Basis: "stake", Multiplier: 100}

// trade buys a contract from time to time and follows it to its end.
func (w *world) trade(ctx context.Context) {
	for n := 0; ; n++ {
		select {
		case <-time.After(time.Minute):
		case <-ctx.Done():
			return
		}
		selection := call5t
		if n%4 == 0 {
			selection = multUp100
		}
		if id := w.buy(ctx, selection); id != 0 {
			following, done := context.WithCancel(ctx)
			var seller sync.WaitGroup
			if selection.Duration == 0 {
				seller.Go(func() { w.sell(following, id) })
			}
			w.followContract(ctx, id, selection.Duration == 0)
			done()
			seller.Wait()
		}
	}
}

// buy returns 0 if no contract is known to be made.
func (w *world) buy(ctx context.Context, selection deriv.Selection) deriv.ContractID {
	var q deriv.Quote
	if w.timed("proposal", func() (err error) { q, err = w.a.Quote(ctx, selection); return err }) != nil {
		return 0
	}
	var b deriv.Bought
	err := w.timed("buy", func() (err error) { b, err = w.a.Buy(ctx, q, q.Ask); return err })
	w.count("buy", err)
	return b.Contract
}

func (w *world) count(call string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outcomes[call+" "+deriv.OutcomeOf(err).String()]++
}

// sell tries each half minute until the contract is known to be over.
func (w *world) sell(ctx context.Context, id deriv.ContractID) {
	for {
		select {
		case <-time.After(30 * time.Second):
		case <-ctx.Done():
			return
		}
		w.count("sell", w.timed("sell", func() error { _, err := w.a.Sell(ctx, id, 0); return err }))
	}
}

// followContract wants the settlement of every contract.
func (w *world) followContract(ctx context.Context, id deriv.ContractID, open bool) {
	begun := time.Now()
	for ctx.Err() == nil {
		var stream *deriv.Stream[deriv.OpenContract]
		if w.timed("proposal_open_contract", func() (err error) { stream, err = w.a.WatchContract(ctx, id); return err }) != nil {
			continue
		}
		var last deriv.OpenContract
		for e, err := range stream.All(ctx) {
			if err == nil {
				last = e.Value
			}
		}
		stream.Close()
		if ctx.Err() != nil {
			return
		}
		took := time.Since(begun)
		if !last.Settled() || took > 20*time.Minute {
			w.t.Errorf("contract %d: %s after %v, want it settled within 20m", id, last.Status, took)
		}
		w.mu.Lock()
		w.ends[id] = last
		if !open {
			w.follow = max(w.follow, took)
		}
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
		w.transactions = append(w.transactions, e.Value)
		w.mu.Unlock()
	}
}

// watchOver looks each second whether every subscription is alive, and wants all
// of them back: faults last for five minutes at most.
func (w *world) watchOver(ctx context.Context) {
	since, connected, generation := time.Time{}, time.Time{}, uint64(0)
	for {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return
		}
		h := w.a.Health()
		alive := h.State.Connected() && h.Alive == h.Streams
		if !h.State.Connected() || h.Generation != generation {
			connected, generation = time.Now(), h.Generation
		}
		w.mu.Lock()
		switch {
		case alive && !since.IsZero():
			w.revived++
			since = time.Time{}
		case !alive && since.IsZero():
			since = time.Now()
		case !alive:
			w.outage = max(w.outage, time.Since(since))
			w.mending = max(w.mending, min(time.Since(since), time.Since(connected)))
		}
		w.mu.Unlock()
	}
}
