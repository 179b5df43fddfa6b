package bandit

import (
	"math/rand/v2"
)

// Options say how a policy made of a model and an explorer chooses. Nil is fine.
type Options struct {
	// Slate is how many arms a round's choice is among at most: those of the highest
	// mean + sd. 0 is all.
	Slate int
	// Floor is the share of choices that goes to all arms of the slate alike, so that
	// none has a chance below Floor/Slate and what is recorded can judge other
	// policies. It is from 0 to 1; 0 is none.
	Floor float64
	// Propensities asks for Choice.P. Some explorers have to draw many times for it.
	Propensities bool
	// Source is where chance comes from. Nil is a generator seeded with Seed.
	Source rand.Source
	Seed   uint64
}

// learned is a policy of a model and an explorer.
type learned struct {
	model   Model
	explore Explorer
	choose  chooser
	narrow  slate
	work    Round // the slate's part of a round
	p       []float64
}

// NewPolicy returns a policy that chooses by what a model believes. It owns the
// model from then on. It is not safe for concurrent use.
func NewPolicy(m Model, e Explorer, o *Options) Policy {
	if o == nil {
		o = &Options{}
	}
	return &learned{model: m, explore: e, choose: newChooser(o), narrow: slate{size: o.Slate}}
}

// Choose implements Policy. It keeps nothing of the round.
func (l *learned) Choose(r *Round) Choice {
	n := len(r.Arms)
	if n == 0 {
		return Choice{Arm: -1}
	}
	belief := make([]float64, 2*n)
	mean, sd := belief[:n:n], belief[n:]
	l.model.Predict(r, mean, sd)
	members := l.narrow.pick(mean, sd)
	b := l.belief(r, mean, sd, members)
	l.p = resize(l.p, len(members))
	l.explore.Weigh(b, l.choose.random, l.p)
	c := l.choose.among(l.p, members, n)
	c.Mean, c.SD = mean, sd
	for _, m := range mean {
		c.Explored = c.Explored || m > mean[c.Arm]
	}
	return c
}

// belief is what is believed of the slate's members alone.
func (l *learned) belief(r *Round, mean, sd []float64, members []int) *Belief {
	if len(members) == len(r.Arms) {
		return &Belief{Round: r, Mean: mean, SD: sd, Model: l.model}
	}
	w := &l.work
	w.T, w.Arms, w.X = r.T, w.Arms[:0], w.X[:0]
	b := &Belief{Round: w, Mean: make([]float64, len(members)), SD: make([]float64, len(members)), Model: l.model}
	for k, i := range members {
		w.Arms, w.X = append(w.Arms, r.Arms[i]), append(w.X, r.X[i])
		b.Mean[k], b.SD[k] = mean[i], sd[i]
	}
	return b
}

// Learn implements Policy.
func (l *learned) Learn(labels []Label) { l.model.Learn(labels) }

// chooser draws an arm by chances with a floor.
type chooser struct {
	random *rand.Rand
	floor  float64
	record bool
}

func newChooser(o *Options) chooser {
	source := o.Source
	if source == nil {
		source = rand.NewPCG(o.Seed, 0x706f6c696379) // any constant: seeds differ in the first
	}
	return chooser{random: rand.New(source), floor: o.Floor, record: o.Propensities}
}

// among chooses one of the slate's members by their chances p, which it mixes with
// the floor, out of a round of n arms.
func (c *chooser) among(p []float64, members []int, n int) Choice {
	mix(p, c.floor)
	choice := Choice{Arm: members[draw(c.random, p)]}
	if c.record {
		choice.P = make([]float64, n)
		for k, i := range members {
			choice.P[i] = p[k]
		}
	}
	return choice
}

// draw returns an index with the chances p.
func draw(random *rand.Rand, p []float64) int {
	u, last := random.Float64(), 0
	for i, chance := range p {
		if chance <= 0 {
			continue
		}
		if last = i; u < chance {
			break
		}
		u -= chance
	}
	return last
}

func resize(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	return s[:n]
}
