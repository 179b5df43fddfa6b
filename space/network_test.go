package space

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Each gradient is compared with the central difference of its loss, for every
// weight of the network. At a step of 1e-5 that is wrong by about 1e-9.
func TestGradientsAreThoseOfTheLosses(t *testing.T) {
	for _, test := range []struct {
		name    string
		in, out int
		loss    func(y []float64) (float64, []float64)
	}{
		{"the actor after a bet that paid", features, numActions, actorLossOf(buy, 1.7)},
		{"the actor after a bet that cost", features, numActions, actorLossOf(sell, -2.3)},
		{"the actor after an abstention", features, numActions, actorLossOf(abstain, 0.4)},
		{"the actor by its entropy alone", features, numActions, actorLossOf(buy, 0)},
		{"the critic", features, 1, func(y []float64) (float64, []float64) {
			loss, dy := criticLoss(y[0], 0.9)
			return loss, []float64{dy}
		}},
		{"the validator after a vote that was right", evidence, 1, validatorLossOf(true)},
		{"the validator after a vote that was wrong", evidence, 1, validatorLossOf(false)},
	} {
		t.Run(test.name, func(t *testing.T) { checkGradient(t, test.in, test.out, test.loss) })
	}
}

func actorLossOf(a action, advantage float64) func([]float64) (float64, []float64) {
	return func(y []float64) (float64, []float64) {
		loss, dy := actorLoss(y, a, advantage, entropyBonus)
		return loss, dy[:]
	}
}

func validatorLossOf(right bool) func([]float64) (float64, []float64) {
	return func(y []float64) (float64, []float64) {
		loss, dy := validatorLoss(y[0], right)
		return loss, []float64{dy}
	}
}

func checkGradient(t *testing.T, in, out int, loss func([]float64) (float64, []float64)) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		n := newNetwork(in, out, rng)
		for i := range n.weights {
			n.weights[i] = rng.NormFloat64() // outputs far from 0, where all gradients are alike
		}
		x := make([]float64, in)
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		_, dy := loss(n.forward(x))
		n.backward(dy)
		for i := range n.weights {
			want := difference(n, x, i, loss)
			if got := n.gradient[i]; math.Abs(got-want) > 1e-7*(1+math.Abs(want)) {
				t.Errorf("weight %d: got %v, want %v", i, got, want)
			}
		}
	}
}

func difference(n *network, x []float64, i int, loss func([]float64) (float64, []float64)) float64 {
	const step = 1e-5
	kept := n.weights[i]
	defer func() { n.weights[i] = kept }()
	n.weights[i] = kept + step
	above, _ := loss(n.forward(x))
	n.weights[i] = kept - step
	below, _ := loss(n.forward(x))
	return (above - below) / (2 * step)
}

func TestDescendGoesAgainstTheGradientAndNoFartherThanItMay(t *testing.T) {
	for _, test := range []struct {
		name           string
		slope          float64
		wantStep       float64
		decay, started float64
	}{
		{"a gentle slope at the rate", 2, -0.2, 0, 1},
		{"a cliff as if its norm were the greatest", 1e9, -0.1 * maxGradient, 0, 1},
		{"no slope by the decay", 0, -0.01, 0.01, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newNetwork(1, 1, rand.New(rand.NewPCG(1, 2)))
			clear(n.gradient)
			n.weights[0], n.gradient[0] = test.started, test.slope
			n.descend(0.1, test.decay)
			if got := n.weights[0] - test.started; math.Abs(got-test.wantStep) > 1e-12 {
				t.Errorf("got a step of %v, want %v", got, test.wantStep)
			}
		})
	}
}

func TestLossesAreFiniteForOutputsBeyondAllMeasure(t *testing.T) {
	for _, y := range []float64{0, 1000, -1000, 1e300, -1e300} {
		for _, a := range []action{abstain, buy, sell} {
			loss, dy := actorLoss([]float64{y, -y, 0}, a, maxReward, entropyBonus)
			wantFinite(t, loss, dy[0], dy[1], dy[2])
		}
		for _, right := range []bool{true, false} {
			wantFinite(t, second(validatorLoss(y, right)))
		}
	}
}

func second(_, b float64) float64 { return b }

func wantFinite(t *testing.T, numbers ...float64) {
	t.Helper()
	for _, x := range numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			t.Errorf("got %v, want finite numbers", numbers)
		}
	}
}
