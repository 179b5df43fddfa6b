package price

import (
	"fmt"
	"slices"
	"time"
)

// Indices returns the catalogue in the order of its families. The slice is the
// caller's own.
func Indices() []Index { return slices.Clone(catalogue) }

// catalogue follows Deriv's public lists. What the venue offers at the moment
// is for its own answer to say; this table is for names and for simulation.
var catalogue = slices.Concat(
	[]Index{
		volatility(10, 3, 6300), volatility(25, 3, 2800), volatility(50, 4, 220),
		volatility(75, 4, 450000), volatility(100, 2, 1600),
		volatility1s(10, 2, 9000), volatility1s(15, 3, 12000), volatility1s(25, 2, 760000),
		volatility1s(30, 3, 6000), volatility1s(50, 2, 210000), volatility1s(75, 2, 5500),
		volatility1s(90, 3, 14000), volatility1s(100, 2, 1000), volatility1s(150, 2, 7000),
		volatility1s(200, 2, 9000), volatility1s(250, 2, 11000), volatility1s(300, 2, 15000),
	},
	spikes(Crash), spikes(Boom),
	[]Index{step(100), step(200), step(300), step(400), step(500)},
	[]Index{jump(10, 180000), jump(25, 110000), jump(50, 70000), jump(75, 45000), jump(100, 8000)},
	[]Index{rangeBreak(100), rangeBreak(200)},
)

func volatility(percent, decimals int, start float64) Index {
	return Index{
		Name: fmt.Sprintf("V%d", percent), Symbol: fmt.Sprintf("R_%d", percent),
		Display:  fmt.Sprintf("Volatility %d Index", percent),
		Interval: 2 * time.Second, Decimals: decimals, Start: start,
		Kind: Walk, Volatility: float64(percent) / 100,
	}
}

func volatility1s(percent, decimals int, start float64) Index {
	return Index{
		Name: fmt.Sprintf("V%d_1s", percent), Symbol: fmt.Sprintf("1HZ%dV", percent),
		Display:  fmt.Sprintf("Volatility %d (1s) Index", percent),
		Interval: time.Second, Decimals: decimals, Start: start,
		Kind: Walk, Volatility: float64(percent) / 100,
	}
}

// spikes lists the Crash or Boom indices. Deriv's symbols for the 150 and the
// 300 end in N; the decimals of the 50 and the 150 are not confirmed.
func spikes(kind Kind) []Index {
	return []Index{
		spike(kind, 50, "", 3), spike(kind, 150, "N", 5), spike(kind, 300, "N", 3), spike(kind, 500, "", 3),
		spike(kind, 600, "", 3), spike(kind, 900, "", 3), spike(kind, 1000, "", 3),
	}
}

// spike assumes crashes of 0.3 % of the price, about what charts show.
func spike(kind Kind, every int, suffix string, decimals int) Index {
	upper, title := "CRASH", "Crash"
	if kind == Boom {
		upper, title = "BOOM", "Boom"
	}
	return Index{
		Name: fmt.Sprintf("%s%d", upper, every), Symbol: fmt.Sprintf("%s%d%s", upper, every, suffix),
		Display:  fmt.Sprintf("%s %d Index", title, every),
		Interval: time.Second, Decimals: decimals, Start: 6000,
		Kind: kind, Every: every, SpikeSize: 0.003,
	}
}

// step is the Step index whose ticks are size thousandths: 100 is the original
// one, of 0.1, which people call just STEP.
func step(size int) Index {
	name, symbol := fmt.Sprintf("STEP%d", size), fmt.Sprintf("stpRNG%d", size/100)
	if size == 100 {
		name, symbol = "STEP", "stpRNG"
	}
	return Index{
		Name: name, Symbol: symbol, Display: fmt.Sprintf("Step %d Index", size),
		Interval: time.Second, Decimals: 1, Start: 8000,
		Kind: Step, StepSize: float64(size) / 1000,
	}
}

// jump has jumps three times an hour on average, of thirty ordinary ticks.
func jump(percent int, start float64) Index {
	return Index{
		Name: fmt.Sprintf("JUMP%d", percent), Symbol: fmt.Sprintf("JD%d", percent),
		Display:  fmt.Sprintf("Jump %d Index", percent),
		Interval: time.Second, Decimals: 2, Start: start,
		Kind: Jump, Volatility: float64(percent) / 100, Every: 1200, JumpSize: 30,
	}
}

// rangeBreak breaks out of its range after so many touches on average. How often
// it ticks, how far, and how wide its ranges are is not public: one second, 0.1
// and forty steps are assumed.
func rangeBreak(every int) Index {
	return Index{
		Name: fmt.Sprintf("RB%d", every), Symbol: fmt.Sprintf("RB%d", every),
		Display:  fmt.Sprintf("Range Break %d Index", every),
		Interval: time.Second, Decimals: 1, Start: 20000,
		Kind: Range, Every: every, StepSize: 0.1, RangeSteps: 40,
	}
}
