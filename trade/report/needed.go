package report

import "math"

// The quantiles for a one-sided test at 5 % that finds what is there with 80 %, as
// tables print them.
const (
	zTest  = 1.645
	zPower = 0.842
)

// needed is how many orders would prove what was observed, if it were the truth: nil
// without an expectancy above 0.
func needed(row *Row, ended []*bet) *int64 {
	n := 0.0
	switch decided := row.Won + row.Lost; {
	case decided > 0 && decided == row.N && row.BreakEven != nil:
		n = trialsForRate(row.WinRate.Rate, *row.BreakEven)
	case row.N > 1:
		mean, sd := moments(ended)
		n = trialsForMean(mean, sd)
	}
	if !(n > 0) || n > 1e15 {
		return nil
	}
	return new(int64(math.Ceil(n)))
}

// trialsForRate is the size of a sample that shows a rate p to be above b: ((1.645
// sqrt(b(1-b)) + 0.842 sqrt(p(1-p))) / (p - b))² (Fleiss, Levin and Paik 2003, section
// 2.4, without the correction for continuity). 0 if p is not above b.
func trialsForRate(p, b float64) float64 {
	if !(p > b) {
		return 0
	}
	root := (zTest*math.Sqrt(b*(1-b)) + zPower*math.Sqrt(p*(1-p))) / (p - b)
	return root * root
}

// trialsForMean is that for a mean above 0: ((1.645 + 0.842) sd / mean)².
func trialsForMean(mean, sd float64) float64 {
	if !(mean > 0) {
		return 0
	}
	root := (zTest + zPower) * sd / mean
	return root * root
}

// moments are the mean and the standard deviation of the returns, of two or more.
func moments(ended []*bet) (mean, sd float64) {
	m2 := 0.0
	for i, b := range ended {
		d := b.returned() - mean
		mean += d / float64(i+1)
		m2 += d * (b.returned() - mean)
	}
	return mean, math.Sqrt(m2 / float64(len(ended)-1))
}
