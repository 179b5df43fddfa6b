package paper_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/paper"
)

// wire is a feed of which the test says what it tells and what it remembers.
type wire struct {
	mu      sync.Mutex // guards what is below
	past    []trade.Tick
	fail    int    // how often the history cannot be had
	during  func() // called once while the history is asked for
	asked   int
	watched []string

	tell func(trade.Event)
	tick func(string, trade.Tick, bool)
}

func (w *wire) Watch(symbol string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watched = append(w.watched, symbol)
}

func (w *wire) History(_ context.Context, _ string, after, to time.Time) (ticks []trade.Tick, err error) {
	if during := w.during; during != nil {
		w.during = nil
		during()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asked++; w.fail > 0 {
		w.fail--
		return nil, errors.New("not now")
	}
	for _, t := range w.past {
		if t.At.After(after) && !t.At.After(to) {
			ticks = append(ticks, t)
		}
	}
	return ticks, nil
}

func (w *wire) Run(ctx context.Context, tell func(trade.Event), tick func(string, trade.Tick, bool)) error {
	w.tell, w.tick = tell, tick
	tell(trade.Event{Connected: 1})
	<-ctx.Done()
	return nil
}

// past is one tick every two seconds from noon on; its prices rise.
func past(n int) (ticks []trade.Tick) {
	for i := range n {
		ticks = append(ticks, trade.Tick{Price: 1000 + float64(i)/100, At: noon.Add(time.Duration(2*i) * time.Second)})
	}
	return ticks
}

// listening runs a broker on a booth and a wire until the test ends.
func listening(t *testing.T, w *wire, l *trade.Ledger) *stall {
	t.Helper()
	s := newStall(t, paper.Options{Feed: w})
	if err := s.broker.Restore(l); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = s.broker.Run(ctx, func(trade.Event) {}) })
	t.Cleanup(func() { cancel(); running.Wait() })
	synctest.Wait()
	return s
}

// hears plays a tick of the wire.
func (s *stall) hears(w *wire, t trade.Tick, whole bool) {
	s.market.now, s.market.tick = t.At, t
	w.tick("R_75", t, whole)
	synctest.Wait()
}

func TestMissedTicksAreReadFromTheHistory(t *testing.T) {
	rise := trade.Terms{Kind: trade.Rise, Stake: trade.Unit, Ticks: 3}
	for _, test := range []struct {
		name  string
		fail  int
		heard []int // which ticks of the past come live; after a hole one is not whole
		end   int   // the tick that ends it, -1 for none yet
	}{
		{"nothing missed", 0, []int{1, 2, 3, 4}, 4},
		{"the entry missed", 0, []int{1, 3, 4}, 4},
		{"the end missed", 0, []int{1, 2, 9}, 4},
		{"all of it missed", 0, []int{9}, 4},
		{"no history at first", 2, []int{1, 9, 10, 11}, 4},
		{"not over yet", 0, []int{3}, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ticks := past(20)
				w := &wire{past: ticks, fail: test.fail}
				s := listening(t, w, trade.NewLedger())
				r := s.buy(rise) // begins after a second: with tick 1
				last := 0
				for _, i := range test.heard {
					s.hears(w, ticks[i], i == last+1)
					last = i
				}
				time.Sleep(time.Minute) // until the history can be had
				synctest.Wait()
				end := s.end(r.Contract)
				switch {
				case test.end < 0 && end != nil:
					t.Errorf("got %+v, want it open", end)
				case test.end >= 0 && (end == nil || end.Result != trade.Won || !end.At.Equal(ticks[test.end].At) || *end.Entry != ticks[1].Price):
					t.Errorf("got %+v, want it won at %v", end, ticks[test.end].At)
				}
			})
		})
	}
}

// Nothing is asked for where no contract is waiting for it.
func TestNoHistoryIsReadForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{past: past(20)}
		s := listening(t, w, trade.NewLedger())
		s.hears(w, w.past[3], false)
		s.hears(w, w.past[9], false)
		if w.asked != 0 {
			t.Errorf("got %d questions for the history, want none", w.asked)
		}
	})
}

// While the history cannot be had ticks wait, and no more of them than is bounded; what
// is dropped is read as well.
func TestTicksThatWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ticks := past(25_000)
		w := &wire{past: ticks, fail: 1}
		s := listening(t, w, trade.NewLedger())
		r := s.buy(trade.Terms{Kind: trade.MultiUp, Stake: trade.Unit, Multiplier: 100, TakeProfit: 20 * trade.Unit})
		s.market.now = ticks[len(ticks)-1].At
		for i := 5; i < len(ticks)-1; i++ {
			w.tick("R_75", ticks[i], i > 5)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		// 1000.01 × (1 + 20.1/100) is the price of the profit: at tick 20102.
		if end := s.end(r.Contract); end == nil || end.Result != trade.Won || !end.At.Equal(ticks[20_102].At) {
			t.Errorf("got %+v, want it at %v", end, ticks[20_102].At)
		}
	})
}

