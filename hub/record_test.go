package hub

import (
	"cmp"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar"
)

// write is an update with the stamp under which one hub accepted it.
type write struct {
	update quasar.Update
	stamp  Stamp
}

// drawWrites draws updates of one space, each with a stamp of its own.
func drawWrites(t *rapid.T) []write {
	stamps := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Stamp {
		return Stamp{Seq: rapid.Int64Range(1, 40).Draw(t, "seq"), Hub: rapid.SampledFrom([]string{"h1", "h2", "h3"}).Draw(t, "hub")}
	}), 1, 12, rapid.ID).Draw(t, "stamps")
	writes := make([]write, len(stamps))
	for i, stamp := range stamps {
		fields := quasar.Fields(rapid.Uint16Range(1, uint16(quasar.AllFields)).Draw(t, "fields"))
		writes[i] = write{updateOf(fields, int64(i)), stamp}
	}
	return writes
}

// updateOf sets the fields to values that tell the update apart; every third
// update sets them to null.
func updateOf(fields quasar.Fields, n int64) quasar.Update {
	u := quasar.Update{Fields: fields}
	if n%3 == 2 {
		return u
	}
	x, name := float64(n)+0.5, string(rune('a'+n))
	u.Training = quasar.Training{TrainingSteps: &n, ActorLoss: &x, CriticLoss: &x, AVNLoss: &x, AVNAccuracy: new(float64(n) / 100)}
	u.Voting = quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: &n, SellCount: &n, LastPrice: &x, SignalSource: &name}
	return u
}

// behind is how far the clock of a hub is behind that of the first.
var behind = map[string]time.Duration{"h2": 7 * time.Microsecond, "h3": 25 * time.Microsecond}

// record is a record of one write alone, by a hub that knows of later clocks.
func (w write) record() Record {
	var r Record
	r.Snapshot.SpaceName, r.Snapshot.Seq = "V75", w.stamp.Seq-1
	at := time.UnixMicro(w.stamp.Seq).Add(-behind[w.stamp.Hub]).UTC()
	r.accept(&w.update, w.stamp.Hub, at)
	return r
}

// apply lays the writes over each other in the order of their stamps.
func apply(writes []write) Record {
	sorted := slices.SortedFunc(slices.Values(writes), func(a, b write) int { return a.stamp.Compare(b.stamp) })
	want := Record{Snapshot: quasar.Snapshot{SpaceName: "V75"}}
	for _, w := range sorted {
		one := w.record()
		want.Snapshot.Take(w.update.Fields, &one.Snapshot)
		for f := range w.update.Fields.All() {
			want.Stamps[f] = w.stamp
		}
		s := &want.Snapshot
		s.Seq, s.UpdatedAt = w.stamp.Seq, one.Snapshot.UpdatedAt
		if w.update.Fields&quasar.TrainingFields != 0 {
			s.TrainingAt = s.UpdatedAt
		}
		if w.update.Fields&quasar.VotingFields != 0 {
			s.VotingAt = s.UpdatedAt
		}
	}
	return want
}

// Records merge in any order, any number of times, in any grouping, with one
// result: what applying the updates in the order of their stamps gives.
func TestMergingRecordsIsApplyingUpdatesInStampOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		writes := drawWrites(t)
		pieces := make([]Record, 0, 2*len(writes))
		for _, w := range writes {
			pieces = append(pieces, w.record(), w.record())
		}
		pieces = rapid.Permutation(pieces).Draw(t, "order")
		for len(pieces) > 1 { // any tree of merges
			i := rapid.IntRange(0, len(pieces)-2).Draw(t, "which")
			pieces[i].Merge(&pieces[i+1])
			pieces = slices.Delete(pieces, i+1, i+2)
		}
		if diff := gocmp.Diff(apply(writes), pieces[0]); diff != "" {
			t.Fatalf("(-in order +merged):\n%s", diff)
		}
	})
}

func TestMergeTellsWhetherItChangedAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		writes := drawWrites(t)
		cut := rapid.IntRange(0, len(writes)).Draw(t, "cut")
		mine, theirs := apply(writes[:cut]), apply(writes[cut:])
		merged := mine
		changed := merged.Merge(&theirs)
		if differs := !gocmp.Equal(mine, merged); changed != differs {
			t.Fatalf("got %v, but changed is %v", changed, differs)
		}
		if merged.Merge(&theirs) {
			t.Fatal("merging the same again changed something")
		}
	})
}

func TestStampsAreInOneOrder(t *testing.T) {
	sorted := []Stamp{{}, {1, "a"}, {1, "b"}, {2, "a"}, {10, "a"}}
	for i, a := range sorted {
		for j, b := range sorted {
			if got, want := a.Compare(b), cmp.Compare(i, j); got != want {
				t.Errorf("%v against %v: got %d, want %d", a, b, got, want)
			}
		}
	}
}
