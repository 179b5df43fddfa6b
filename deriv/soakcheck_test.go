package deriv_test

import (
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
)

// check compares what the streams told with the venue's own books.
func (w *world) check(d time.Duration) {
	h := w.a.Health()
	if h.State != deriv.Ready || h.Alive != h.Streams {
		w.t.Errorf("got %+v, want every stream alive at the end", h)
	}
	if w.outage > 30*time.Minute || w.mending > 10*time.Minute {
		w.t.Errorf("streams were out for up to %v, %v of it with a connection; want them back sooner", w.outage, w.mending)
	}
	books := must(w.sim.Ledger(derivsim.DemoAccount))
	w.checkTransactions(books)
	w.checkContracts(books)
	for symbol, interval := range intervals {
		w.checkTicks(symbol, int(d/time.Second)/int(interval))
	}
	if h.Counters.Drops == 0 || len(w.ends) == 0 || h.Counters.Resubscribed == 0 {
		w.t.Error("nothing went wrong, or nothing was traded: the test proves nothing")
	}
	w.t.Logf("ticks %v (%d missed), transactions %d, contracts followed %d (%v the longest of five ticks), %v", w.ticks, w.missed, len(w.transactions), len(w.ends), w.follow, w.outcomes)
	w.t.Logf("all streams alive again %d times, after %v at most, %v with a connection", w.revived, w.outage, w.mending)
	w.t.Logf("calls %v, the slowest %v", w.calls, w.slowest)
	w.t.Logf("%+v, faults %v", h.Counters, w.sim.Happened())
}

// checkTransactions wants each movement of the balance once, to the cent.
func (w *world) checkTransactions(books *derivsim.Ledger) {
	got := slices.Clone(w.transactions)
	slices.SortFunc(got, func(a, b deriv.Transaction) int { return int(a.ID - b.ID) })
	told := make([]derivsim.Movement, 0, len(got))
	for _, t := range got {
		told = append(told, derivsim.Movement{ID: t.ID, Action: t.Action, Amount: t.Amount, Balance: t.Balance, At: t.Time.Time(), Contract: t.Contract})
	}
	var want []derivsim.Movement
	for _, m := range books.Movements {
		m.App = 0 // the stream does not tell it
		want = append(want, m)
	}
	if diff := cmp.Diff(told, want); diff != "" {
		w.t.Errorf("transactions: got (-) want (+):\n%.2000s", diff)
	}
}

// checkContracts wants the end of each contract that was followed as it was.
func (w *world) checkContracts(books *derivsim.Ledger) {
	if err := books.Check(); err != nil {
		w.t.Error(err)
	}
	of := map[deriv.ContractID]derivsim.Contract{}
	for _, c := range books.Contracts {
		of[c.ID] = c
	}
	for id, end := range w.ends {
		want, got := of[id], derivsim.Contract{Status: end.Status, Price: end.BuyPrice, Brought: *end.SellPrice, Sell: end.Transactions.Sell}
		if diff := cmp.Diff(got, derivsim.Contract{Status: want.Status, Price: want.Price, Brought: want.Brought, Sell: want.Sell}); diff != "" {
			w.t.Errorf("contract %d: got (-) want (+):\n%s", id, diff)
		}
	}
}

// checkTicks wants nearly all, and the newest as the history has them.
func (w *world) checkTicks(symbol string, made int) {
	if got := w.ticks[symbol]; got < made*9/10 {
		w.t.Errorf("got %d ticks of %s, want at least nine tenths of %d", got, symbol, made)
	}
	newest := w.newest[symbol]
	history := map[deriv.Epoch]deriv.Price{}
	for _, tick := range must(w.a.History(w.t.Context(), symbol, newest[0].Epoch, newest[len(newest)-1].Epoch, 20*compared)) {
		history[tick.Epoch] = tick.Quote
	}
	for _, tick := range newest {
		if history[tick.Epoch] != tick.Quote {
			w.t.Errorf("%s at %d: got %v, want %v", symbol, tick.Epoch, tick.Quote, history[tick.Epoch])
		}
	}
}
