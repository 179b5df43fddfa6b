package ranker_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/trade"
)

// A backtest decides as the ranker would have that followed the hub: the same
// snapshots at the same times of the hub make the same signals, all of each.
func TestSnapshotsOfARecordDecideAsThoseOfTheHub(t *testing.T) {
	for _, policy := range []string{"ucb", "thompson"} {
		bubble(t, policy, func(t *testing.T) {
			options := func(signals *[]trade.Signal) *ranker.Options {
				return &ranker.Options{
					Policy: policy, Seed: 3, Horizon: 3 * time.Second, DecideEvery: time.Second,
					OnSignal: func(s trade.Signal) { *signals = append(*signals, s) },
				}
			}
			var live, played []trade.Signal
			hub := newHub(t)
			hub.ahead = 90 * time.Second
			follow(t, hub, options(&live))
			record := prepare(t, newHub(t), options(&played))
			random := rand.New(rand.NewPCG(1, 2))
			prices := map[string]float64{"A": 100, "B": 200, "C": 300}
			for seq := range int64(60) {
				time.Sleep(time.Duration(random.IntN(700)) * time.Millisecond)
				name := string("ABC"[random.IntN(3)])
				prices[name] *= 1 + 0.001*random.NormFloat64()
				s := hub.snap(name, seq+1, random.Int64N(9), random.Int64N(9), random.Float64())
				s.Voting.LastPrice = new(prices[name])
				s.Voting.DominantSignal = new([]quasar.Signal{quasar.Buy, quasar.Sell, quasar.Neutral}[random.IntN(3)])
				record.Take(s, hub.now())
				hub.update(s)
			}
			if len(live) < 8 {
				t.Fatalf("got %d signals, want many", len(live))
			}
			if diff := cmp.Diff(live, played); diff != "" {
				t.Errorf("-from the hub +from the record\n%s", diff)
			}
		})
	}
}
