package bandit

import (
	"errors"
	"fmt"
	"math"
)

// Gate answers whether there is evidence of an edge: a confidence sequence about the
// mean of net rewards. It holds at every moment at once, so that one may look after
// each reward and stop whenever one likes: the chance that the interval ever leaves
// out the true mean is at most Alpha, and that of one without an edge to ever look
// like one half of that. The rewards must not overlap in time: luck that counts twice
// is no evidence.
//
// A Gate is not safe for use by several goroutines.
type Gate struct {
	opts GateOptions
	state
	bets []bet // nil for Normal
}

// GateOptions say what a gate takes for granted. Nil is fine.
type GateOptions struct {
	// Alpha is the chance of being wrong, ever; 0 for 0.05.
	Alpha float64
	// Least is how many rewards it takes to open; 0 for 50.
	Least int64
	// Low and High are the least and the largest reward that there can be. What is
	// beyond counts as the end, and as clipped. Nothing else is taken for granted of
	// the rewards: the gate bets on them. Both 0 for -10 and 10, for rewards in
	// standard deviations.
	Low, High float64
	// Normal takes for granted instead that many rewards add up like normal ones, of
	// whatever size: the interval is a little narrower at first. It is wrong for
	// rewards that are small wins and rare large losses: a gate opened in one of ten
	// runs without an edge.
	Normal bool
	// Rho is after how many rewards the interval of Normal is narrowest for what is
	// known by then; 0 for 200.
	Rho float64
}

// state is what a gate knows apart from its bets.
type state struct {
	n                int64
	mean, m2         float64 // m2 is the sum of squares around the mean
	ignored, clipped int64
}

// GateState is all that a gate knows, for a checkpoint.
type GateState struct {
	N        int64     `json:"n"`
	Mean     float64   `json:"mean"`
	M2       float64   `json:"m2"`
	Ignored  int64     `json:"ignored"`
	Clipped  int64     `json:"clipped"`
	Up, Down []float64 `json:",omitempty"` // logarithms
}

// NewGate returns a gate that has seen nothing.
func NewGate(opts *GateOptions) (*Gate, error) {
	var o GateOptions
	if opts != nil {
		o = *opts
	}
	for _, d := range []struct {
		option *float64
		value  float64
	}{{&o.Alpha, 0.05}, {&o.Rho, 200}} {
		if *d.option == 0 {
			*d.option = d.value
		}
	}
	if o.Least == 0 {
		o.Least = 50
	}
	if o.Low == 0 && o.High == 0 {
		o.Low, o.High = -10, 10
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	g := &Gate{opts: o}
	if !o.Normal {
		g.bets = newBets(&o)
	}
	return g, nil
}

func (o *GateOptions) check() error {
	switch {
	case !(o.Alpha > 0 && o.Alpha < 1):
		return fmt.Errorf("gate: alpha: got %v, want above 0 and below 1", o.Alpha)
	case !(o.Rho > 0) || math.IsInf(o.Rho, 1):
		return fmt.Errorf("gate: rho: got %v, want a finite number above 0", o.Rho)
	case o.Least < 0:
		return fmt.Errorf("gate: least: got %d, want 0 or more", o.Least)
	case !(o.Low < 0 && o.High > 0 && o.High-o.Low < math.MaxFloat64):
		return fmt.Errorf("gate: bounds: got %v to %v, want the least reward, below 0, and the largest, above it", o.Low, o.High)
	}
	return nil
}

// Observe takes a net reward. One that is no finite number is counted and ignored.
func (g *Gate) Observe(reward float64) {
	if math.IsNaN(reward) || math.IsInf(reward, 0) {
		g.ignored++
		return
	}
	if g.bets != nil {
		reward = g.bet(reward)
	}
	g.n++
	d := reward - g.mean
	g.mean += d / float64(g.n)
	g.m2 += d * (reward - g.mean)
}

// N returns how many rewards count.
func (g *Gate) N() int64 { return g.n }

// Ignored returns how many rewards were no numbers.
func (g *Gate) Ignored() int64 { return g.ignored }

// Clipped returns how many rewards were out of the bounds: if those are many, the
// bounds are wrong, and so is the interval.
func (g *Gate) Clipped() int64 { return g.clipped }

// Mean returns the mean of the rewards, 0 before the first.
func (g *Gate) Mean() float64 { return g.mean }

// Bounds returns the ends of the interval for the mean: those of the rewards, or
// infinite ones for Normal, while nothing is known.
func (g *Gate) Bounds() (low, high float64) {
	switch {
	case g.bets != nil:
		return g.betBounds()
	case g.n < 2 || g.m2 == 0:
		return math.Inf(-1), math.Inf(1)
	}
	r := g.radius()
	return g.mean - r, g.mean + r
}

// radius is half the normal-mixture interval (Robbins 1970; Howard et al. 2021,
// equation 14), with the variance estimated: sqrt(2 (V + rho) ln(sqrt((V + rho) /
// rho) / alpha)) / n, where V = n s² and rho is Rho s².
func (g *Gate) radius() float64 {
	return g.mixture(float64(g.n), g.m2/float64(g.n-1))
}

// Open tells whether there is evidence of an edge: the whole interval is above 0.
func (g *Gate) Open() bool {
	low, _ := g.Bounds()
	return g.n >= g.opts.Least && low > 0
}

// Sentence says in words what there is evidence of.
func (g *Gate) Sentence() string {
	low, high := g.Bounds()
	verdict := "no evidence of an edge"
	switch {
	case g.n < 2:
		return fmt.Sprintf("%s: %d outcomes so far", verdict, g.n)
	case g.Open():
		verdict = "evidence of an edge"
	case high < 0:
		verdict = "evidence of a loss"
	}
	return fmt.Sprintf("%s: mean %+.4f, 95 %% interval %+.4f to %+.4f after %d outcomes", verdict, g.mean, low, high, g.n)
}

// State returns what the gate knows.
func (g *Gate) State() GateState {
	s := GateState{N: g.n, Mean: g.mean, M2: g.m2, Ignored: g.ignored, Clipped: g.clipped}
	for _, b := range g.bets {
		s.Up, s.Down = append(s.Up, b.up), append(s.Down, b.down)
	}
	return s
}

// Restore puts back what State returned; Observe goes on with the same bits. It
// changes nothing if it returns an error.
func (g *Gate) Restore(s GateState) error {
	switch {
	case s.N < 0 || s.Ignored < 0 || s.Clipped < 0 || !(s.M2 >= 0) || math.IsInf(s.M2, 1) || math.IsNaN(s.Mean) || math.IsInf(s.Mean, 0):
		return fmt.Errorf("gate: got n %d, mean %v, m2 %v, %d ignored and %d clipped, want finite numbers, none but the mean below 0", s.N, s.Mean, s.M2, s.Ignored, s.Clipped)
	case len(s.Up) != len(g.bets) || len(s.Down) != len(g.bets):
		return fmt.Errorf("gate: got %d and %d bets, want %d: the bounds are others", len(s.Up), len(s.Down), len(g.bets))
	}
	for i := range s.Up {
		if math.IsNaN(s.Up[i]) || math.IsNaN(s.Down[i]) {
			return errors.New("gate: got a bet that is no number, want the logarithm of a capital")
		}
	}
	g.state = state{s.N, s.Mean, s.M2, s.Ignored, s.Clipped}
	for i := range g.bets {
		g.bets[i].up, g.bets[i].down = s.Up[i], s.Down[i]
	}
	return nil
}
