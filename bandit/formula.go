package bandit

import "math"

// formula is a policy that learns nothing: it takes the arm of the best key.
type formula struct {
	key    func(x []float64) float64
	sign   float64
	choose chooser
	narrow slate
	keys   []float64
	none   []float64 // the deviation of keys: zeros
	p      []float64
}

// NewFormula returns a policy that takes the arm whose row has the highest key, or
// the lowest if not descending, and has no belief. Equals share.
func NewFormula(key func(x []float64) float64, descending bool, o *Options) Policy {
	if o == nil {
		o = &Options{}
	}
	sign := -1.0
	if descending {
		sign = 1
	}
	return &formula{key: key, sign: sign, choose: newChooser(o), narrow: slate{size: o.Slate}}
}

// Choose implements Policy. A key that is not a number comes last.
func (f *formula) Choose(r *Round) Choice {
	n := len(r.Arms)
	if n == 0 {
		return Choice{Arm: -1}
	}
	f.keys, f.none = resize(f.keys, n), resize(f.none, n)
	for i, x := range r.X {
		f.keys[i] = f.sign * f.key(x)
	}
	members := f.narrow.pick(f.keys, f.none)
	f.p = resize(f.p, len(members))
	best(f.p, func(k int) float64 { return f.keys[members[k]] })
	c := f.choose.among(f.p, members, n)
	for _, k := range f.keys {
		c.Explored = c.Explored || k > f.keys[c.Arm] || math.IsNaN(f.keys[c.Arm]) && !math.IsNaN(k)
	}
	return c
}

// Learn implements Policy.
func (f *formula) Learn([]Label) {}

// random takes any arm of all there are: the baseline of every comparison.
type random struct{ choose chooser }

// NewRandom returns a policy that takes any of the round's arms with the same
// chance, whatever the slate, and learns nothing.
func NewRandom(o *Options) Policy {
	if o == nil {
		o = &Options{}
	}
	return &random{choose: newChooser(o)}
}

// Choose implements Policy.
func (u *random) Choose(r *Round) Choice {
	n := len(r.Arms)
	if n == 0 {
		return Choice{Arm: -1}
	}
	c := Choice{Arm: u.choose.random.IntN(n)}
	if u.choose.record {
		c.P = make([]float64, n)
		mix(c.P, 1)
	}
	return c
}

// Learn implements Policy.
func (u *random) Learn([]Label) {}
