package venue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/internal/venue"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
)

// floor is a trader at a simulator that lives two hundred times as fast as we do, with
// a real journal, and signals all the time.
type floor struct {
	t   *testing.T
	sim *derivsim.Sim
	*trade.Trader
	broker *venue.Broker
	disk   *disk
	quiet  atomic.Bool // no more signals
	stop   func()      // ends the trader, and waits for that
}

// ourApp is the app that the trader is.
const ourApp = 77

// disk is a journal that can be full, as a disk is: nothing gets onto it then.
type disk struct {
	trade.Journal
	full atomic.Int32 // after so many more entries, below 0 for never
}

func (d *disk) Append(ctx context.Context, entries ...*trade.Entry) error {
	if left := d.full.Load(); left == 0 {
		return syscall.ENOSPC
	} else if left > 0 {
		d.full.Add(-1)
	}
	return d.Journal.Append(ctx, entries...)
}

// trading starts one, in a directory that may have a journal already.
func trading(t *testing.T, sim *derivsim.Sim, dir string, terms ...func(*trade.Facts) (trade.Terms, error)) *floor {
	t.Helper()
	terms = append(terms, (&trade.Chooser{Sizing: trade.Sizing{Stake: trade.Cents(50)}}).Terms)
	b, err := venue.Open(t.Context(), &venue.Options{Mode: trade.Demo, Deriv: deriv.Options{
		URL: derivsim.MemoryURL, HTTPClient: sim.HTTPClient(), Token: deriv.NewToken("any"), AppID: strconv.Itoa(ourApp),
	}})
	if err != nil {
		t.Fatal(err)
	}
	book, err := journal.Open(dir, b.Account(), nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &floor{t: t, sim: sim, broker: b, disk: &disk{Journal: book}}
	f.disk.full.Store(-1)
	f.Trader, err = trade.New(&trade.Options{Broker: b, Journal: f.disk, Terms: terms[0], Limits: &trade.Limits{
		MaxFrozen: -1, MaxPriceGap: 1e6, PerMinute: -1, PerHour: -1, PerDay: -1, LossStreak: -1, MaxErrors: -1, MaxDrawdown: 1,
		DailyLoss: 1000 * trade.Unit, RollingLoss: 1000 * trade.Unit, Session: -1,
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	signals, ended := make(chan trade.Signal), make(chan error, 1)
	go func() { ended <- f.Run(ctx, signals) }()
	go f.vote(ctx, signals)
	f.stop = func() { cancel(); <-ended; _ = book.Close() }
	t.Cleanup(f.stop)
	f.stop = func() { cancel(); ended <- <-ended; _ = book.Close() }
	return f
}

func (f *floor) vote(ctx context.Context, signals chan<- trade.Signal) {
	for ctx.Err() == nil {
		now := time.Now().UnixNano()
		s := trade.Signal{Decision: strconv.FormatInt(now, 10), Asset: "V75", Side: trade.Buy, Votes: [2]int64{now, 0}, Price: new(1.0)}
		if f.quiet.Load() {
			time.Sleep(time.Millisecond)
			continue
		}
		select {
		case <-ctx.Done():
		case signals <- s:
		}
	}
}

// newVenue starts a simulator for as long as the test lasts.
func newVenue(t *testing.T, faults ...derivsim.Fault) *derivsim.Sim {
	t.Helper()
	sim, err := derivsim.New(&derivsim.Options{Seed: 1, Speed: 200, Faults: faults, History: 100})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = sim.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return sim
}

// bought are the contracts of our app that the venue has.
func (f *floor) bought() []derivsim.Contract {
	f.t.Helper()
	l, err := f.sim.Ledger(derivsim.DemoAccount)
	if err != nil {
		f.t.Fatal(err)
	}
	return l.Of(ourApp)
}

// settled counts the orders that have ended.
func (f *floor) settled() (n int) {
	for _, o := range f.Orders(1000) {
		if o.State == trade.StateSettled {
			n++
		}
	}
	return n
}

// agrees waits until nothing is open any more, and the journal says what the venue's
// books say.
func (f *floor) agrees() {
	f.t.Helper()
	f.quiet.Store(true)
	var journal, venue string
	defer func() {
		if f.t.Failed() {
			f.t.Logf("the journal has %s, the venue %s", journal, venue)
		}
	}()
	eventually(f.t, func() bool {
		open := 0
		f.View(func(l *trade.Ledger) { open = len(l.Active()) })
		err := f.Reconcile(f.t.Context())
		l, _ := f.sim.Ledger(derivsim.DemoAccount)
		journal = fmt.Sprint(f.settled(), " contracts and ", f.Status().Balance)
		venue = fmt.Sprint(len(l.Of(ourApp)), " contracts and ", l.Balance)
		return open == 0 && err == nil && journal == venue
	})
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time")
		}
	}
}

func TestSignalsBecomeContractsAndMoney(t *testing.T) {
	f := trading(t, newVenue(t), t.TempDir())
	eventually(t, func() bool { return f.settled() >= 3 })
	f.agrees()
}

// The record of an account that has long been quiet has no movements at all.
func TestATraderWithoutSignalsStillAgrees(t *testing.T) {
	f := trading(t, newVenue(t), t.TempDir())
	won := func() (n int) {
		for _, o := range f.Orders(1000) {
			if s := o.Settlement; s != nil && s.Brought > 0 {
				n++
			}
		}
		return n
	}
	eventually(t, func() bool { return won() >= 2 })
	f.agrees()
	for since := f.broker.Now(); f.broker.Now().Sub(since) < 20*time.Minute; time.Sleep(10 * time.Millisecond) {
		if s := f.Status(); s.Halt != nil {
			t.Fatalf("halted for %s: %s", s.Halt.Reason, s.Halt.Detail)
		}
	}
	if err := f.Reconcile(t.Context()); err != nil {
		t.Error(err)
	}
}

// Without a durable intent there is no trade; and when there is room again the trader
// goes on by itself.
func TestAFullDiskStopsItUntilThereIsRoom(t *testing.T) {
	f := trading(t, newVenue(t), t.TempDir())
	eventually(t, func() bool { return f.settled() >= 1 })
	f.disk.full.Store(0)
	eventually(t, func() bool { return f.Status().JournalErr != nil })
	s := f.Status()
	if s.Standing != trade.HaltedNow || !slices.Contains(s.Why.Reasons, trade.ReasonJournal) {
		t.Errorf("got %s for %q, want HALTED for the journal", s.Standing, s.Why.Reasons)
	}
	time.Sleep(50 * time.Millisecond) // what was under way has been sent
	before := len(f.bought())
	time.Sleep(300 * time.Millisecond)
	if got := len(f.bought()); got != before {
		t.Errorf("bought %d contracts that are in no journal", got-before)
	}
	f.disk.full.Store(-1)
	n := f.settled()
	eventually(t, func() bool { return f.settled() >= n+2 })
	f.agrees()
}

// The disk fills up between the intent and each of what follows it. What has happened is
// kept in memory, and is in the journal when there is room again.
func TestADiskThatFillsUpInTheMiddleOfAnOrderLosesNothing(t *testing.T) {
	for entries := range int32(4) {
		t.Run(strconv.Itoa(int(entries))+" entries later", func(t *testing.T) {
			dir := t.TempDir()
			sim := newVenue(t)
			f := trading(t, sim, dir)
			eventually(t, func() bool { return f.settled() >= 1 })
			f.disk.full.Store(entries)
			eventually(t, func() bool { return f.Status().JournalErr != nil })
			time.Sleep(100 * time.Millisecond)
			f.disk.full.Store(-1)
			f.agrees()
			f.stop()
			again := trading(t, sim, dir)
			again.quiet.Store(true)
			eventually(t, func() bool { return again.Status().Reconciled })
			again.agrees()
		})
	}
}

// A trader that was ended while contracts were open finds them when it starts again.
func TestWhatWasOpenIsFollowedAfterARestart(t *testing.T) {
	dir := t.TempDir()
	sim := newVenue(t)
	f := trading(t, sim, dir)
	eventually(t, func() bool { return len(f.bought()) >= 2 })
	f.stop()
	again := trading(t, sim, dir)
	again.quiet.Store(true)
	eventually(t, func() bool { return again.Status().Reconciled })
	again.agrees()
}

func TestAContractOfAnotherAppIsShownAndNotTouched(t *testing.T) {
	f := trading(t, newVenue(t), t.TempDir())
	eventually(t, func() bool { return f.Status().Reconciled })
	if err := f.sim.Inject(derivsim.Fault{Kind: derivsim.ForeignContract, Count: 1}); err != nil {
		t.Fatal(err)
	}
	f.quiet.Store(true)
	eventually(t, func() bool {
		n := 0
		_ = f.Reconcile(t.Context())
		f.View(func(l *trade.Ledger) { n = len(l.Foreign) })
		return n == 1
	})
	if got, err := f.Flatten(t.Context(), "test"); err != nil || got.Sold > 0 {
		t.Errorf("flatten: got %+v and %v, want nothing sold", got, err)
	}
	if got := f.Status().Halt; got == nil || got.Reason != trade.ReasonPerson {
		t.Errorf("got the halt %+v, want the person's alone", got)
	}
}

// Another program that trades with our app on the same account looks like our own lost
// orders. That is not guessed at: trading halts, and the halt outlives the process.
func TestASecondTraderOfOurAppHaltsTheFirst(t *testing.T) {
	dir := t.TempDir()
	sim := newVenue(t)
	f := trading(t, sim, dir)
	eventually(t, func() bool { return f.settled() >= 1 })
	f.agrees() // and buys nothing more, which would be the other's orphan
	second := trading(t, sim, t.TempDir())
	eventually(t, func() bool { return second.settled() >= 1 })
	eventually(t, func() bool { _ = f.Reconcile(t.Context()); return f.Status().Halt != nil })
	if got := f.Status().Halt.Reason; got != trade.ReasonOrphan {
		t.Errorf("got %s, want %s", got, trade.ReasonOrphan)
	}
	f.stop()
	again := trading(t, sim, dir)
	eventually(t, func() bool { return again.Status().Reconciled })
	if again.Status().Halt == nil {
		t.Error("the halt is forgotten")
	}
	before := len(again.Orders(1000))
	time.Sleep(100 * time.Millisecond)
	for _, o := range again.Orders(1000)[:len(again.Orders(1000))-before] {
		if o.Intent != nil {
			t.Errorf("bought %s while halted", o.ID())
		}
	}
	if err := again.Resume(t.Context(), "test", "the other one is off"); err != nil && !errors.Is(err, trade.ErrUnresolved) {
		t.Error(err)
	}
}

// A buy that the venue executes and does not answer is found on its record, once.
func TestABuyWithoutAnAnswerIsFound(t *testing.T) {
	f := trading(t, newVenue(t, derivsim.Fault{Kind: derivsim.DropAfter, Call: "buy", Rate: 0.5}), t.TempDir())
	var found, unknown int
	eventually(t, func() bool {
		found, unknown = 0, 0
		for e, err := range f.disk.Entries(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			found += is(e.Bought != nil && e.Bought.Found)
			unknown += is(e.Unknown != nil)
		}
		return found >= 2
	})
	if unknown < found {
		t.Errorf("found %d of %d", found, unknown)
	}
	f.sim.Clear()
	f.agrees()
}

func is(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Whoever chooses what to buy, and has a bug, does not take an open book with it.
func TestWhoChoosesAndPanicsHaltsTrading(t *testing.T) {
	f := trading(t, newVenue(t), t.TempDir(), func(*trade.Facts) (trade.Terms, error) { panic("no terms left") })
	eventually(t, func() bool { return f.Status().Halt != nil })
	if h := f.Status().Halt; h.Reason != trade.ReasonPolicy || h.Detail != "panic: no terms left" || h.By != "trader" {
		t.Errorf("got the halt %+v, want one for the panic", h)
	}
	if n := len(f.bought()); n > 0 {
		t.Errorf("bought %d contracts", n)
	}
}
