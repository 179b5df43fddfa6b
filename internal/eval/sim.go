package eval

import (
	"math"
	"math/rand/v2"
)

// The hidden features of an asset, each of mean 0 and variance 1 at any time.
const (
	acc = iota
	conf
	mom
	vol
	stale
	loss
	hidden      // how many there are
	shown  = 8  // a row has two more columns, which are 0
	assets = 10 // where nobody says how many
)

// persistence is the autocorrelation of each feature from one round to the next.
var persistence = [hidden]float64{acc: .995, conf: .8, mom: .5, vol: .95, stale: .5, loss: .99}

// asset is what the rewards of an asset go by.
type asset struct {
	x [hidden]float64
	b float64 // drawn from N(0,1), for good
}

// step moves the features by a round: x ← ρx + √(1-ρ²)·N(0,1).
func (a *asset) step(random *rand.Rand) {
	for i, rho := range persistence {
		a.x[i] = rho*a.x[i] + math.Sqrt(1-rho*rho)*random.NormFloat64()
	}
}

// edge is what following assets pays on average, before costs.
type edge interface {
	// means writes what each asset pays in round t. It is told which arm was taken in
	// the round before and what all of them paid on average then; -1 and nil at first.
	means(t int, all []asset, taken int, before, out []float64)
}

// sim is a course of a simulated world.
type sim struct {
	random      *rand.Rand
	all         []asset
	edge        edge
	t           int
	before      []float64 // the means of the last round, before costs
	cost, noise float64
}

// simulated makes the worlds of an edge. The edge of a course is made from its seed
// and length; from the seed alone comes which of n assets is out of the ordinary.
func simulated(cost float64, begin func(rounds int) edge) func(o *Options) (*World, error) {
	return func(o *Options) (*World, error) {
		n, rounds := o.Assets, o.Rounds
		if n == 0 {
			n = assets
		}
		if rounds == 0 {
			rounds = 5000
		}
		cost, noise := or(o.Cost, cost), or(o.Noise, 1)
		return &World{
			Rounds: rounds, Arms: n, Features: shown, Key: formula,
			Start: func(seed uint64) Course {
				return newSim(seed, n, cost, noise, begin(rounds))
			},
		}, nil
	}
}

// formula is the key of the formula: confidence less accuracy, the smallest first.
// Confidence is read as 1/2 + σ(conf)/2, accuracy as σ(acc).
func formula(x []float64) float64 { return .5 + .5*sigmoid(x[conf]) - sigmoid(x[acc]) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func newSim(seed uint64, n int, cost, noise float64, e edge) *sim {
	s := &sim{random: courseRandom(seed), all: make([]asset, n), edge: e, cost: cost, noise: noise}
	for i := range s.all {
		for f := range s.all[i].x {
			s.all[i].x[f] = s.random.NormFloat64()
		}
		s.all[i].b = s.random.NormFloat64()
	}
	return s
}

// courseRandom is the chance of a course: another stream than that of the policies,
// which have the same seeds.
func courseRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x776f726c64)) }

// Next implements Course. What is drawn does not depend on what is taken, on the
// cost or on the noise.
func (s *sim) Next(taken int) Turn {
	n := len(s.all)
	if s.t > 0 {
		for i := range s.all {
			s.all[i].step(s.random)
		}
	}
	turn := Turn{X: make([][]float64, n), Mean: make([]float64, n), Reward: make([]float64, n)}
	gross := make([]float64, n)
	s.edge.means(s.t, s.all, taken, s.before, gross)
	cells := make([]float64, n*shown)
	for i := range s.all {
		turn.X[i] = cells[i*shown : (i+1)*shown : (i+1)*shown]
		copy(turn.X[i], s.all[i].x[:])
		turn.Mean[i] = gross[i] - s.cost
		turn.Reward[i] = turn.Mean[i] + s.noise*s.random.NormFloat64()
	}
	s.before = gross
	s.t++
	return turn
}
