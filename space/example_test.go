package space_test

import (
	"fmt"

	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/space"
)

// An ensemble without a clock takes five hours of ticks in a moment.
func ExampleEnsemble() {
	index, err := price.Lookup("V75")
	if err != nil {
		fmt.Println(err)
		return
	}
	ticks, err := price.New(index, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	ensemble, err := space.NewEnsemble(&space.EnsembleOptions{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 10_000 {
		if err := ensemble.Step(ticks.Next()); err != nil {
			fmt.Println(err)
			return
		}
	}
	record := ensemble.Record()
	fmt.Printf("%.1f of the votes were right: the ticks are random\n", *record.VoteAccuracy())
	// Output:
	// 0.5 of the votes were right: the ticks are random
}
