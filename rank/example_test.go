package rank_test

import (
	"fmt"

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