// The history was asked for up to a tick that is dropped before the answer comes.
func TestTicksThatWaitAreDroppedInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ticks := past(25_000)
		w := &wire{past: ticks}
		s := listening(t, w, trade.NewLedger())
		r := s.buy(trade.Terms{Kind: trade.MultiUp, Stake: trade.Unit, Multiplier: 100, TakeProfit: 5 * trade.Unit})
		w.during = func() {
			for i := 6; i < len(ticks)-1; i++ {
				w.tick("R_75", ticks[i], true)
			}
		}
		s.market.now = ticks[len(ticks)-1].At
		s.hears(w, ticks[5], false)
		time.Sleep(time.Minute)
		synctest.Wait()
		// 1000.01 × (1 + 5.1/100) is the price of the profit: at tick 5102.
		if end := s.end(r.Contract); end == nil || end.Result != trade.Won || !end.At.Equal(ticks[5_102].At) {
			t.Errorf("got %+v, want it at %v", end, ticks[5_102].At)
		}
		if w.asked < 5 {
			t.Errorf("got the history asked for %d times, want what was dropped read", w.asked)
		}
	})
}

func TestAQuoteEndsWithItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(wire)
		s := listening(t, w, trade.NewLedger())
		q := s.quote(trade.Terms{Kind: trade.Rise, Stake: trade.Unit, Ticks: 3})
		w.tell(trade.Event{Lost: errors.New("gone")})
		w.tell(trade.Event{Connected: 2})
		var no *trade.Rejection
		if r, err := s.broker.Buy(t.Context(), q); !errors.As(err, &no) || no.Code != "StaleQuote" {
			t.Errorf("got %+v, %v, want it refused", r, err)
		}
		w.tell(trade.Event{Lost: errors.New("gone")})
		if r, err := s.broker.Buy(t.Context(), s.quote(q.Terms)); !errors.As(err, &no) || no.Code != "NotSent" {
			t.Errorf("got %+v, %v, want it not sent", r, err)
		}
	})
}

// history is the journal of a trader on paper: one contract that ended, one that lives.
func history(t *testing.T) *trade.Ledger {
	t.Helper()
	l := trade.NewLedger()
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	intent := func(id string) *trade.Intent {
		terms := trade.Terms{Symbol: "R_75", Kind: trade.Rise, Stake: trade.Unit, Ticks: 3}
		return &trade.Intent{ID: id, Signal: trade.Signal{Decision: id}, Quote: trade.Quote{Terms: terms, Ask: trade.Unit, Payout: trade.Cents(195)}, Most: trade.Unit}
	}
	receipt := func(contract, transaction int64, s int) trade.Receipt {
		return trade.Receipt{Contract: contract, Transaction: transaction, Price: trade.Unit, Payout: trade.Cents(195), Purchased: at(s), Expiry: at(s + 10), Shortcode: "x"}
	}
	for i, e := range []*trade.Entry{
		{Opened: &trade.Opened{Account: trade.Account{Mode: trade.Paper, ID: "paper", Currency: "USD"}, Balance: 500 * trade.Unit}},
		{Planned: intent("a")}, {Sent: &trade.Sent{Intent: "a"}}, {Bought: &trade.Bought{Intent: "a", Receipt: receipt(1, 1, 1)}},
		{Settled: &trade.Settled{Intent: "a", Contract: 1, Settlement: trade.Settlement{Result: trade.Won, Transaction: 2, Brought: trade.Cents(195), At: at(10)}}},
		{Planned: intent("b")}, {Sent: &trade.Sent{Intent: "b"}}, {Bought: &trade.Bought{Intent: "b", Receipt: receipt(2, 3, 21)}},
		{Planned: intent("c")}, {Sent: &trade.Sent{Intent: "c"}}, // bought or not, it died with its process
	} {
		e.Seq, e.At = int64(i+1), at(i)
		if err := l.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestAnAccountIsRestoredFromTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{past: past(60)}
		l := history(t)
		s := listening(t, w, l)
		if !slices.Contains(w.watched, "R_75") {
			t.Errorf("got %v watched, want the index of the open contract", w.watched)
		}
		record, err := s.broker.Record(t.Context(), noon)
		if err != nil {
			t.Fatal(err)
		}
		at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
		want := []trade.Movement{
			{Transaction: 1, Action: "buy", Amount: -trade.Unit, Balance: 499 * trade.Unit, Contract: 1, At: at(1)},
			{Transaction: 2, Action: "sell", Amount: trade.Cents(195), Balance: trade.Cents(50095), Contract: 1, At: at(10)},
			{Transaction: 3, Action: "buy", Amount: -trade.Unit, Balance: trade.Cents(49995), Contract: 2, At: at(21)},
		}
		if diff := cmp.Diff(want, record.Movements); diff != "" || record.Balance != l.Balance() || len(record.Open) != 1 || len(record.Closed) != 1 {
			t.Errorf("got %+v, want a balance of %s, one open, one closed (-want +got):\n%s", record, l.Balance(), diff)
		}
		// The one that lives missed all its ticks: 21 s is between ticks 10 and 11.
		s.hears(w, w.past[50], false)
		if end := s.end(2); end == nil || end.Result != trade.Won || !end.At.Equal(w.past[14].At) || end.Transaction != 4 {
			t.Errorf("got %+v, want its end at %v", end, w.past[14].At)
		}
		if r := s.buy(trade.Terms{Kind: trade.Rise, Stake: trade.Unit, Ticks: 3}); r.Contract != 3 || r.Transaction != 5 {
			t.Errorf("got %+v, want the numbers to go on", r)
		}
		if err := s.broker.Restore(l); err == nil || !strings.Contains(err.Error(), "has traded already") {
			t.Errorf("a second time: got %v, want an error", err)
		}
	})
}

