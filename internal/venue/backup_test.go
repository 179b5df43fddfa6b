package venue_test

import (
	"testing"
	"time"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
)

// backup copies the journal that is in dir, whatever its trader does meanwhile.
func backup(t *testing.T, dir string) (copied string) {
	t.Helper()
	v, err := journal.OpenView(dir, trade.Demo)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	copied = t.TempDir()
	if _, err := v.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	return copied
}

// accounted holds that each contract that the venue has of us is of one order of the
// journal, and that no decision came to two contracts.
func (f *floor) accounted() {
	f.t.Helper()
	eventually(f.t, func() bool { _ = f.Reconcile(f.t.Context()); return f.Status().Reconciled })
	entered, decided := map[int64]int{}, map[string]int{}
	for _, o := range f.Orders(1000) {
		if o.Contract() == 0 {
			continue
		}
		entered[o.Contract()]++
		if o.Intent != nil {
			decided[o.Intent.Signal.Decision]++
		}
	}
	for _, c := range f.bought() {
		if entered[int64(c.ID)] != 1 {
			f.t.Errorf("contract %d: got %d orders of it, want one", c.ID, entered[int64(c.ID)])
		}
	}
	for decision, n := range decided {
		if n != 1 {
			f.t.Errorf("decision %s: got %d contracts, want one", decision, n)
		}
	}
}

// A copy with contracts open has those followed to their end, and trades on. One that
// was made while the trader was at work is older than the account, which has contracts
// of ours that the copy knows nothing of: a person has to look before it trades.
func TestARestoredBackupBuysNothingTwice(t *testing.T) {
	t.Run("the newest", func(t *testing.T) {
		dir, sim := t.TempDir(), newVenue(t)
		f := trading(t, sim, dir)
		eventually(t, func() bool { return f.settled() >= 1 && f.open() > 0 })
		f.stop()
		again := trading(t, sim, backup(t, dir))
		before := again.settled()
		eventually(t, func() bool { return again.settled() >= before+2 })
		again.agrees()
		again.accounted()
	})
	t.Run("an older one", func(t *testing.T) {
		dir, sim := t.TempDir(), newVenue(t)
		f := trading(t, sim, dir)
		eventually(t, func() bool { return f.settled() >= 1 })
		copied := backup(t, dir)
		before := len(f.bought())
		eventually(t, func() bool { return len(f.bought()) >= before+3 })
		f.stop()
		after := len(f.bought())
		again := trading(t, sim, copied)
		eventually(t, func() bool { return again.Status().Halt != nil })
		if why := again.Status().Halt.Reason; why != trade.ReasonOrphan && why != trade.ReasonAmbiguous {
			t.Errorf("got a halt for %s, want one for contracts that it does not know", why)
		}
		time.Sleep(100 * time.Millisecond) // signals come all the time
		if got := len(again.bought()); got != after {
			t.Errorf("got %d contracts after %d, want no new one", got, after)
		}
	})
}

// open counts the contracts that run.
func (f *floor) open() (n int) {
	f.View(func(l *trade.Ledger) { n = len(l.Active()) })
	return n
}
