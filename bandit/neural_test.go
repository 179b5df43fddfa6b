package bandit_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/karlquant/quasar/bandit"
)

// inside is the problem no linear model solves: arm 1 pays inside a disc, arm 0 outside.
func inside(random *rand.Rand, t int64) (*bandit.Round, []float64) {
	x := []float64{random.NormFloat64(), 5 + 3*random.NormFloat64()} // not scaled
	means := []float64{1, 0}
	if math.Hypot(x[0], (x[1]-5)/3) < 1.18 {
		means = []float64{0, 1}
	}
	return &bandit.Round{T: t, Arms: []int{0, 1}, X: [][]float64{x, x}}, means
}

// mistakes counts the wrong arms in the second half of rounds, whose rewards come
// delay rounds later.
func mistakes(t *testing.T, name string, rounds, delay int) int {
	c := &bandit.Config{Features: 2, Arms: 2, Shared: true, Seed: 3}
	c.Quick()
	p, err := bandit.New(name, c)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(4, 4))
	var late [][]bandit.Label
	wrong := 0
	for i := range rounds {
		r, means := inside(random, int64(i))
		c := p.Choose(r)
		if i >= rounds/2 && means[c.Arm] == 0 {
			wrong++
		}
		late = append(late, []bandit.Label{{T: r.T, Arm: c.Arm, X: r.X[c.Arm], Reward: means[c.Arm], Weight: 1}})
		if len(late) > delay {
			p.Learn(late[0])
			late = late[1:]
		}
	}
	return wrong
}

func TestNetworksSeeWhatLinesDoNot(t *testing.T) {
	const rounds = 500
	if got := mistakes(t, "linucb", rounds, 0); got < rounds/2/4 {
		t.Fatalf("linucb was wrong %d times of %d: the problem is too easy to tell", got, rounds/2)
	}
	for _, name := range []string{"neural-linear", "ensemble", "ucb", "squarecb"} {
		for _, delay := range []int{0, 100} {
			if got := mistakes(t, name, rounds, delay); got > rounds/2/8 {
				t.Errorf("%s, %d rounds late: wrong %d times of %d, want at most an eighth", name, delay, got, rounds/2)
			}
		}
	}
}

// Rewards in other units, or from another zero, change nothing.
func TestNoScaleOfRewardsHasToBeKnown(t *testing.T) {
	regret := func(name string, scale, shift float64) float64 {
		p := entrant(t, name, true, nil)
		w := newWorld(6, true)
		var sum float64
		for range 120 {
			r, means := w.next()
			c := p.Choose(r)
			for _, m := range means {
				sum += max(0, m-means[c.Arm]) / worldArms
			}
			p.Learn([]bandit.Label{{T: r.T, Arm: c.Arm, X: r.X[c.Arm], Reward: shift + scale*(means[c.Arm]+.1*w.random.NormFloat64()), Weight: 1}})
		}
		return sum
	}
	for _, name := range []string{"linucb", "neural-linear", "ensemble"} {
		plain := regret(name, 1, 0)
		for _, other := range []struct{ scale, shift float64 }{{1e-4, 3e-3}, {1e3, -3e4}} {
			if got := regret(name, other.scale, other.shift); got > 1.5*plain+5 {
				t.Errorf("%s: regret %.1f for rewards times %v plus %v, want about the %.1f of plain ones", name, got, other.scale, other.shift, plain)
			}
		}
	}
}
