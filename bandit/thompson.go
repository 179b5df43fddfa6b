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
		b.draw(random, out)
		best(one, func(i int) float64 { return b.Mean[i] + scale*(out[i]-b.Mean[i]) })
		for i, share := range one {
			p[i] += share
		}
	}
	for i := range p {
		p[i] /= float64(draws) // at the end: the sum of draws is exact, one arm's at most 1
	}
}

// separate is a model that may believe of each arm by itself.
type separate interface {
	// separately tells that the arms are independent and normal, so that what Predict
	// writes says all of the belief.
	separately() bool
}

// draw writes a joint sample of the arms' means.
func (b *Belief) draw(random *rand.Rand, out []float64) {
	if m, ok := b.Model.(separate); !ok || !m.separately() {
		b.Model.Draw(b.Round, random, out)
		return
	}
	for i := range out {
		out[i] = b.Mean[i] + b.SD[i]*random.NormFloat64()
	}
}
