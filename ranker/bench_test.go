package ranker

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/karlquant/quasar"
)

// crowd returns a learner that has learned from n assets, their snapshots, and the
// time.
func crowd(tb testing.TB, n int) (*learner, []quasar.Snapshot, time.Time) {
	tb.Helper()
	o := &Options{HubURL: "ws://hub", Horizon: time.Minute, DecideEvery: time.Minute}
	settled, err := o.settle()
	if err != nil {
		tb.Fatal(err)
	}
	l, err := newLearner(&settled)
	if err != nil {
		tb.Fatal(err)
	}
	random := rand.New(rand.NewPCG(uint64(n), 1))
	now := time.Unix(1_800_000_000, 0)
	all := make([]quasar.Snapshot, n)
	for i := range all {
		buys := 1 + random.Int64N(9)
		all[i] = quasar.Snapshot{SpaceName: fmt.Sprintf("A%05d", i), Seq: 1,
			Training: quasar.Training{AVNAccuracy: new(random.Float64()), TrainingSteps: new(int64(i))},
			Voting:   quasar.Voting{BuyCount: &buys, SellCount: new(10 - buys), DominantSignal: new(quasar.Buy), LastPrice: new(100.0)}}
	}
	for range 40 {
		now = now.Add(10 * time.Second)
		for i := range all {
			touch(&all[i], random, now)
			l.take(&all[i], now)
		}
	}
	if l.counts.learned == 0 {
		tb.Fatal("nothing was learned")
	}
	l.due = now.Add(time.Hour) // no decision comes in between
	l.opts.DecideEvery = time.Hour
	return l, all, now
}

// touch makes of a snapshot the next one of its space.
func touch(s *quasar.Snapshot, random *rand.Rand, now time.Time) {
	s.UpdatedAt, s.VotingAt, s.TrainingAt = now, now, now
	*s.Voting.LastPrice *= 1 + 1e-4*random.NormFloat64()
	*s.Training.AVNAccuracy = random.Float64()
}

// BenchmarkUpdate is one update of one asset: its features, what the model makes of
// them, and its new place among the others.
func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l, all, now := crowd(b, n)
			random := rand.New(rand.NewPCG(2, 2))
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; b.Loop(); i++ {
				s := &all[i%n]
				now = now.Add(time.Microsecond)
				touch(s, random, now)
				l.take(s, now)
			}
		})
	}
}

// BenchmarkRescoreAll is what the same costs for all assets at once, as after a
// decision.
func BenchmarkRescoreAll(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l, _, _ := crowd(b, n)
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				l.placeAll()
			}
		})
	}
}

// An update allocates nothing: there are thousands a second.
func TestAnUpdateAllocatesNothing(t *testing.T) {
	l, all, now := crowd(t, 20)
	random := rand.New(rand.NewPCG(2, 2))
	i := 0
	if allocs := testing.AllocsPerRun(200, func() {
		i++
		now = now.Add(time.Millisecond)
		touch(&all[i%20], random, now)
		l.take(&all[i%20], now)
	}); allocs > 0 {
		t.Errorf("got %v allocations an update, want none", allocs)
	}
}
