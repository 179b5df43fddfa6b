package calibration

import (
	"math"
	"time"

	"github.com/karlquant/quasar/price"
)

// leastReturns is from how many on the volatility is known to a tenth of itself.
const leastReturns = 200

// leastSpread is how many of its last digits a price must move by, as a standard
// deviation, so that the variance that rounding adds is the same whatever the price.
const leastSpread = 0.5

// moments sums up squared returns, the share of rounding taken off.
type moments struct {
	n              int
	square, fourth float64
	finest         float64 // the smallest variance that could be told from rounding
}

func (m *moments) add(square, rounding float64) {
	m.n++
	x := square - 2*rounding
	m.square += x
	m.fourth += x * x
	m.finest = max(m.finest, 12*rounding*leastSpread*leastSpread)
}

// variance returns the mean square and the standard error of its logarithm.
func (m *moments) variance() (mean, se float64) {
	n := float64(m.n)
	mean = m.square / n
	return mean, math.Sqrt(max(m.fourth/n-mean*mean, 0)/n) / mean
}

// kurtosis is the fourth moment over the square of the variance.
func (m *moments) kurtosis(variance float64) float64 {
	return m.fourth / float64(m.n) / (variance * variance)
}

// year is a year of ticks, as package price has it.
const year = 365 * 24 * time.Hour

// annual turns a tick's standard deviation into that of a year.
func (s *series) annual(sd *Estimate) *Estimate {
	return sd.times(math.Sqrt(year.Seconds() / s.interval.Value))
}

// walk measures the volatility. The interval follows from the fourth moment, so that
// it needs no normal returns.
func walk(_ *price.Index, s *series, out *Symbol) {
	var m moments
	for move := range s.moves() {
		x := relative(move)
		m.add(x*x, s.rounding(move))
	}
	mean, se := m.variance()
	if !(mean > m.finest) {
		out.refuse("volatility", "it moves by less than half of its last digit, %g", s.unit())
		return
	}
	out.Volatility = s.annual(aroundLog(math.Sqrt(mean), se/2, m.n))
	out.Autocorrelation = s.autocorrelation(s.rounding)
	// Of n normal numbers the kurtosis is 3 with a standard error of √(24/n), and its
	// logarithm has less of a tail than itself.
	if k := m.kurtosis(mean); math.Log(k/3)*3*math.Sqrt(float64(m.n)/24) > doubtful {
		out.note("its moves have a kurtosis of %.3g, where this law has 3: some are far larger than the rest", k)
	}
}
