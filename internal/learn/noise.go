package learn

import "math"

// noise estimates the variance of the noise, as the sum of squares that the belief
// leaves unexplained over the number of labels; or it is fixed.
type noise struct {
	fixed      float64 // a variance; 0: estimated
	prior      float64 // a variance, with the weight of one label
	sum, count float64
}

// minNoise keeps the variance above 0 where all targets are the same.
const minNoise = 1e-18

func newNoise(sd float64, fixed bool) noise {
	if fixed {
		return noise{fixed: sd * sd}
	}
	return noise{prior: sd * sd}
}

// add takes the miss of Factor.Update for a label of this weight.
func (n *noise) add(miss, weight float64) {
	n.sum += miss * miss
	n.count += weight
}

// set takes what a refit found; rounding can make the difference of two sums negative.
func (n *noise) set(unexplained, count float64) { n.sum, n.count = max(unexplained, 0), count }

func (n *noise) discount(by float64) {
	n.sum *= by
	n.count *= by
}

func (n *noise) variance() float64 {
	if n.fixed > 0 {
		return n.fixed
	}
	return math.Max((n.prior+n.sum)/(1+n.count), minNoise)
}
