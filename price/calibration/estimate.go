package calibration

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Estimate is a number that was measured.
type Estimate struct {
	Value float64 `json:"value"`
	// Low to High is the 95 % interval: of a hundred recordings of the same law it
	// holds the true number in about 95.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// N is how many observations it comes from.
	N int `json:"n"`
}

// Holds tells whether a number is in the interval.
func (e *Estimate) Holds(x float64) bool { return e.Low <= x && x <= e.High }

// check wants what an estimate must be.
func (e *Estimate) check() error {
	finite := !math.IsInf(e.Low, 0) && !math.IsInf(e.High, 0)
	if !finite || !(e.Low <= e.Value && e.Value <= e.High) || e.N < 1 {
		return fmt.Errorf("got %v between %v and %v from %d, want a finite number in its interval, from 1 or more", e.Value, e.Low, e.High, e.N)
	}
	return nil
}

// times is the estimate in another unit, which is above 0.
func (e *Estimate) times(unit float64) *Estimate {
	return &Estimate{Value: e.Value * unit, Low: e.Low * unit, High: e.High * unit, N: e.N}
}

// normal95 is the normal distribution's two-sided 95 % quantile.
const normal95 = 1.959963984540054

// around is the interval of a normal error.
func around(value, se float64, n int) *Estimate {
	return &Estimate{Value: value, Low: value - normal95*se, High: value + normal95*se, N: n}
}

// aroundLog is that of a number above 0 whose logarithm has a normal error.
func aroundLog(value, se float64, n int) *Estimate {
	f := math.Exp(normal95 * se)
	return &Estimate{Value: value, Low: value / f, High: value * f, N: n}
}

// manyEvents is from how many events on their logarithm is as good as normal: the
// functions below differ from it by less than 0.1 % there.
const manyEvents = 20_000

// share is k out of n, with the interval of Jeffreys, whose coverage is near 95 % for
// rare events too (Brown, Cai and DasGupta, "Interval Estimation for a Binomial
// Proportion", Statistical Science 16, 2001). n is above 0.
func share(k, n int) *Estimate {
	p := float64(k) / float64(n)
	if k > manyEvents && n-k > manyEvents {
		return around(p, math.Sqrt(p*(1-p)/float64(n)), n)
	}
	e := &Estimate{Value: p, Low: 0, High: 1, N: n}
	a, b := float64(k)+0.5, float64(n-k)+0.5
	if k > 0 {
		e.Low = mathext.InvRegIncBeta(a, b, 0.025)
	}
	if k < n {
		e.High = mathext.InvRegIncBeta(a, b, 0.975)
	}
	return e
}

// inverse turns a share above 0 into how many there are for each.
func (e *Estimate) inverse() *Estimate {
	return &Estimate{Value: 1 / e.Value, Low: 1 / e.High, High: 1 / e.Low, N: e.N}
}

// exponentialMean is the mean of k exponential numbers: 2k times it over the true one
// is chi-squared with 2k degrees of freedom. k is above 0.
func exponentialMean(mean float64, k int) *Estimate {
	n := float64(k)
	if k > manyEvents {
		return aroundLog(mean, 1/math.Sqrt(n), k)
	}
	return &Estimate{
		Value: mean, N: k,
		Low:  mean * n / mathext.GammaIncRegInv(n, 0.975),
		High: mean * n / mathext.GammaIncRegInv(n, 0.025),
	}
}

// tally counts whole numbers.
type tally map[int64]int

// median is the lower of the middle ones, with the interval that order statistics
// give: it holds whatever the distribution. There must be one at least.
func (t tally) median() *Estimate {
	n := 0
	for _, times := range t {
		n += times
	}
	half := normal95 * math.Sqrt(float64(n)) / 2
	middle := float64(n-1) / 2
	return &Estimate{
		Value: t.ranked(int(middle)),
		Low:   t.ranked(max(0, int(middle-half))),
		High:  t.ranked(min(n-1, int(math.Ceil(middle+half)))),
		N:     n,
	}
}

// ranked is the number of a rank, the smallest of rank 0.
func (t tally) ranked(rank int) float64 {
	keys := slices.Sorted(maps.Keys(t))
	for _, key := range keys {
		if rank -= t[key]; rank < 0 {
			return float64(key)
		}
	}
	return float64(keys[len(keys)-1])
}
