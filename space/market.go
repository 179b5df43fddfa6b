package space

import "math"

const (
	// lags is how many single returns the networks see.
	lags = 4
	// features is what they see of a tick: the lags, two trends, and whether
	// the market is wilder than usual.
	features = lags + 3
	// warmUp is the number of returns before anything is said of a tick.
	warmUp = 8
)

// market keeps what is to be known of the past ticks in a few numbers.
type market struct {
	price   float64
	returns int
	// slow and fast average squared returns.
	slow, fast mean
	lag        [lags]float64 // the newest first, in units of sigma
	swift      float64       // trends: exponential sums of the same
	steady     float64
}

const (
	slowMemory   = 1000 // ticks: what is usual
	fastMemory   = 16   // what is now
	swiftMemory  = 8
	steadyMemory = 32
)

// observe takes the next tick and tells whether there are enough for features.
func (m *market) observe(price float64) bool {
	if m.price == 0 {
		m.price = price
		return false
	}
	r := math.Log(price) - math.Log(m.price)
	m.price = price
	m.returns++
	m.slow.add(r*r, slowMemory)
	m.fast.add(r*r, fastMemory)
	z := bounded(ratio(r, m.sigma()))
	copy(m.lag[1:], m.lag[:lags-1])
	m.lag[0] = z
	m.swift += (z - m.swift) / swiftMemory
	m.steady += (z - m.steady) / steadyMemory
	return m.returns >= warmUp
}

// sigma is the root of the mean squared return: 0 if the price has never moved.
func (m *market) sigma() float64 { return math.Sqrt(m.slow.value) }

// look writes the features. Each is of the order of 1, within ±4, and 0 where
// there is nothing to tell.
func (m *market) look(x *[features]float64) {
	copy(x[:], m.lag[:])
	x[lags] = bounded(m.swift * unitTrend(swiftMemory))
	x[lags+1] = bounded(m.steady * unitTrend(steadyMemory))
	x[lags+2] = bounded(math.Log(max(ratio(m.fast.value, m.slow.value), 1e-3)) / 2)
}

// unitTrend scales an exponential mean of independent numbers of variance 1 to
// variance 1.
func unitTrend(memory float64) float64 { return math.Sqrt(2*memory - 1) }

// bounded keeps one wild tick from drowning everything else.
func bounded(x float64) float64 { return min(max(x, -4), 4) }

// ratio is a/b, or 0 where the price has never moved.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// mean is a mean of all numbers at first, and of about the last memory of them
// later on.
type mean struct {
	value float64
	n     int
}

func (m *mean) add(x float64, memory int) {
	m.n = min(m.n+1, memory)
	m.value += (x - m.value) / float64(m.n)
}

// known is nil before the first number.
func (m *mean) known() *float64 {
	if m.n == 0 {
		return nil
	}
	return new(m.value)
}
