package rank_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/rank"
)

// BenchmarkUpdate moves one asset of many to a place that may be anywhere;
// BenchmarkFullSort is what that saves.
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

// BenchmarkRankings reads everything after one update, as a page does.
func BenchmarkRankings(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			index, updates := rank.New(quasar.Asc), randomSnapshots(n)
			for _, s := range updates {
				index.Set(s)
			}
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				i++
				index.Set(updates[i%n])
				index.Rankings()
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
