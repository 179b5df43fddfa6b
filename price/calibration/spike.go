package calibration

import (
	"math"

	"github.com/karlquant/quasar/price"
)

// doubtful is how many standard errors apart two numbers are that the law has equal,
// before there is a note.
const doubtful = 5

// spikes measures a Crash or Boom index: a move against the others' direction is a
// spike, for all others go one way or, rounded, nowhere.
func spikes(index *price.Index, s *series, out *Symbol) {
	way := 1.0
	if index.Kind == price.Crash {
		way = -1
	}
	var spike, rise sample
	for m := range s.moves() {
		if x := way * (m.to/m.from - 1); x > 0 {
			spike.add(x)
		} else {
			rise.add(-x)
		}
	}
	n := spike.n + rise.n
	out.Autocorrelation = s.autocorrelation(s.rounding)
	if rise.n >= leastReturns {
		out.RiseSize = around(rise.mean, rise.se(), rise.n)
	}
	if spike.n < leastEvents {
		out.tooFew(s, "every, spike_size", map[price.Kind]string{price.Crash: "crashes", price.Boom: "spikes"}[index.Kind], spike.n, n, float64(index.Every))
		return
	}
	out.Every = share(spike.n, n).inverse()
	out.SpikeSize = exponentialMean(spike.mean, spike.n)
	doubtSpikes(&spike, &rise, out)
}

// doubtSpikes notes what contradicts the law: sizes that are not exponential, whose
// standard deviation would be their mean, and spikes that do not make up for the rest.
func doubtSpikes(spike, rise *sample, out *Symbol) {
	k := math.Sqrt(float64(spike.n))
	if ratio := spike.sd() / spike.mean; math.Abs(ratio-1)*k > doubtful {
		out.note("the sizes of its %d spikes have %.2f of their mean as standard deviation, where this law has 1", spike.n, ratio)
	}
	total, back := spike.mean*float64(spike.n), rise.mean*float64(rise.n)
	// A random number of exponential sizes: each gives the logarithm of the total a
	// variance of 1/k.
	if math.Abs(math.Log(total/back))*k/math.Sqrt2 > doubtful {
		out.note("its spikes went %.3g %% of the price and the rest %.3g %% back, where this law has them cancel out", 100*total, 100*back)
	}
}

// sample is the mean and spread of numbers, by Welford's way.
type sample struct {
	n            int
	mean, square float64
}

func (a *sample) add(x float64) {
	a.n++
	d := x - a.mean
	a.mean += d / float64(a.n)
	a.square += d * (x - a.mean)
}

func (a *sample) sd() float64 { return math.Sqrt(a.square / math.Max(float64(a.n-1), 1)) }

// se is the standard error of the mean.
func (a *sample) se() float64 { return a.sd() / math.Sqrt(float64(a.n)) }
