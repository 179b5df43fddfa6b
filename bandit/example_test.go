package bandit_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/karlquant/quasar/bandit"
)

// Two arms, of which the second pays more on average, with noise four times as large as
// the difference. The policy is told of the chosen arm's reward alone.
func Example() {
	policy, err := bandit.New("thompson", &bandit.Config{Features: 1, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	random, mean := rand.New(rand.NewPCG(1, 2)), []float64{0, 0.25}
	better := 0
	for t := range int64(1000) {
		round := &bandit.Round{T: t, Arms: []int{0, 1}, X: [][]float64{{0}, {1}}}
		choice := policy.Choose(round)
		policy.Learn([]bandit.Label{{
			T: t, Arm: round.Arms[choice.Arm], X: round.X[choice.Arm], Weight: 1,
			Reward: mean[choice.Arm] + random.NormFloat64(),
		}})
		if t >= 500 {
			better += choice.Arm
		}
	}
	fmt.Println("the better arm in more than 450 of the last 500 rounds:", better > 450)
	// Output:
	// the better arm in more than 450 of the last 500 rounds: true
}

// One may look at a gate after each reward: it opens when there is evidence that their
// mean is above 0, and stays shut where there is an edge in nothing but luck.
func ExampleGate() {
	random := rand.New(rand.NewPCG(1, 2))
	for _, edge := range []float64{0, 0.3} {
		gate, err := bandit.NewGate(nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		for range 1000 {
			gate.Observe(edge + random.NormFloat64())
		}
		fmt.Println(edge, gate.Open())
	}
	// Output:
	// 0 false
	// 0.3 true
}
