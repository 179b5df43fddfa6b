package report

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// leastBlocks is how many orders there have to be to be put in another order.
const leastBlocks = 20

// resample gives a curve its band: the record made anew of its blocks, which begin
// anywhere and go around its end (Politis and Romano 1992). A block is n^(1/3) orders
// long, so that what hangs together stays together.
func resample(ended []*bet, points []Point, runs int, random *rand.Rand) {
	n := len(ended)
	if n < leastBlocks {
		return
	}
	length := int(math.Ceil(math.Cbrt(float64(n))))
	at := make([][]float64, len(points))
	for i := range at {
		at[i] = make([]float64, runs)
	}
	for run := range runs {
		profit, next, from := 0.0, 0, 0
		for i := range n {
			if i%length == 0 {
				from = random.IntN(n)
			}
			profit += ended[(from+i%length)%n].profit
			if points[next].N == i+1 {
				at[next][run] = profit
				next++
			}
		}
	}
	for i := range points {
		points[i].Low, points[i].High = middle(at[i])
	}
}

// middle is where the middle 95 % of tries are.
func middle(tries []float64) (low, high *float64) {
	slices.Sort(tries)
	return new(stat.Quantile(0.025, stat.Empirical, tries, nil)), new(stat.Quantile(0.975, stat.Empirical, tries, nil))
}
