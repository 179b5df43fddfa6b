package bandit

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// estimate is the mean of terms, of which each shares its luck with overlap-1 on each
// side.
func estimate(terms []float64, overlap int) Estimate {
	n := float64(len(terms))
	mean := 0.0
	for i, x := range terms {
		mean += (x - mean) / float64(i+1)
	}
	se := math.Sqrt(variance(terms, mean, overlap) / n)
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: max(1, n/float64(overlap)-1)}.Quantile(.975)
	return Estimate{Mean: mean, SE: se, Low: mean - t*se, High: mean + t*se}
}

// variance is that of the mean of terms, times their number. Where they overlap it
// takes in what they have in common with their neighbours, with the weights of Newey
// and West (1987) over twice the overlap: those never make a negative sum, but take
// in too little of it, and are scaled to take in all of what evenly overlapping terms
// share. It is never less than that of terms which do not overlap.
func variance(terms []float64, mean float64, overlap int) float64 {
	n := len(terms)
	alone := covariance(terms, mean, 0)
	if overlap <= 1 {
		return alone
	}
	lags := min(2*overlap, n) - 1
	sum, full, taken := alone, 1.0, 1.0
	for k := 1; k <= lags; k++ {
		weight := 1 - float64(k)/float64(lags+1)
		sum += 2 * weight * covariance(terms, mean, k)
		shared := max(0, 1-float64(k)/float64(overlap))
		full, taken = full+2*shared, taken+2*weight*shared
	}
	return max(alone, sum*full/taken)
}

// covariance is that of terms with those k later, over all terms as the programs of
// others have it.
func covariance(terms []float64, mean float64, k int) float64 {
	sum := 0.0
	for i := k; i < len(terms); i++ {
		sum += (terms[i] - mean) * (terms[i-k] - mean)
	}
	return sum / float64(len(terms))
}

// inflation is how many times as large overlaps make the variance of the mean weighted
// reward.
func inflation(trials []trial, overlap int) float64 {
	terms := make([]float64, len(trials))
	mean := ratioOf(trials, func(_ int, t *trial) float64 { return t.reward })
	for i := range trials {
		terms[i] = trials[i].weight * (trials[i].reward - mean)
	}
	alone := covariance(terms, 0, 0)
	if !(alone > 0) {
		return 1
	}
	return variance(terms, 0, overlap) / alone
}

// Average is the mean of terms, two at least, with the interval that it takes if each
// shares its luck with overlap-1 on each side; 1 for none.
func Average(terms []float64, overlap int) Estimate { return estimate(terms, max(1, overlap)) }
