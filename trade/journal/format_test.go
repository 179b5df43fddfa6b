package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
)

// A journal that version 1.0.0-rc1 wrote, with every kind of entry in it, is read and
// gone on with for ever. testdata/v1 is what backup made of it; nothing writes it anew.
func TestAJournalOfTheFirstVersion(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "v1"))); err != nil {
		t.Fatal(err)
	}
	sum := verified(t, dir)
	if sum.Entries != 27 || sum.Head.String() != "33b0667de6a614ab40b3eb7dd0a1a8a75e2396ecc6125bd99fd811bd83b5fd64" || sum.Ledger.Balance() != trade.Cents(999_845) {
		t.Errorf("got %d entries, %s and %s, want those of the day when it was written", sum.Entries, sum.Head, sum.Ledger.Balance())
	}
	var states []string
	for _, o := range sum.Ledger.Orders() {
		states = append(states, fmt.Sprint(o.ID(), " ", o.State))
	}
	want := []string{"i1 SETTLED", "i2 SETTLED", "i3 REJECTED", "i5 ABANDONED", "orphan-300 ORPHAN", "i6 OPEN", "i7 UNKNOWN"}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	kinds := map[string]bool{}
	j := mustOpen(t, dir)
	for e, err := range j.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		kinds[e.What()] = true
	}
	if len(kinds) != 15 {
		t.Errorf("got %d kinds of entries, want all: %v", len(kinds), kinds)
	}
	mustAppend(t, j, &trade.Entry{At: began.Add(time.Hour), Abandoned: &trade.Abandoned{Intent: "i7", Reason: "the record has no contract"}})
}
