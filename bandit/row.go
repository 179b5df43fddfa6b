package bandit

import (
	"math"

	"github.com/karlquant/quasar/internal/learn"
)

// affine writes the row 1, x of a regression with an intercept.
func affine(row, x []float64) {
	row[0] = 1
	tidy(row[1:], x)
}

// tidy writes x. What is missing or not a number is 0, what is too large to learn
// from is the largest that can be.
func tidy(row, x []float64) {
	clear(row[copy(row, x):])
	for i, v := range row {
		if !(math.Abs(v) <= learn.LargestFeature) {
			row[i] = tame(v)
		}
	}
}

func tame(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return math.Copysign(learn.LargestFeature, v)
}

// belief is what a linear model believes of a row and an arm, in units of the noise.
type belief struct{ mean, sd float64 }

// miss is by how much a reward missed a belief, squared, as large on average as the
// variance of the noise.
func (b belief) miss(reward float64) float64 {
	d := reward - b.mean
	return d * d / (1 + b.sd*b.sd)
}
