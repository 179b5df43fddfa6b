package calibration

import (
	"math"
	"slices"

	"github.com/karlquant/quasar/price"
)

// jumpEdge is beyond how many standard deviations of an ordinary move there are only
// jumps: an ordinary one is beyond it once in 500 million.
const jumpEdge = 6

// leastEvents is from how many jumps, crashes or breakouts on their rate is known to
// about a half of itself.
const leastEvents = 10

// jumps measures a walk that jumps. Moves beyond the edge are jumps, and their sizes
// are those of a normal law that is cut off at the edge; that law then says how many
// jumps hide below it.
func jumps(index *price.Index, s *series, out *Symbol) {
	j, ok := splitJumps(s)
	if !ok {
		out.refuse("volatility", "it moves by less than half of its last digit, %g", s.unit())
		return
	}
	out.Volatility = s.annual(aroundLog(math.Sqrt(j.variance), j.se/2, j.n-j.k))
	out.Autocorrelation = s.autocorrelation(s.rounding)
	if j.k < leastEvents {
		out.tooFew(s, "every, jump_size", "jumps", j.k, j.n, float64(index.Every))
		return
	}
	if !j.plausible() {
		out.refuse("every, jump_size", "its %d large moves are no jumps of this law, most of them are near %d standard deviations", j.k, jumpEdge)
		return
	}
	out.Every = j.rateInterval().inverse()
	out.JumpSize = j.sizeInterval()
}

// jumpFit is a mixture of two normal laws, the wide one seen beyond an edge.
type jumpFit struct {
	n, k     int
	variance float64 // of an ordinary move
	se       float64 // the standard error of its logarithm
	edge     float64
	squares  float64 // of the k moves beyond the edge
	wide     float64 // their law's standard deviation
}

// splitJumps looks for the variance at which what it leaves below the edge has it.
func splitJumps(s *series) (jumpFit, bool) {
	var sizes []float64
	for m := range s.moves() {
		sizes = append(sizes, math.Abs(relative(m)))
	}
	slices.Sort(sizes)
	const quartile = 0.6744897501960817 // half of a normal law's sizes are below it
	middle := sizes[len(sizes)/2] / quartile
	j := jumpFit{n: len(sizes), variance: middle * middle}
	for range 50 {
		before := j.variance
		if !j.split(s) {
			return j, false
		}
		if math.Abs(j.variance/before-1) < 1e-9 {
			break
		}
	}
	return j, true
}

// split divides the moves by the edge that the variance so far means, and takes the
// jumps that hide below it off the variance.
func (j *jumpFit) split(s *series) bool {
	j.edge = jumpEdge * math.Sqrt(j.variance)
	j.k, j.squares = 0, 0
	var below moments
	for m := range s.moves() {
		switch x := relative(m); {
		case math.Abs(x) > j.edge:
			j.k++
			j.squares += x * x
		default:
			below.add(x*x, s.rounding(m))
		}
	}
	mean, se := below.variance()
	if !(mean > below.finest) {
		return false
	}
	if j.k > 0 {
		j.wide = wideOf(j.squares/float64(j.k), j.edge)
		mean = j.withoutHidden(mean, below.n)
	}
	j.variance, j.se = mean, se
	return true
}

// withoutHidden takes the jumps below the edge off the mean square of the moves there.
func (j *jumpFit) withoutHidden(mean float64, below int) float64 {
	if !j.plausible() {
		return mean
	}
	jumps := j.rate() * float64(j.n) // in all
	z := j.edge / j.wide
	hidden := jumps * j.wide * j.wide * (math.Erf(z/math.Sqrt2) - z*math.Sqrt(2/math.Pi)*math.Exp(-z*z/2))
	return max((mean*float64(below)-hidden)/(float64(j.n)-jumps), mean/2)
}

// plausible tells whether most of the moves are no jumps.
func (j *jumpFit) plausible() bool { return j.rate() < 0.5 }

// beyond is the chance of a normal number to be beyond edge either side.
func beyond(edge, sd float64) float64 { return math.Erfc(edge / sd / math.Sqrt2) }

