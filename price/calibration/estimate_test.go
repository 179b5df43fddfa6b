package calibration

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/mathext"
)

// near compares estimates but for a share of their numbers.
func near(share float64) cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= share*math.Max(math.Abs(a), math.Abs(b)) })
}

// The numbers of shares are those of Jeffreys' interval in table 5 of Brown, Cai and
// DasGupta (2001), to their three digits; those of means follow from the quantiles of
// chi-squared with 20 degrees of freedom in any table, 9.591 and 34.170.
func TestIntervalsAreThoseOfTheTables(t *testing.T) {
	for _, test := range []struct {
		name      string
		got       *Estimate
		want      Estimate
		precision float64
	}{
		{"none of ten", share(0, 10), Estimate{0, 0, 0.217, 10}, 0.003},
		{"one of ten", share(1, 10), Estimate{0.1, 0.011, 0.381, 10}, 0.003},
		{"five of ten", share(5, 10), Estimate{0.5, 0.224, 0.776, 10}, 0.003},
		{"ten of ten", share(10, 10), Estimate{1, 0.783, 1, 10}, 0.003},
		{"a mean of ten", exponentialMean(3, 10), Estimate{3, 3 * 20 / 34.170, 3 * 20 / 9.591, 10}, 1e-4},
		{"how many there are for each", share(1, 10).inverse(), Estimate{10, 1 / 0.381, 1 / 0.011, 10}, 0.003},
		{"a normal error", around(2, 0.5, 7), Estimate{2, 2 - 0.98, 2 + 0.98, 7}, 1e-4},
		{"a normal error of the logarithm", aroundLog(2, 0.5, 7), Estimate{2, 2 / 2.6643, 2 * 2.6643, 7}, 1e-3},
		{"another unit", around(2, 0.5, 7).times(10), Estimate{20, 10.2, 29.8, 7}, 1e-4},
	} {
		if diff := cmp.Diff(*test.got, test.want, near(test.precision)); diff != "" {
			t.Errorf("%s: got (-) want (+):\n%s", test.name, diff)
		}
	}
}

// For many events the functions give way to what they come near to.
func TestIntervalsOfManyEventsGoOnWhereThoseOfFewEnd(t *testing.T) {
	const k, n = manyEvents + 1, 10_000_000
	exact := Estimate{
		Value: float64(k) / n, N: n,
		Low: mathext.InvRegIncBeta(k+0.5, n-k+0.5, 0.025), High: mathext.InvRegIncBeta(k+0.5, n-k+0.5, 0.975),
	}
	if diff := cmp.Diff(*share(k, n), exact, near(1e-3)); diff != "" {
		t.Errorf("a share: got (-) want (+):\n%s", diff)
	}
	before := *exponentialMean(1, k-1)
	before.N = k
	if diff := cmp.Diff(*exponentialMean(1, k), before, near(1e-3)); diff != "" {
		t.Errorf("a mean: got (-) want (+):\n%s", diff)
	}
	for _, k := range []int{1, 10, 100, 1000, 5000, manyEvents} {
		e, s := exponentialMean(1, k), share(k, 100*k)
		if !(e.Low < 1 && e.High > 1) || !(s.Low < 0.01 && s.High > 0.01) {
			t.Errorf("of %d: got %+v and %+v, want an interval around", k, e, s)
		}
	}
}

// Of n numbers the ranks n/2 ± 0.98·√n bound the median: 40 to 60 of a hundred.
func TestAMedianHasTheIntervalOfOrderStatistics(t *testing.T) {
	numbers := make(tally)
	for i := range 100 {
		numbers[int64(i+1)]++
	}
	if diff := cmp.Diff(*numbers.median(), Estimate{Value: 50, Low: 40, High: 61, N: 100}); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
	if diff := cmp.Diff(*tally{2: 90, 4: 10}.median(), Estimate{Value: 2, Low: 2, High: 2, N: 100}); diff != "" {
		t.Errorf("hardly any others: got (-) want (+):\n%s", diff)
	}
	if diff := cmp.Diff(*tally{7: 1}.median(), Estimate{Value: 7, Low: 7, High: 7, N: 1}); diff != "" {
		t.Errorf("one: got (-) want (+):\n%s", diff)
	}
}

func TestAnEstimateIsANumberInItsInterval(t *testing.T) {
	nan := math.NaN()
	for _, e := range []Estimate{{2, 1, 3, 0}, {0, 1, 3, 5}, {4, 1, 3, 5}, {nan, 1, 3, 5}, {2, nan, 3, 5}, {2, 1, nan, 5}, {2, 1, math.Inf(1), 5}, {2, math.Inf(-1), 3, 5}} {
		if e.check() == nil {
			t.Errorf("%+v: got no error", e)
		}
	}
	if e := (Estimate{2, 1, 3, 1}); e.check() != nil || !e.Holds(1) || e.Holds(0.99) || e.Holds(3.01) {
		t.Errorf("got %v of %+v", e.check(), e)
	}
}
