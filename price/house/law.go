package house

import (
	"math"
	"time"

	"github.com/karlquant/quasar/price"
)

// ticksOfYear is how many ticks an index has in a year.
func ticksOfYear(x *price.Index) float64 { return float64(365*24*time.Hour) / float64(x.Interval) }

// variance is that of one tick's return, jumps and spikes included.
func variance(x *price.Index) float64 {
	switch x.Kind {
	case price.Jump:
		v := x.TickVolatility() * x.TickVolatility()
		return v + v*x.JumpSize*x.JumpSize/float64(x.Every)
	case price.Crash, price.Boom:
		n := float64(x.Every)
		u := x.SpikeSize / (n - 1)
		return 2*x.SpikeSize*x.SpikeSize/n + 2*u*u*(1-1/n)
	case price.Step:
		return x.StepSize * x.StepSize / (x.Start * x.Start)
	case price.Range:
		// Of the ticks, one in RangeSteps is at a border; one in Every of these breaks.
		return x.StepSize * x.StepSize / (x.Start * x.Start) * (1 + float64(x.Every)/float64(x.RangeSteps))
	}
	return x.TickVolatility() * x.TickVolatility()
}

// annual is the volatility of a year.
func annual(x *price.Index) float64 { return math.Sqrt(variance(x) * ticksOfYear(x)) }

// Chances are those of a price to be above, at or below a level. They add up to 1.
type Chances struct{ Above, Level, Below float64 }

// ChancesOf returns those of a price that is at spot now, after so many ticks.
func ChancesOf(x *price.Index, spot, level float64, ticks int64) Chances {
	if ticks <= 0 {
		return atOnce(spot, level)
	}
	switch x.Kind {
	case price.Step:
		return stepChances(int64(math.Round((level-spot)/x.StepSize)), ticks)
	case price.Jump:
		return jumpChances(x, spot, level, float64(ticks))
	}
	return normalChances(variance(x)*float64(ticks), spot, level, x.Unit())
}

func atOnce(spot, level float64) Chances {
	switch {
	case spot > level:
		return Chances{Above: 1}
	case spot < level:
		return Chances{Below: 1}
	}
	return Chances{Level: 1}
}

// normalChances are those of a log-normal price whose logarithm has a variance v
// and whose expectation is spot, rounded to a unit.
func normalChances(v, spot, level, unit float64) Chances {
	sd := math.Sqrt(v)
	z := func(level float64) float64 { return phi((math.Log(spot/level) - v/2) / sd) }
	c := Chances{Above: z(level + unit/2), Below: 1 - z(level-unit/2)}
	c.Level = max(0, 1-c.Above-c.Below)
	return c
}

func phi(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// jumpChances mix over how many jumps there are: a Poisson number.
func jumpChances(x *price.Index, spot, level, ticks float64) Chances {
	mean, one := ticks/float64(x.Every), x.TickVolatility()*x.TickVolatility()
	if mean > 50 {
		return normalChances(variance(x)*ticks, spot, level, x.Unit())
	}
	var sum Chances
	weight := math.Exp(-mean)
	for jumps := 0.0; jumps < mean+10*math.Sqrt(mean)+10; jumps++ {
		c := normalChances(one*(ticks+jumps*x.JumpSize*x.JumpSize), spot, level, x.Unit())
		sum.Above += weight * c.Above
		sum.Level += weight * c.Level
		sum.Below += weight * c.Below
		weight *= mean / (jumps + 1)
	}
	return sum
}

// exactSteps is up to how many ticks of a Step index are counted one by one.
const exactSteps = 2000

// stepChances are those of a fair walk of whole steps to be above, at or below a
// number of them.
func stepChances(level, ticks int64) Chances {
	if ticks > exactSteps {
		sd := math.Sqrt(float64(ticks))
		c := Chances{Above: phi(-(float64(level) + 1) / sd), Below: phi((float64(level) - 1) / sd)}
		c.Level = 1 - c.Above - c.Below
		return c
	}
	var c Chances
	n, _ := math.Lgamma(float64(ticks + 1))
	for ups := range ticks + 1 {
		a, _ := math.Lgamma(float64(ups + 1))
		b, _ := math.Lgamma(float64(ticks - ups + 1))
		p := math.Exp(n - a - b - float64(ticks)*math.Ln2)
		switch at := 2*ups - ticks; {
		case at > level:
			c.Above += p
		case at < level:
			c.Below += p
		default:
			c.Level += p
		}
	}
	return c
}

// beyond is the chance that one tick moves the price by more than a share b of it.
func beyond(x *price.Index, b float64) float64 {
	tail := func(sd float64) float64 { return math.Erfc(b / sd / math.Sqrt2) }
	switch x.Kind {
	case price.Crash, price.Boom:
		p := 1 / float64(x.Every)
		return p*math.Exp(-b/x.SpikeSize) + (1-p)*math.Exp(-b*float64(x.Every-1)/x.SpikeSize)
	default:
		return tail(x.TickVolatility())
	}
}

// BarrierFor is the share of the price beyond which one tick goes with a chance.
func BarrierFor(x *price.Index, chance float64) float64 {
	low, high := 0.0, 1.0
	for range 100 {
		if middle := (low + high) / 2; beyond(x, middle) > chance {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// leap is the mean size of a spike, a breakout or a jump as a share of the
// price, 0 for an index that has none.
func leap(x *price.Index) float64 {
	switch x.Kind {
	case price.Crash, price.Boom:
		return x.SpikeSize
	case price.Jump:
		return x.JumpSize * x.TickVolatility() * math.Sqrt(2/math.Pi)
	case price.Range:
		return float64(x.Every-1) * x.StepSize / x.Start
	}
	return 0
}

// Giveaway is how much of the stake a multiplier loses beyond all of it on average,
// if it ends by a leap: room is the share of the stake that its stop loss leaves.
// A leap that crosses the stop loss goes on below it by no more than a whole one
// would: exponential leaps have no memory, and the others' tails are lighter.
func Giveaway(x *price.Index, contractType string, multiplier, room float64) float64 {
	size := multiplier * leap(x)
	switch up := contractType == "MULTUP"; x.Kind {
	case price.Crash, price.Boom:
		if up != (x.Kind == price.Crash) {
			return 0
		}
		return size * math.Exp(-room/size)
	case price.Jump:
		sd := size / math.Sqrt(2/math.Pi)
		a := room / sd
		return 2 * (sd*math.Exp(-a*a/2)/math.Sqrt(2*math.Pi) - room*phi(-a))
	case price.Range:
		return max(0, size-room)
	}
	return 0
}
