package rank_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/rank"
)

func snapshot(name string, buys, sells int64, accuracy float64) quasar.Snapshot {
	return quasar.Snapshot{
		SpaceName: name,
		Training:  quasar.Training{AVNAccuracy: &accuracy},
		Voting:    quasar.Voting{BuyCount: &buys, SellCount: &sells},
	}
}

// Whatever comes, the index holds what a full sort of the newest snapshots gives.
func TestIndexEqualsAFullSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.SampledFrom([]quasar.Order{quasar.Desc, quasar.Asc, quasar.Balanced}).Draw(t, "order")
		index := rank.New(order)
		newest := make(map[string]quasar.Snapshot)
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			name := rapid.SampledFrom([]string{"A", "B", "C", "D", "E", "F", "G", "b", "a-1"}).Draw(t, "name")
			if rapid.IntRange(0, 9).Draw(t, "forget") == 0 {
				index.Forget(name)
				delete(newest, name)
				continue
			}
			s := drawSnapshot(t, name)
			index.Set(s)
			newest[name] = s
		}
		var all []quasar.Snapshot
		for _, s := range newest {
			all = append(all, s)
		}
		want := quasar.Rank(all, order)
		if diff := cmp.Diff(want, index.Rankings()); diff != "" {
			t.Errorf("-full sort +index\n%s", diff)
		}
		top, ok := index.Top()
		if wantTop := len(want) > 0 && want[0].Rank == 1; ok != wantTop || ok && !cmp.Equal(top, want[0]) {
			t.Errorf("top: got %+v, %v", top, ok)
		}
		if index.Len() != len(newest) {
			t.Errorf("length: got %d, want %d", index.Len(), len(newest))
		}
	})
}

// drawSnapshot draws from few values, so that ties are common.
func drawSnapshot(t *rapid.T, name string) quasar.Snapshot {
	s := snapshot(name, rapid.Int64Range(0, 3).Draw(t, "buys"), rapid.Int64Range(0, 3).Draw(t, "sells"),
		float64(rapid.IntRange(0, 4).Draw(t, "accuracy"))/4)
	switch rapid.IntRange(0, 5).Draw(t, "unknown") {
	case 0:
		s.Training.AVNAccuracy = nil
	case 1:
		s.Voting.SellCount = nil
	}
	return s
}

func TestRankingsAreTheCallersOwn(t *testing.T) {
	index := rank.New(quasar.Asc)
	index.Set(snapshot("A", 1, 0, 0.5))
	index.Set(snapshot("B", 1, 0, 0.4))
	before := index.Rankings()
	names := func() []string {
		var names []string
		for _, r := range before {
			names = append(names, r.Snapshot.SpaceName)
		}
		return names
	}
	index.Set(snapshot("B", 1, 0, 0.9))
	if got, want := names(), []string{"A", "B"}; !slices.Equal(got, want) {
		t.Errorf("got %v after a later update, want %v as before", got, want)
	}
}

func ExampleIndex() {
	index := rank.New(quasar.Asc)
	index.Set(snapshot("V75", 7, 3, 0.86))
	index.Set(snapshot("CRASH1000", 11, 1, 0.38))
	index.Set(snapshot("STEP", 0, 0, 0.5))
	for _, r := range index.Rankings() {
		if r.Score.Value == nil {
			fmt.Printf("- %s: %s\n", r.Snapshot.SpaceName, r.Score.Reason)
			continue
		}
		fmt.Printf("%d %s %+.3f\n", r.Rank, r.Snapshot.SpaceName, *r.Score.Value)
	}
	// Output:
	// 1 V75 -0.160
	// 2 CRASH1000 +0.537
	// - STEP: no votes
}

// BenchmarkUpdate moves one asset of many; BenchmarkFullSort is what that saves.
func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			index, updates := rank.New(quasar.Asc), randomSnapshots(n)
			for _, s := range updates {
				index.Set(s)
			}
			random := rand.New(rand.NewPCG(1, 2))
			b.ReportAllocs()
			for b.Loop() {
				s := updates[random.IntN(n)]
				s.Training.AVNAccuracy = updates[random.IntN(n)].Training.AVNAccuracy
				index.Set(s)
			}
		})
	}
}

func BenchmarkFullSort(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			snapshots := randomSnapshots(n)
			b.ReportAllocs()
			for b.Loop() {
				quasar.Rank(snapshots, quasar.Asc)
			}
		})
	}
}

func randomSnapshots(n int) []quasar.Snapshot {
	random := rand.New(rand.NewPCG(uint64(n), 7))
	all := make([]quasar.Snapshot, n)
	for i := range all {
		all[i] = snapshot(fmt.Sprintf("A%05d", i), random.Int64N(10), 1+random.Int64N(10), random.Float64())
	}
	return all
}