func TestAMultiplierIsRestoredWithItsCommission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		terms := trade.Terms{Symbol: "R_75", Kind: trade.MultiUp, Stake: trade.Unit, Multiplier: 100, TakeProfit: trade.Cents(5)}
		in := &trade.Intent{ID: "a", Signal: trade.Signal{Decision: "a"}, Quote: trade.Quote{Terms: terms, Ask: trade.Unit, Commission: trade.Cents(10)}}
		l := trade.NewLedger()
		for i, e := range []*trade.Entry{
			{Opened: &trade.Opened{Account: trade.Account{Mode: trade.Paper}, Balance: trade.Unit}}, {Planned: in}, {Sent: &trade.Sent{Intent: "a"}},
			{Bought: &trade.Bought{Intent: "a", Receipt: trade.Receipt{Contract: 1, Transaction: 1, Price: trade.Unit, Purchased: noon.Add(time.Second)}}},
		} {
			e.Seq = int64(i + 1)
			if err := l.Apply(e); err != nil {
				t.Fatal(err)
			}
		}
		w := &wire{past: past(300)}
		s := listening(t, w, l)
		s.hears(w, w.past[299], false)
		// From 1000.01 on it takes 1.50 for 0.15, which is the profit and the commission.
		if end := s.end(1); end == nil || end.Brought != trade.Cents(105) || !end.At.Equal(w.past[152].At) {
			t.Errorf("got %+v, want 1.05 at %v", end, w.past[152].At)
		}
	})
}

// Without a feed nobody knows what an open contract missed; those that follow are none
// the worse for it.
func TestAnAccountIsRestoredWithoutAFeed(t *testing.T) {
	s := newStall(t, paper.Options{})
	if err := s.broker.Restore(history(t)); err != nil {
		t.Fatal(err)
	}
	s.at(30, 1000)
	if end := s.end(2); end == nil || end.Result != trade.Cancelled {
		t.Errorf("got %+v, want its stake given back", end)
	}
	r := s.buy(trade.Terms{Kind: trade.Rise, Stake: trade.Unit, Ticks: 1})
	s.at(32, 1000)
	s.at(34, 1001)
	if end := s.end(r.Contract); end == nil || end.Result != trade.Won {
		t.Errorf("got %+v, want it won", end)
	}
}

func TestWhatIsNotRestored(t *testing.T) {
	s := newStall(t, paper.Options{})
	if err := s.broker.Restore(trade.NewLedger()); err != nil {
		t.Errorf("an empty journal: got %v, want nil", err)
	}
	l := trade.NewLedger()
	if err := l.Apply(&trade.Entry{Seq: 1, Opened: &trade.Opened{Account: trade.Account{Mode: trade.Live}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.broker.Restore(l); err == nil || !strings.Contains(err.Error(), "live") {
		t.Errorf("a live journal: got %v, want it refused", err)
	}
}
