package bandit

import (
	"math"
	"math/rand/v2"
)

// Belief is what an explorer goes by: a round, and what a model believes of it.
type Belief struct {
	Round *Round
	// Mean and SD are the model's prediction, one for each of the round's arms.
	Mean, SD []float64
	Model    Model
}

// Explorer turns a belief into chances.
type Explorer interface {
	// Weigh writes the chance of each of the round's arms to p, which is as long as
	// them; the sum is 1. It keeps nothing of the belief.
	Weigh(b *Belief, random *rand.Rand, p []float64)
}

// Greedy explores nothing: the arm of the highest mean. Equals share.
type Greedy struct{}

// Weigh implements Explorer.
func (Greedy) Weigh(b *Belief, _ *rand.Rand, p []float64) {
	best(p, func(i int) float64 { return b.Mean[i] })
}

// EpsilonGreedy takes any arm with probability Epsilon, or else the greedy one.
type EpsilonGreedy struct {
	// Epsilon is from 0 to 1.
	Epsilon float64
}

// Weigh implements Explorer.
func (e EpsilonGreedy) Weigh(b *Belief, random *rand.Rand, p []float64) {
	Greedy{}.Weigh(b, random, p)
	mix(p, e.Epsilon)
}

// UCB takes the arm of the highest upper confidence bound, mean + Alpha·sd.
type UCB struct {
	// Alpha is how many standard deviations of the belief count.
	Alpha float64
}

// Weigh implements Explorer.
func (u UCB) Weigh(b *Belief, _ *rand.Rand, p []float64) {
	best(p, func(i int) float64 { return b.Mean[i] + u.Alpha*b.SD[i] })
}

func (u UCB) deviations(int64) float64 { return u.Alpha }

// UCB1 is UCB whose bound widens with the round's number: mean + √(2 ln(T+1))·sd
// (Auer, Cesa-Bianchi and Fischer 2002, with the measured deviation of the rewards
// in place of a known range).
type UCB1 struct{}

// Weigh implements Explorer.
func (UCB1) Weigh(b *Belief, random *rand.Rand, p []float64) {
	UCB{Alpha: UCB1{}.deviations(b.Round.T)}.Weigh(b, random, p)
}

func (UCB1) deviations(t int64) float64 { return math.Sqrt(2 * math.Log(float64(max(t, 1)+1))) }

// best shares 1 among the arms of the highest score. NaN is the lowest of scores.
func best(p []float64, score func(i int) float64) {
	top, ties := math.NaN(), 0
	for i := range p {
		switch s := score(i); {
		case s > top || (math.IsNaN(top) && !math.IsNaN(s)) || i == 0:
			clear(p[:i])
			top, ties = s, 1
			p[i] = 1
		case s == top || (math.IsNaN(s) && math.IsNaN(top)):
			ties++
			p[i] = 1
		default:
			p[i] = 0
		}
	}
	for i := range p {
		p[i] /= float64(ties)
	}
}

// mix takes the share eps from all chances and gives it to all alike.
func mix(p []float64, eps float64) {
	for i := range p {
		p[i] = (1-eps)*p[i] + eps/float64(len(p))
	}
}
