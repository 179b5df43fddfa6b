package journal

import (
	"context"
	"iter"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
)

// readings counts how often a journal is read.
type readings struct {
	*Journal
	reads int
}

func (c *readings) Entries(ctx context.Context) iter.Seq2[*trade.Entry, error] {
	c.reads++
	return c.Journal.Entries(ctx)
}

// idle is a broker of which nothing is wanted.
type idle struct{ trade.Broker }

func (idle) Account() trade.Account { return account }

func TestAJournalIsReadOnceAtAStart(t *testing.T) {
	dir := t.TempDir()
	first := mustOpen(t, dir)
	for n := range int64(20) {
		mustAppend(t, first, nth(n+1))
	}
	mustAppend(t, first, &trade.Entry{At: began, Halted: &trade.Halted{Reason: trade.ReasonPerson, By: "a test"}})
	want := summed(t, first)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	j := &readings{Journal: mustOpen(t, dir)}
	trader, err := trade.New(&trade.Options{Broker: idle{}, Journal: j})
	if err != nil {
		t.Fatal(err)
	}
	if err := trader.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if j.reads != 0 {
		t.Errorf("read %d times after it was opened, want that nothing is read a second time", j.reads)
	}
	whole := cmp.Exporter(func(reflect.Type) bool { return true })
	trader.View(func(got *trade.Ledger) {
		if diff := cmp.Diff(want, got, whole); diff != "" {
			t.Errorf("what the trader took over: -want +got\n%s", diff)
		}
	})
}

// Two who go on with one ledger, or one that lacks what was appended, would each be
// wrong: it is had once, and only before an Append.
func TestALedgerIsHadOnce(t *testing.T) {
	dir := t.TempDir()
	first := mustOpen(t, dir)
	mustAppend(t, first, opened())
	if first.Recall() != nil {
		t.Error("got a ledger after an Append, want none")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := mustOpen(t, dir)
	if got := again.Recall(); got == nil || got.Seq != 1 {
		t.Errorf("got %+v, want that of one entry", got)
	}
	if again.Recall() != nil {
		t.Error("got a ledger a second time, want none")
	}
}

// summed is what a journal's entries add up to.
func summed(t *testing.T, j trade.Journal) *trade.Ledger {
	t.Helper()
	l := trade.NewLedger()
	for _, e := range all(t, j) {
		if err := l.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	return l
}
