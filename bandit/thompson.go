package bandit

import "math/rand/v2"

// Thompson takes each arm as often as it is the best in a joint draw from the
// belief.
type Thompson struct {
	// Draws is from how many draws the chances are counted. 0 is 1: the arm of that
	// draw gets the chance 1, which chooses as well but says nothing of how likely
	// the choice was.
	Draws int
	// Scale is by how much a draw's distance from the mean is multiplied. 0 is 1.
	Scale float64
}

// Weigh implements Explorer.
func (t Thompson) Weigh(b *Belief, random *rand.Rand, p []float64) {
	draws, scale := max(t.Draws, 1), t.Scale
	if scale == 0 {
		scale = 1
	}
	out, one := make([]float64, len(p)), make([]float64, len(p))
	clear(p)
	for range draws {
		b.Model.Draw(b.Round, random, out)
		best(one, func(i int) float64 { return b.Mean[i] + scale*(out[i]-b.Mean[i]) })
		for i, share := range one {
			p[i] += share / float64(draws)
		}
	}
}
