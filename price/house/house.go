// Package house says what a venue offers of an index and what it takes for it, so that
// no selection has an edge: not a long one, on which the median of a walk falls, nor
// one on which ties are likely, nor one that a price leaps out of.
//
// It follows from the laws of package price alone. What a real venue offers is for the
// venue to say. The package starts nothing and reads no clock.
package house

import (
	"math"

	"github.com/karlquant/quasar/price"
)

// Return is what an even chance pays back on average: 1.954 for one.
const Return = 0.977

// Offers tells whether a contract type (CALL, PUT, CALLE, PUTE, MULTUP, MULTDOWN,
// ACCU) can be had on an index. What a venue offers is for it to say; of Crash and
// Boom no example of a Rise or Fall is known, so there is none here.
func Offers(x *price.Index, contractType string) bool {
	switch contractType {
	case "CALL", "PUT", "CALLE", "PUTE":
		return x.Kind == price.Walk || x.Kind == price.Jump || x.Kind == price.Step
	case "MULTUP", "MULTDOWN":
		return true
	case "ACCU":
		return x.Kind == price.Walk || x.Kind == price.Crash || x.Kind == price.Boom
	}
	return false
}

// GrowthRates are those of accumulators. The slice is the caller's own.
func GrowthRates() []float64 { return []float64{0.01, 0.02, 0.03, 0.04, 0.05} }

// maxGap is how much of the stake an ordinary spike or jump may move at most.
const maxGap = 0.35

// Multipliers are such that an ordinary hour moves the stake by about as much on
// each index: the more volatile, the smaller. Where prices leap, the higher ones
// are not offered. They ascend.
func Multipliers(x *price.Index) []float64 {
	var list []float64
	base := niceBelow(40 / annual(x))
	for _, times := range []float64{1, 2.5, 5, 7.5, 10} {
		if times == 1 || base*times*leap(x) <= maxGap {
			list = append(list, base*times)
		}
	}
	return list
}

// niceBelow returns the highest of 2, 4, 10, 20, 40, 100, … that is not above x.
func niceBelow(x float64) float64 {
	decade := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{4, 2} {
		if x >= m*decade {
			return m * decade
		}
	}
	return decade
}

// Ratio is the payout over the stake of a Rise or Fall of so many ticks: what leaves
// the house its share. Ties of CALL and PUT are not made up for, those of CALLE and
// PUTE are charged.
func Ratio(x *price.Index, contractType string, spot float64, ticks int64) float64 {
	return max(Return/winning(contractType, ChancesOf(x, spot, spot, ticks)), 1.001)
}

// winning is the chance that a price is for, half a tie included for CALL and
// PUT, and a whole one for CALLE and PUTE.
func winning(contractType string, c Chances) float64 {
	switch contractType {
	case "CALL":
		return c.Above + c.Level/2
	case "PUT":
		return c.Below + c.Level/2
	case "CALLE":
		return c.Above + c.Level
	}
	return c.Below + c.Level
}

// diffusion is the commission of a volatility of 100 % a year, as a share of
// stake × multiplier. It is well above the mean overshoot of a stop-out.
const diffusion = 0.00036

// Commission is that of a multiplier, as a share of stake × multiplier; room is the
// share of the stake that its stop loss leaves. It makes up for what the venue gives
// away by never taking more than the stake: a tick that goes through the stop-out
// overshoots it, a spike or a jump by far. The lower the stop loss, the less there is
// to make up for.
func Commission(x *price.Index, contractType string, multiplier, room float64) float64 {
	return diffusion*annual(x) + Giveaway(x, contractType, multiplier, room)/multiplier
}