// rate is how many moves are jumps, hidden ones included.
func (j *jumpFit) rate() float64 {
	return float64(j.k) / float64(j.n) / beyond(j.edge, j.wide)
}

// cutSquare is the mean square of a normal number that is beyond edge either side.
func cutSquare(edge, sd float64) float64 {
	z := edge / sd
	density := math.Sqrt(2/math.Pi) * math.Exp(-z*z/2)
	return sd * sd * (1 + z*density/math.Erfc(z/math.Sqrt2))
}

// wideOf returns the standard deviation whose numbers beyond the edge have a mean
// square, by maximum likelihood: cutSquare grows with it, from the edge's square on.
func wideOf(square, edge float64) float64 {
	low, high := edge/30, edge
	for high < 1e6*edge && cutSquare(edge, high) < square {
		high *= 2
	}
	for range 100 {
		if middle := (low + high) / 2; cutSquare(edge, middle) < square {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// likelihood is the logarithm of that of the moves beyond the edge and of their
// number, if a move is a jump with probability p of standard deviation sd.
func (j *jumpFit) likelihood(p, sd float64) float64 {
	q, k := p*beyond(j.edge, sd), float64(j.k)
	if !(q > 0 && q < 1) {
		return math.Inf(-1)
	}
	sizes := -j.squares/(2*sd*sd) - k*math.Log(sd) - k*math.Log(beyond(j.edge, sd))
	return sizes + k*math.Log(q) + float64(j.n-j.k)*math.Log1p(-q)
}

// ratio95 is how much of the log-likelihood a parameter of the 95 % interval may cost:
// half of chi-squared's quantile for one degree of freedom.
const ratio95 = normal95 * normal95 / 2

// rateInterval is that of the profile likelihood: for each rate the size that suits it
// best.
func (j *jumpFit) rateInterval() *Estimate {
	best := j.rate()
	profile := func(logP float64) float64 {
		p := math.Exp(logP)
		return highest(math.Log(j.wide)-3, math.Log(j.wide)+3, func(logSD float64) float64 { return j.likelihood(p, math.Exp(logSD)) })
	}
	e := j.interval(math.Log(best), profile)
	e.High = min(e.High, 1)
	return e
}

// sizeInterval is that of the jumps' own standard deviation in ordinary ones. The rate
// that suits a size best makes as many of them as there are, so that only the sizes
// beyond the edge tell.
func (j *jumpFit) sizeInterval() *Estimate {
	profile := func(logSD float64) float64 {
		sd := math.Exp(logSD)
		k := float64(j.k)
		return -j.squares/(2*sd*sd) - k*math.Log(sd) - k*math.Log(beyond(j.edge, sd))
	}
	e := j.interval(math.Log(j.wide), profile)
	own := func(sd float64) float64 { return math.Sqrt(max(sd*sd/j.variance-1, 0)) }
	return &Estimate{Value: own(e.Value), Low: own(e.Low), High: own(e.High), N: j.k}
}

// interval goes from the best logarithm of a parameter both ways, to where its profile
// has lost as much as it may. The law is no better than the data at three units away.
func (j *jumpFit) interval(best float64, profile func(float64) float64) *Estimate {
	floor := profile(best) - ratio95
	side := func(way float64) float64 {
		in, out := best, best+way*3
		for range 60 {
			if middle := (in + out) / 2; profile(middle) > floor {
				in = middle
			} else {
				out = middle
			}
		}
		return math.Exp(in)
	}
	return &Estimate{Value: math.Exp(best), Low: side(-1), High: side(1), N: j.n}
}

// highest is the maximum of a function with one hill, by golden section.
func highest(low, high float64, f func(float64) float64) float64 {
	const golden = 0.6180339887498949
	for range 60 {
		a, b := high-golden*(high-low), low+golden*(high-low)
		if f(a) < f(b) {
			low = a
		} else {
			high = b
		}
	}
	return f((low + high) / 2)
}
