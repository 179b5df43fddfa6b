package quasar_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/karlquant/quasar"
)

func BenchmarkApply(b *testing.B) {
	s, u := full(), quasar.Update{Fields: quasar.AllFields, Training: full().Training, Voting: full().Voting}
	b.ReportAllocs()
	for b.Loop() {
		next, err := s.Apply(u, noon)
		if err != nil {
			b.Fatal(err)
		}
		s = next
	}
}

func BenchmarkScore(b *testing.B) {
	s := full()
	b.ReportAllocs()
	for b.Loop() {
		if s.Score().Value == nil {
			b.Fatal("no score")
		}
	}
}

func BenchmarkRank(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			spaces := manySpaces(n)
			b.ReportAllocs()
			for b.Loop() {
				if got := quasar.Rank(spaces, quasar.Desc); len(got) != n {
					b.Fatal(len(got))
				}
			}
		})
	}
}

func BenchmarkRankOf(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			spaces := manySpaces(n)
			b.ReportAllocs()
			for b.Loop() {
				if got := quasar.RankOf(&spaces[n/2], pointers(spaces), quasar.Desc); got.Rank == 0 {
					b.Fatal("got no rank")
				}
			}
		})
	}
}

// manySpaces are n with scores in no order.
func manySpaces(n int) []quasar.Snapshot {
	random := rand.New(rand.NewPCG(1, 2))
	spaces := make([]quasar.Snapshot, n)
	for i := range spaces {
		spaces[i] = votes(fmt.Sprintf("SPACE_%d", i), random.Int64N(100), random.Int64N(100), random.Float64())
	}
	return spaces
}

func BenchmarkAppendJSON(b *testing.B) {
	s := full()
	dst := s.AppendJSON(nil)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst = s.AppendJSON(dst[:0])
	}
}

func BenchmarkUnmarshalJSON(b *testing.B) {
	text := new(full()).AppendJSON(nil)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var s quasar.Snapshot
		if err := s.UnmarshalJSON(text); err != nil {
			b.Fatal(err)
		}
	}
}
