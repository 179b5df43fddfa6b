package bandit

import "math"

// Least returns how many rewards it takes to open, whatever they are.
func (g *Gate) Least() int64 { return g.opts.Least }

// maxNeeded is beyond what anybody would wait for.
const maxNeeded = 1 << 30

// Needed returns about how many rewards it takes to open if the true mean and the
// variance are those that were seen: the first number at which the normal-mixture
// interval of GateOptions.Normal is narrower than the mean, and Least at least. It is false
// where no number would do, because the mean is not above 0, or none below a billion.
// It is no forecast: what was seen may be luck, and then no number would do either.
func (g *Gate) Needed() (n int64, ok bool) {
	if g.n < 2 || !(g.mean > 0) || !(g.m2 > 0) {
		return 0, false
	}
	variance := g.m2 / float64(g.n-1)
	proves := func(n int64) bool { return g.mixture(float64(n), variance) < g.mean }
	high := max(g.opts.Least, 1)
	for !proves(high) {
		if high *= 2; high > maxNeeded {
			return 0, false
		}
	}
	low := high/2 - 1
	for high-low > 1 {
		if middle := low + (high-low)/2; proves(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return max(high, g.opts.Least), true
}

// mixture is half the normal-mixture interval after n rewards of a variance.
func (g *Gate) mixture(n, variance float64) float64 {
	v, rho := n*variance, g.opts.Rho*variance
	return math.Sqrt(2*(v+rho)*math.Log(math.Sqrt((v+rho)/rho)/g.opts.Alpha)) / n
}
