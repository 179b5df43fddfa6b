package price

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// Process makes the ticks of one index. It is not safe for concurrent use.
type Process struct {
	index Index
	rng   *rand.Rand
	// exact is the price as the law has it. Only what leaves is rounded, so
	// rounding errors never add up.
	exact float64
	price float64

	sd        float64 // of an ordinary tick
	low, high float64
	inRange   int // steps above the middle of the range
}

// New returns the process of an index. The same index and seed give the same
// ticks in every run (of another processor's arithmetic the last digit may
// differ). Two symbols with one seed, and one symbol with two seeds, are
// independent. It fails only where index.Check does.
func New(index Index, seed uint64) (*Process, error) {
	if err := index.Check(); err != nil {
		return nil, err
	}
	return &Process{
		index: index, rng: source(index.Symbol, seed),
		exact: index.Start, price: index.Round(index.Start), sd: index.TickVolatility(),
		low: index.Start / spread, high: index.Start * spread,
	}, nil
}

// source keys a strong generator with a digest of both, so that neighbouring
// seeds and similar symbols share nothing.
func source(symbol string, seed uint64) *rand.Rand {
	key := binary.LittleEndian.AppendUint64(nil, seed)
	return rand.New(rand.NewChaCha8(sha256.Sum256(append(key, symbol...))))
}

// Index returns what the process imitates.
func (p *Process) Index() Index { return p.index }

// Price returns the newest tick, or the start before the first.
func (p *Process) Price() float64 { return p.price }

// Next moves to the next tick and returns it: rounded to the index's decimals,
// above 0 and finite, however many there have been.
//
// A random walk left alone ends at 0 or beyond all bounds, after years. So a
// tick that would take the price to less than a thousandth or more than a
// thousand times of its start goes the other way instead. Elsewhere the
// process is a martingale to the letter.
func (p *Process) Next() float64 {
	switch p.index.Kind {
	case Step:
		p.exact = p.moved(p.coin())
	case Range:
		p.exact = p.moved(p.ranged())
	default:
		p.exact = p.scaled(p.factor())
	}
	p.price = p.index.Round(p.exact)
	return p.price
}

func (p *Process) coin() int {
	if p.rng.Uint64()&1 == 0 {
		return -1
	}
	return 1
}

// ranged draws how many steps a range process goes. From a border it turns back
// by one with probability 1-1/Every or breaks out by Every-1, whose expectations
// cancel out.
func (p *Process) ranged() int {
	border := p.index.RangeSteps / 2
	outward := 1
	if p.inRange < 0 {
		outward = -1
	}
	switch {
	case p.inRange*outward < border:
		step := p.coin()
		p.inRange += step
		return step
	case p.eventful():
		p.inRange = 0
		return outward * (p.index.Every - 1)
	}
	p.inRange -= outward
	return -outward
}

// moved is a whole number of steps from the start, so it is rounded at once:
// sums of 0.1 would wander off. At the bounds it goes the other way.
func (p *Process) moved(steps int) float64 {
	by := float64(steps) * p.index.StepSize
	if next := p.exact + by; next < p.low || next > p.high {
		by = -by
	}
	return p.index.Round(p.exact + by)
}

// scaled multiplies the price by f, or divides where that would leave the
// bounds. The last clamp is for the infinite draw that the generator's
// logarithm makes possible once in 2^53 of its tails.
func (p *Process) scaled(f float64) float64 {
	next := p.exact * f
	if !(next >= p.low && next <= p.high) {
		next = p.exact / f
	}
	return min(max(next, p.low), p.high)
}

// factor draws what the price is multiplied by. Its expectation is 1.
func (p *Process) factor() float64 {
	switch p.index.Kind {
	case Jump:
		f := p.lognormal(p.sd)
		if p.eventful() {
			f *= p.lognormal(p.index.JumpSize * p.sd)
		}
		return f
	case Crash:
		return 1 - p.spike()
	case Boom:
		return 1 + p.spike()
	default:
		return p.lognormal(p.sd)
	}
}

// lognormal draws exp(sd Z - sd²/2), whose expectation is 1.
func (p *Process) lognormal(sd float64) float64 {
	return math.Exp(sd*p.rng.NormFloat64() - sd*sd/2)
}

// eventful tells whether this tick is one in Every.
func (p *Process) eventful() bool { return p.rng.IntN(p.index.Every) == 0 }

// spike draws a crash, or else minus one ordinary rise. Both are exponential,
// and Every-1 rises make up for one crash. No draw of the generator short of an
// infinite one reaches the half.
func (p *Process) spike() float64 {
	if p.eventful() {
		return min(p.index.SpikeSize*p.rng.ExpFloat64(), 0.5)
	}
	return -min(p.index.SpikeSize/float64(p.index.Every-1)*p.rng.ExpFloat64(), 0.5)
}
