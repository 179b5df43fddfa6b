package bandit

import (
	"math"
	"math/rand/v2"
)

// SquareCB weighs arms by the inverse of their gap to the best one (Foster and
// Rakhlin 2020): an arm of the n has the chance 1/(n + γ·gap), and the best what
// remains.
//
// In that paper γ grows with the rounds, by a constant that knows the scale of the
// rewards: as √(n / what a prediction misses on average, squared). Here that is
// Scale·√(n / mean variance of the belief), so that γ knows no scale and falls when
// a belief forgets.
type SquareCB struct {
	// Scale is how soon exploration ends. 0 is 20.
	Scale float64
}

// Weigh implements Explorer.
func (s SquareCB) Weigh(b *Belief, _ *rand.Rand, p []float64) {
	n, top, variance := float64(len(p)), 0, 0.0
	for i := range p {
		if b.Mean[i] > b.Mean[top] {
			top = i
		}
		variance += b.SD[i] * b.SD[i] / n
	}
	gamma := s.Scale
	if gamma == 0 {
		gamma = 20
	}
	gamma *= math.Sqrt(n / variance)
	p[top] = 1
	for i := range p {
		if i == top {
			continue
		}
		p[i] = 1 / n
		if gap := b.Mean[top] - b.Mean[i]; gap > 0 {
			p[i] = 1 / (n + gamma*gap)
		}
		p[top] -= p[i]
	}
}
