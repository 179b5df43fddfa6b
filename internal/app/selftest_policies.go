package app

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/karlquant/quasar/bandit"
)

// checkPolicies lets every policy that learns find the better of two arms, of which
// one pays 1 more than the other, half a deviation.
func (c *components) checkPolicies(context.Context) error {
	const rounds = 200
	for _, name := range bandit.Names() {
		if name == "random" || name == "formula" {
			continue // they learn nothing
		}
		p, err := c.policy(name, &bandit.Config{Features: 2, Seed: 1})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		found := 0
		for t := range int64(rounds) {
			x := random.NormFloat64()
			r := &bandit.Round{T: t, Arms: []int{0, 1}, X: [][]float64{{x, 0}, {x, 1}}}
			if p.Choose(r).Arm == 1 && t >= rounds/2 {
				found++
			}
			p.Learn([]bandit.Label{
				{T: t, Arm: 0, X: r.X[0], Reward: 2 * random.NormFloat64(), Weight: 1},
				{T: t, Arm: 1, X: r.X[1], Reward: 1 + 2*random.NormFloat64(), Weight: 1},
			})
		}
		if found < rounds*3/10 {
			return fmt.Errorf("%s: chose the better of two arms in %d of the last %d rounds, want most", name, found, rounds/2)
		}
	}
	return nil
}

// checkGate holds the gate to a capital that was worked out by hand, and to staying
// shut for luck.
func (c *components) checkGate(context.Context) error {
	g, err := c.gate(&bandit.GateOptions{Low: -1, High: 1})
	if err != nil {
		return err
	}
	g.Observe(0.5)
	g.Observe(-0.2)
	up := g.State().Up
	if got, want := up[len(up)/2], math.Log(1.375*0.85); math.Abs(got-want) > 1e-9 {
		return fmt.Errorf("two bets against 0: got a capital of %.6f, want %.6f", math.Exp(got), math.Exp(want))
	}
	for i := range 200 {
		if g.Observe(float64(1 - 2*(i%2))); g.Open() {
			return fmt.Errorf("opened after %d outcomes without an edge", i+1)
		}
	}
	for range 200 {
		g.Observe(1)
		g.Observe(-0.2)
	}
	if !g.Open() {
		return fmt.Errorf("an edge of 0.4: got %q, want it open", g.Sentence())
	}
	return nil
}
