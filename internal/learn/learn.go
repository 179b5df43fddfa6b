// Package learn has the numerics of learning: a small network with its training, and
// Bayesian linear regression that forgets. It knows of numbers alone: not of arms,
// assets or rewards. All chance is an argument, and on one machine the same calls
// give the same bits.
//
// Its types are for one goroutine at a time.
package learn

import "math"

// Largest are the greatest absolute values of a feature and of a target that are
// learnt from: beyond them the sums of squares lose what else is in them.
const (
	LargestFeature = 1e6
	LargestTarget  = 1e9
)

// Usable reports whether a row can be learnt from: numbers, none of them beyond
// LargestFeature.
func Usable(x []float64) bool {
	for _, v := range x {
		if !(math.Abs(v) <= LargestFeature) {
			return false
		}
	}
	return true
}

// UsableTarget reports whether a target and its weight can be learnt from: numbers, the
// target not beyond LargestTarget, the weight above 0 and not beyond LargestFeature.
func UsableTarget(y, weight float64) bool {
	return math.Abs(y) <= LargestTarget && weight > 0 && weight <= LargestFeature
}

func dot(a, b []float64) float64 { return blas.Ddot(len(a), a, 1, b, 1) }

// addScaled adds a times x to y.
func addScaled(a float64, x, y []float64) { blas.Daxpy(len(x), a, x, 1, y, 1) }
