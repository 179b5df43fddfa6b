package calibration

import "math"

// relative is the return of a move, as a difference of logarithms.
func relative(m move) float64 { return math.Log(m.to / m.from) }

// rounding is the variance that rounding gives a price, as a share of it. A return has
// it at both ends, so that it adds twice as much to the variance and takes as much
// from the covariance of neighbours.
func (s *series) rounding(m move) float64 {
	share := s.unit() / m.from
	return share * share / 12
}

// exact is the rounding of prices that go by whole units.
func exact(move) float64 { return 0 }

// autocorrelation is that of neighbouring returns, the sum of products over the sum of
// squares; nil if there are none. No mean is taken off, for the laws have no drift. The
// standard error is the larger of two: White's, for returns that cannot be foretold
// whatever their sizes, and that of independent ones, 1/√n, for where there are rare
// large ones, of which hardly ever two are neighbours, White's is blind.
func (s *series) autocorrelation(rounding func(move) float64) *Estimate {
	var cross, crossSquare, square, before float64
	pairs := 0
	for m := range s.moves() {
		x, noise := relative(m), rounding(m)
		square += x*x - 2*noise
		if m.joined {
			pairs++
			cross += x*before + noise
			crossSquare += x * before * x * before
		}
		before = x
	}
	if pairs == 0 || !(square > 0) {
		return nil
	}
	square *= float64(pairs) / float64(s.count()) // there are fewer products than squares
	se := max(math.Sqrt(crossSquare)/square, 1/math.Sqrt(float64(pairs)))
	return around(cross/square, se, pairs)
}
