package rank_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/rank"
)

var orders = []quasar.Order{quasar.Desc, quasar.Asc, quasar.Balanced, "none of them"}

func snapshot(name string, buys, sells int64, accuracy float64) quasar.Snapshot {
	return quasar.Snapshot{
		SpaceName: name,
		Training:  quasar.Training{AVNAccuracy: &accuracy},
		Voting:    quasar.Voting{BuyCount: &buys, SellCount: &sells},
	}
}

// model is what an index has to agree with: the newest snapshots, and a full sort
// of them whenever somebody asks.
type model struct {
	order  quasar.Order
	newest map[string]quasar.Snapshot
	only   map[string]bool
}

func (m *model) rankings() []quasar.Ranking {
	return quasar.Rank(slices.Collect(maps.Values(m.newest)), m.order)
}

// step does one thing to both.
func (m *model) step(t *rapid.T, index *rank.Index, names *rapid.Generator[string]) {
	switch rapid.IntRange(0, 19).Draw(t, "step") {
	case 0, 1:
		name := names.Draw(t, "forget")
		index.Forget(name)
		delete(m.newest, name)
	case 2:
		only := rapid.SliceOfN(names, 0, 9).Draw(t, "only")
		index.Restrict(only...)
		m.restrict(only)
	default:
		s := drawSnapshot(t, names.Draw(t, "name"))
		index.Set(s)
		if m.only == nil || m.only[s.SpaceName] {
			m.newest[s.SpaceName] = s
		}
	}
}

func (m *model) restrict(names []string) {
	m.only = nil
	if len(names) == 0 {
		return
	}
	m.only = make(map[string]bool)
	for _, name := range names {
		m.only[name] = true
	}
	maps.DeleteFunc(m.newest, func(name string, _ quasar.Snapshot) bool { return !m.only[name] })
}

// Whatever comes, the index holds what a full sort of the newest snapshots gives,
// after each step.
func TestIndexEqualsAFullSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.SampledFrom(orders).Draw(t, "order")
		index := rank.New(order)
		m := &model{order: order, newest: make(map[string]quasar.Snapshot)}
		names := rapid.StringMatching(`[ABab][0-9-]?`)
		for range rapid.IntRange(0, 100).Draw(t, "steps") {
			m.step(t, index, names)
			if rapid.Bool().Draw(t, "unread") {
				continue
			}
			want := m.rankings()
			if diff := cmp.Diff(want, index.Rankings()); diff != "" {
				t.Fatalf("-full sort +index\n%s", diff)
			}
			top, ok := index.Top()
			if wantTop := len(want) > 0 && want[0].Rank == 1; ok != wantTop || ok && !cmp.Equal(top, want[0]) {
				t.Fatalf("top: got %+v, %v", top, ok)
			}
		}
		if index.Len() != len(m.newest) || index.Order() != order {
			t.Errorf("got %d assets in the order %q, want %d in %q", index.Len(), index.Order(), len(m.newest), order)
		}
		name := names.Draw(t, "has")
		if _, want := m.newest[name]; index.Has(name) != want {
			t.Errorf("has %q: got %v, want %v", name, !want, want)
		}
	})
}

// drawSnapshot draws from few values, so that ties are common, some of them such
// as no hub sends.
func drawSnapshot(t *rapid.T, name string) quasar.Snapshot {
	count := rapid.Ptr(rapid.SampledFrom([]int64{0, 1, 2, 3, 1, 2, 3, quasar.MaxCount, quasar.MaxCount + 1, -1}), true)
	accuracy := rapid.Ptr(rapid.SampledFrom([]float64{0, 0.25, 0.5, 0.75, 1, 0.25, 0.5, 0.75, -0.5, 1.5, math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)}), true)
	return quasar.Snapshot{
		SpaceName: name,
		Seq:       rapid.Int64Range(1, 9).Draw(t, "seq"),
		Training:  quasar.Training{AVNAccuracy: finite(accuracy.Draw(t, "accuracy"))},
		Voting:    quasar.Voting{BuyCount: count.Draw(t, "buys"), SellCount: count.Draw(t, "sells")},
	}
}

// finite keeps cmp from telling a NaN from itself: TestNoNumberThatIsNone has it.
func finite(x *float64) *float64 {
	if x == nil || math.IsNaN(*x) {
		return nil
	}
	return x
}

// An accuracy that is no number must not decide what is traded first.
func TestNoNumberThatIsNone(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, order := range orders {
			index := rank.New(order)
			index.Set(snapshot("BAD", 9, 1, bad))
			index.Set(snapshot("GOOD", 5, 5, 0.5))
			if diff := cmp.Diff([]string{"1 GOOD", "0 BAD no accuracy"}, lines(index)); diff != "" {
				t.Errorf("accuracy %v, order %s (-want +got):\n%s", bad, order, diff)
			}
		}
	}
}

func lines(index *rank.Index) []string {
	var lines []string
	for _, r := range index.Rankings() {
		line := fmt.Sprint(r.Rank, " ", r.Snapshot.SpaceName)
		if r.Score.Reason != "" {
			line += " " + r.Score.Reason
		}
		lines = append(lines, line)
	}
	return lines
}

func TestRankingsAreTheCallersOwn(t *testing.T) {
	index := rank.New(quasar.Asc)
	index.Set(snapshot("A", 1, 0, 0.5))
	index.Set(snapshot("B", 1, 0, 0.4))
	before := index.Rankings()
	kept := fmt.Sprint(*before[0].Score.Value, *before[1].Score.Value, before[0].Snapshot.SpaceName)
	index.Set(snapshot("B", 1, 0, 0.9))
	index.Set(snapshot("A", 2, 1, 0.1))
	index.Rankings()
	if got := fmt.Sprint(*before[0].Score.Value, *before[1].Score.Value, before[0].Snapshot.SpaceName); got != kept {
		t.Errorf("got %v after later updates, want %v as before", got, kept)
	}
}

// The hot path: an update of an asset that is known, wherever it goes.
func TestAnUpdateAllocatesNothing(t *testing.T) {
	index, updates := rank.New(quasar.Asc), randomSnapshots(1_000)
	for _, s := range updates {
		index.Set(s)
	}
	index.Rankings() // and nobody asks in between
	i := 0
	allocations := testing.AllocsPerRun(10_000, func() {
		i += 7
		s := updates[i%len(updates)]
		s.Training.AVNAccuracy = updates[i*31%len(updates)].Training.AVNAccuracy
		if i%5 == 0 {
			s.Voting.BuyCount = nil
		}
		index.Set(s)
	})
	if allocations != 0 {
		t.Errorf("got %v allocations an update, want none", allocations)
	}
}
