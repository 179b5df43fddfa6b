package rank

import "math"

// The times that the price features go by, in horizons.
const (
	brief   = 0.25
	long    = 4.0
	slow    = 10.0
	steady  = 100.0
	perUnit = 0.5 // the variance of fading moves of variance 1 a second, per second
)

const (
	// maxMove is a move of the logarithm that no market makes between two messages:
	// beyond a factor of e it is a price of something else, and history ends.
	maxMove = 1.0
	// minReturns is how many returns it takes to speak of a volatility.
	minReturns = 8
)

// price is what is known of the past prices. Apart from the newest it holds
// returns alone, so that nothing depends on the level.
type price struct {
	last     float64 // not known before the first
	at       float64
	movedAt  float64 // when last changed
	returns  float64 // how many, up to minReturns
	previous float64 // the return before

	fastVariance, slowVariance, steadyVariance variance

	briefMove, move, longMove float64 // moves that fade
	cross, square             float64 // products of neighbours, and of each with itself
	up, down                  float64 // from the price to the ends of its fading range
}

// variance is a mean of squared returns by the second, fading.
type variance struct{ sum, time float64 }

func newPrice(t float64) price { return price{last: nan, at: t, movedAt: t} }

func (v *variance) add(r, dt, tau float64) {
	left, part := decay(dt, tau), spread(dt, tau)
	v.sum = v.sum*left + r*r*part
	v.time = v.time*left + dt*part
}

// sigma is the volatility of one second.
func (v *variance) sigma() float64 {
	if v.time <= 0 {
		return 0
	}
	return math.Sqrt(v.sum / v.time)
}

// take takes the price p at t, which is not before the last. It tells whether the
// price goes on from the last one; if not, what was known before is void.
func (x *price) take(p, t, horizon float64) (continues bool) {
	if !known(x.last) {
		x.last, x.at, x.movedAt = p, t, t
		return true
	}
	r := logRatio(p, x.last)
	if math.Abs(r) > maxMove {
		*x = price{last: p, at: t, movedAt: t}
		return false
	}
	x.add(r, t-x.at, horizon)
	if p != x.last {
		x.movedAt = t
	}
	x.last, x.at = p, t
	return true
}

// logRatio is ln(p/q), also where the ratio is out of range. The ratio first: so
// the same prices in another currency give the same bits.
func logRatio(p, q float64) float64 {
	if ratio := p / q; ratio > 0 && !math.IsInf(ratio, 1) {
		return math.Log(ratio)
	}
	return math.Log(p) - math.Log(q)
}

// add takes the return r over dt.
func (x *price) add(r, dt, horizon float64) {
	x.fastVariance.add(r, dt, horizon)
	x.slowVariance.add(r, dt, slow*horizon)
	x.steadyVariance.add(r, dt, steady*horizon)
	fade(&x.briefMove, r, dt, brief*horizon)
	fade(&x.move, r, dt, horizon)
	fade(&x.longMove, r, dt, long*horizon)
	left := decay(dt, slow*horizon)
	if x.returns > 0 {
		x.cross = x.cross*left + r*x.previous
		x.square = x.square*left + (r*r+x.previous*x.previous)/2
	}
	x.up = max(0, x.up*left-r)
	x.down = max(0, x.down*left+r)
	x.previous = r
	x.returns = min(x.returns+1, minReturns)
}

// fade adds r, which came evenly over dt, to a sum that fades.
func fade(sum *float64, r, dt, tau float64) {
	*sum = *sum*decay(dt, tau) + r*spread(dt, tau)
}

// sigma is the volatility of one second, not known before there are returns enough
// and the price has moved.
func (x *price) sigma() float64 {
	if s := x.slowVariance.sigma(); x.returns >= minReturns && s > 0 {
		return s
	}
	return nan
}

// unit is the volatility of one second that outcomes are measured in: the larger
// of the usual and the lasting one, so that a move after a feed stood still does
// not count a hundredfold. It is known before the outcome is, so it favours nobody.
func (x *price) unit() float64 { return max(x.sigma(), x.steadyVariance.sigma()) }

// fill writes the features of the price for somebody who follows a direction.
func (x *price) fill(r *row, direction, horizon float64) {
	sigma := x.sigma()
	in := func(move, tau float64) float64 { return direction * move / (sigma * math.Sqrt(perUnit*tau)) }
	r.put(xMomentumFast, in(x.briefMove, brief*horizon))
	r.put(xMomentum, in(x.move, horizon))
	r.put(xMomentumSlow, in(x.longMove, long*horizon))
	r.put(xVolatility, math.Log(sigma))
	r.put(xVolatilityRatio, math.Log(x.fastVariance.sigma()/sigma))
	r.put(xAutocorrelation, given(sigma, x.cross/x.square))
	r.put(xRangePosition, given(sigma, direction*(x.down-x.up)/(x.down+x.up)))
	r.put(xNoVolatility, bit(!known(sigma)))
}

// given is x if y is known.
func given(y, x float64) float64 {
	if !known(y) {
		return nan
	}
	return x
}
