package rank_test

import (
	"fmt"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/rank"
)

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

func ExampleIndex_Restrict() {
	index := rank.New(quasar.Balanced)
	index.Set(snapshot("V75", 7, 3, 0.86))
	index.Restrict("CRASH1000", "STEP")
	index.Set(snapshot("V75", 7, 3, 0.9))
	index.Set(snapshot("CRASH1000", 11, 1, 0.38))
	top, ok := index.Top()
	fmt.Println(index.Len(), top.Snapshot.SpaceName, ok)
	// Output:
	// 1 CRASH1000 true
}

// Two spaces say BUY of two prices: one rises, one falls. After the horizon it is known
// whose signal was worth following.
func ExampleFeatures() {
	now := time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)
	features, err := rank.NewFeatures(&rank.Options{Horizon: 10 * time.Second, Settled: func(o *rank.Outcome) {
		fmt.Printf("decision %d, asset %d: %+.2f\n", o.Decision, o.Asset, o.Label)
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	tick := func(name string, price float64) {
		s := snapshot(name, 7, 3, 0.86)
		s.Voting.DominantSignal, s.Voting.LastPrice, s.VotingAt = new(quasar.Buy), &price, now
		features.Update(&s, now)
	}
	normaliser, board := rank.NewNormaliser(0), &rank.Board{}
	raw, x := make([]float64, rank.Width), make([]float64, rank.Width)
	for second := range 25 {
		now = now.Add(time.Second)
		tick("UP", 100+0.3*float64(second%2)+0.1*float64(second))
		tick("DOWN", 100+0.3*float64(second%2)-0.1*float64(second))
		if second != 12 {
			continue
		}
		assets := []int{0, 1} // a decision among both
		features.Expire(now)
		features.CrossSection(assets)
		for _, asset := range assets {
			features.Row(asset, now, raw)
			normaliser.Observe(raw)
		}
		normaliser.Freeze()
		for _, asset := range assets {
			features.Row(asset, now, raw)
			normaliser.Apply(raw, x) // what a model sees
			features.Open(asset, 1, now, x)
		}
	}
	for asset := range features.Len() {
		board.Set(asset, features.Name(asset), features.Skill(asset).NetMean)
	}
	for i := range board.Len() {
		asset, score := board.At(i)
		fmt.Printf("%d %s %+.3f\n", i+1, features.Name(asset), score)
	}
	// Output:
	// decision 1, asset 0: +0.99
	// decision 1, asset 1: -1.01
	// 1 UP +0.047
	// 2 DOWN -0.048
}
