package rank_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/rank"
)

var noon = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

func newFeatures(tb testing.TB, opts *rank.Options) *rank.Features {
	tb.Helper()
	f, err := rank.NewFeatures(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// busy is a crowd of spaces that all publish everything all the time.
type busy struct {
	random    *rand.Rand
	now       time.Time
	snapshots []quasar.Snapshot
	prices    []float64
}

func newBusy(n int) *busy {
	b := &busy{random: rand.New(rand.NewPCG(uint64(n), 3)), now: noon, prices: make([]float64, n)}
	for i := range n {
		b.prices[i] = 1000
		b.snapshots = append(b.snapshots, quasar.Snapshot{
			SpaceName: fmt.Sprintf("A%05d", i),
			Training:  quasar.Training{TrainingSteps: new(int64), ActorLoss: new(0.3), CriticLoss: new(0.4), AVNLoss: new(0.7), AVNAccuracy: new(0.5)},
			Voting:    quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: new(int64(7)), SellCount: new(int64(3)), LastPrice: new(1000.0), SignalSource: new("ensemble")},
		})
	}
	return b
}

// next changes one space in place and returns it.
func (b *busy) next() *quasar.Snapshot {
	b.now = b.now.Add(100 * time.Millisecond)
	s := &b.snapshots[b.random.IntN(len(b.snapshots))]
	*s.Training.TrainingSteps += b.random.Int64N(9)
	*s.Training.AVNAccuracy = b.random.Float64()
	*s.Voting.BuyCount = b.random.Int64N(10)
	*s.Voting.LastPrice *= math.Exp(1e-4 * b.random.NormFloat64())
	*s.Voting.DominantSignal = quasar.Buy
	if *s.Voting.BuyCount < *s.Voting.SellCount {
		*s.Voting.DominantSignal = quasar.Sell
	}
	s.Seq++
	s.UpdatedAt, s.TrainingAt, s.VotingAt = b.now, b.now, b.now
	return s
}

// The hot path: an update, a row, a score, a place; and now and then a decision.
func TestLearningFromUpdatesAllocatesNothing(t *testing.T) {
	outcomes := 0
	f := newFeatures(t, &rank.Options{Settled: func(*rank.Outcome) { outcomes++ }})
	n, board, b := rank.NewNormaliser(0), &rank.Board{}, newBusy(20)
	raw, z := make([]float64, rank.Width), make([]float64, rank.Width)
	var assets []int
	step := func(i int) {
		s := b.next()
		asset, _ := f.Update(s, b.now)
		f.Row(asset, b.now, raw)
		n.Apply(raw, z)
		board.Set(asset, s.SpaceName, z[0])
		if i%20 != 0 {
			return
		}
		f.Expire(b.now)
		assets = assets[:0]
		for i := range f.Len() {
			assets = append(assets, i)
		}
		f.CrossSection(assets)
		for _, asset := range assets {
			f.Row(asset, b.now, raw)
			n.Observe(raw)
			f.Open(asset, int64(i), b.now, raw)
		}
		n.Freeze()
	}
	for i := range 50_000 {
		step(i)
	}
	if got := testing.AllocsPerRun(20_000, func() { step(outcomes % 20) }); got != 0 {
		t.Errorf("got %v allocations a step, want none", got)
	}
	if outcomes < 1000 {
		t.Errorf("got %d outcomes, want many", outcomes)
	}
}
