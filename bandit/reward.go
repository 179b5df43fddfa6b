package bandit

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Outcome is what became of following an arm's signal. One that was not traded has
// the price alone: no stake, no fees, no pay-out.
type Outcome struct {
	// Direction is 1 for up and -1 for down.
	Direction int `json:"direction"`
	// Move is the logarithm of the price at the end over the price at the beginning.
	Move float64 `json:"move"`
	// Volatility is the standard deviation of Move, as it was known at the beginning;
	// above 0.
	Volatility float64 `json:"volatility"`
	// Cost is what following the signal costs, in standard deviations of Move.
	Cost float64 `json:"cost"`
	// Traded tells that Stake, PnL and Fees are what the venue says: the money that
	// could be lost, the money that came of it net of Fees, and what they were.
	Traded bool    `json:"traded,omitzero"`
	Stake  float64 `json:"stake,omitzero"`
	PnL    float64 `json:"pnl,omitzero"`
	Fees   float64 `json:"fees,omitzero"`
}

// Reward turns outcomes into what a policy learns from. Some rewards depend on those
// before, so the outcomes are given once each, in their order.
type Reward interface {
	// All writes the rewards of the outcomes of one decision; both are equally long.
	// What has no reward, for an input is missing or no number, is NaN.
	All(outcomes []Outcome, rewards []float64)
}

// rewards has every reward by its name, in the order in which they are offered.
var rewards = []struct {
	name string
	make func() Reward
}{
	{"simple", func() Reward { return each(simple) }},
	{"logret", func() Reward { return each(logReturn) }},
	{"net", func() Reward { return each(net) }},
	{"vol", func() Reward { return each(scaled) }},
	{"sharpe", func() Reward { return &differential{} }},
	{"sortino", func() Reward { return &differential{downside: true} }},
	{"binary", func() Reward { return each(binary) }},
	{"rank", func() Reward { return crossSection{} }},
}

// Rewards returns the names of all rewards:
//
//   - simple: net profit over stake; of what was not traded, the move the signal's
//     way in standard deviations, less the cost
//   - logret: the move the signal's way, as the logarithm of the price
//   - net: simple before the venue's fees, which are then taken off once more as an
//     estimate of what slips; of what was not traded, simple
//   - vol: logret in standard deviations
//   - sharpe: by how much simple moves the running Sharpe ratio
//   - sortino: the same for the ratio to the losses alone
//   - binary: 1 for a profit, 0 for a loss; ties lose
//   - rank: where simple stands among the decision's outcomes, from -1 to 1
func Rewards() []string {
	names := make([]string, len(rewards))
	for i := range rewards {
		names[i] = rewards[i].name
	}
	return names
}

// NewReward returns the reward of a name, which has seen nothing.
func NewReward(name string) (Reward, error) {
	for i := range rewards {
		if rewards[i].name == name {
			return rewards[i].make(), nil
		}
	}
	return nil, fmt.Errorf("bandit: got reward %q, want one of %s", name, strings.Join(Rewards(), ", "))
}

// each is a reward of one outcome alone.
type each func(*Outcome) float64

func (f each) All(outcomes []Outcome, rewards []float64) {
	for i := range outcomes {
		rewards[i] = finite(f(&outcomes[i]))
	}
}

// finite is x, or NaN where there is none.
func finite(x float64) float64 {
	if math.IsInf(x, 0) {
		return math.NaN()
	}
	return x
}

func logReturn(o *Outcome) float64 { return float64(o.Direction) * o.Move }

func scaled(o *Outcome) float64 {
	if !(o.Volatility > 0) {
		return math.NaN()
	}
	return logReturn(o) / o.Volatility
}

func simple(o *Outcome) float64 {
	if !o.Traded {
		return scaled(o) - o.Cost
	}
	if !(o.Stake > 0) {
		return math.NaN()
	}
	return o.PnL / o.Stake
}

func net(o *Outcome) float64 {
	if !o.Traded {
		return simple(o)
	}
	return simple(o) - o.Fees/o.Stake
}

func binary(o *Outcome) float64 {
	switch r := simple(o); {
	case math.IsNaN(r):
		return r
	case r > 0:
		return 1
	}
	return 0
}

// crossSection is the reward rank.
type crossSection struct{}

func (crossSection) All(outcomes []Outcome, rewards []float64) {
	each(simple).All(outcomes, rewards)
	known := make([]float64, 0, len(rewards))
	for _, r := range rewards {
		if !math.IsNaN(r) {
			known = append(known, r)
		}
	}
	slices.Sort(known)
	for i, r := range rewards {
		if !math.IsNaN(r) {
			rewards[i] = standing(known, r)
		}
	}
}

// standing is where r stands among sorted, from -1 for the lowest to 1 for the
// highest; equals share the middle of their places, and one alone is 0.
func standing(sorted []float64, r float64) float64 {
	if len(sorted) == 1 {
		return 0
	}
	first, _ := slices.BinarySearch(sorted, r)
	last := first
	for last+1 < len(sorted) && sorted[last+1] == r {
		last++
	}
	return float64(first+last)/float64(len(sorted)-1) - 1
}

// differential is by how much a return moves a running ratio of mean to spread, for a
// small step: the differential Sharpe ratio (Moody and Saffell 2001, equations 7 and
// 8), and with downside their downside deviation ratio (equations 12 and 13).
type differential struct {
	downside bool
	// mean and square fade: square is of all returns, or of the losses alone.
	mean, square float64
	n            int
}

// eta is the weight of the newest return.
const eta = 0.01

// least is how small a spread is none; without one the reward is the return itself.
const least = 1e-12

func (d *differential) All(outcomes []Outcome, rewards []float64) {
	each(simple).All(outcomes, rewards)
	for i, r := range rewards {
		if !math.IsNaN(r) {
			rewards[i] = finite(d.step(r))
		}
	}
}

func (d *differential) step(r float64) float64 {
	square := r * r
	if d.downside {
		square = min(r, 0) * min(r, 0)
	}
	reward := d.slope(r, square)
	d.n++
	weight := max(eta, 1/float64(d.n)) // the mean of all, until they are many
	d.mean += weight * (r - d.mean)
	d.square += weight * (square - d.square)
	return reward
}

// slope is the derivative of the ratio with respect to the weight of a return.
func (d *differential) slope(r, square float64) float64 {
	spread := d.square
	if !d.downside {
		spread -= d.mean * d.mean
	}
	if spread < least {
		return r
	}
	if !d.downside {
		return (d.square*(r-d.mean) - d.mean*(square-d.square)/2) / math.Pow(spread, 1.5)
	}
	root := math.Sqrt(spread)
	if r > 0 {
		return (r - d.mean/2) / root
	}
	return (spread*(r-d.mean/2) - d.mean*square/2) / (spread * root)
}
