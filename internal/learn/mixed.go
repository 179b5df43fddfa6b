package learn

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// MixedOptions describe a linear regression whose rows belong to groups.
type MixedOptions struct {
	// Linear is what it is of the features.
	Linear LinearOptions
	// GroupPrecision is the prior's for the intercept of a group, in labels of the group;
	// 0 is 20.
	GroupPrecision float64
	// FixedGroups keeps GroupPrecision; otherwise the groups themselves show how much
	// they differ, and GroupPrecision counts as one group.
	FixedGroups bool
	// MaxGroups is how many groups have an intercept of their own; 0 is 65536. Labels of
	// further ones count as those of a group that has none yet.
	MaxGroups int
}

func (o *MixedOptions) filled() (MixedOptions, error) {
	t := *o
	fill(&t.GroupPrecision, 20)
	if t.MaxGroups == 0 {
		t.MaxGroups = 1 << 16
	}
	if p := t.GroupPrecision; !(p >= leastPrecision && p <= 1/leastPrecision) {
		return t, fmt.Errorf("GroupPrecision: got %v, want %v to %v", p, leastPrecision, 1/leastPrecision)
	}
	if t.MaxGroups < 0 {
		return t, fmt.Errorf("MaxGroups: got %d, want 0 or more", t.MaxGroups)
	}
	var err error
	t.Linear, err = o.Linear.filled()
	return t, err
}

// Mixed is Linear with an intercept for each group, all drawn from one prior of mean 0:
// y = theta'x + u[group] + noise. The belief about theta and every u is the exact joint
// one of this linear mixed model (Henderson 1975), at the memory of a row for each
// group and, for a label, at the cost of Linear: given theta the groups are
// independent, so that what is left to know of theta comes from rows and targets of
// which each group's mean, drawn to 0 by the prior, is taken away.
type Mixed struct {
	l         *Linear
	o         MixedOptions
	precision float64 // of groups
	index     map[int]int
	groups    []group
	b         []float64
}

// group has the discounted sums of a group's labels, to be multiplied by the scale of
// all sums.
type group struct {
	name int
	n    float64   // of w
	y    float64   // of w y
	x    []float64 // of w x
}

// NewMixed returns the prior.
func NewMixed(o *MixedOptions) (*Mixed, error) {
	options, err := o.filled()
	if err != nil {
		return nil, err
	}
	return &Mixed{
		l: newLinear(options.Linear), o: options, precision: options.GroupPrecision,
		index: map[int]int{}, b: make([]float64, options.Linear.Dim),
	}, nil
}

// Advance is as in Linear.
func (m *Mixed) Advance(t int64) {
	if m.l.age(t); m.l.sums.decay < mostDecay {
		m.Refit()
	}
}

// Observe is as in Linear, for a row of a group.
func (m *Mixed) Observe(t int64, name int, x []float64, y, weight float64) bool {
	if !Usable(x) || !UsableTarget(y, weight) {
		return false
	}
	m.Advance(t)
	weight *= m.l.sums.late(t)
	m.l.sums.add(x, y, weight)
	centre, spread := m.Centre(name, x, m.l.x)
	alone := weight / (1 + weight*spread) // what it says of theta, the intercept unknown
	m.l.noise.add(m.l.f.Update(m.l.x, y-centre, alone), weight)
	m.join(name, x, y, weight/m.l.sums.scale)
	// As there are more groups a refit costs more, and is rarer.
	if m.l.since++; m.l.since >= max(m.l.o.Refit, len(m.groups)) {
		m.Refit()
	}
	return true
}

func (m *Mixed) join(name int, x []float64, y, weight float64) {
	i, ok := m.index[name]
	if !ok {
		if i = len(m.groups); i == m.o.MaxGroups {
			return
		}
		m.index[name] = i
		m.groups = append(m.groups, group{name: name, x: make([]float64, len(x))})
	}
	g := &m.groups[i]
	g.n += weight
	g.y += weight * y
	addScaled(weight, x, g.x)
}

// Centre writes the row that stands for x of a group: the mean of its target is the
// row times theta, plus centre. Spread is the variance of the group's intercept were
// theta known, in units of the noise's.
func (m *Mixed) Centre(name int, x, row []float64) (centre, spread float64) {
	copy(row, x)
	i, ok := m.index[name]
	if !ok {
		return 0, 1 / m.precision
	}
	g, scale := &m.groups[i], m.l.sums.scale
	spread = 1 / (m.precision + scale*g.n)
	addScaled(-scale*spread, g.x, row)
	return scale * spread * g.y, spread
}

// Refit computes the belief from the sums.
func (m *Mixed) Refit() {
	m.settle(m.l.sums.settle())
	m.l.precision()
	copy(m.b, m.l.sums.xy)
	dim, squares := len(m.b), m.l.sums.yy
	for i := range m.groups {
		g := &m.groups[i]
		part := 1 / (m.precision + g.n)
		for k, v := range g.x {
			addScaled(-part*v, g.x[k:], m.l.a[k*dim+k:(k+1)*dim])
		}
		addScaled(-part*g.y, g.x, m.b)
		squares -= part * g.y * g.y
	}
	m.l.solve(m.b, squares)
	if !m.o.FixedGroups {
		m.compareGroups()
	}
}

// leastEvidence is how many labels a group has at least: with fewer left it is as if it
// had never been seen.
const leastEvidence = 1e-3

// settle multiplies the scale through, and lets go of groups that are all but
// forgotten.
func (m *Mixed) settle(by float64) {
	for i := 0; i < len(m.groups); {
		g := &m.groups[i]
		g.n, g.y = g.n*by, g.y*by
		blas.Dscal(len(g.x), by, g.x, 1)
		if g.n >= leastEvidence {
			i++
			continue
		}
		last := len(m.groups) - 1
		delete(m.index, g.name)
		if i < last {
			// What was moved here has not been multiplied yet: i stays.
			m.index[m.groups[last].name] = i
			m.groups[i], m.groups[last] = m.groups[last], group{}
		}
		m.groups = m.groups[:last]
	}
}

// compareGroups takes one step of expectation and maximisation (Laird and Ware 1982)
// towards the precision under which the groups differ as they do, the prior counting
// as one group.
func (m *Mixed) compareGroups() {
	theta := m.b
	m.Theta(theta)
	variance := m.l.noise.variance()
	sum := 1 / m.o.GroupPrecision
	for i := range m.groups {
		g := &m.groups[i]
		part := 1 / (m.precision + g.n)
		for k, v := range g.x {
			m.l.x[k] = part * v
		}
		u := part*g.y - dot(theta, m.l.x)
		_, spread := m.l.whitened()
		sum += u*u/variance + part + spread
	}
	m.precision = max(float64(1+len(m.groups))/sum, leastPrecision)
}

// Forget goes back to the prior; the round stays.
func (m *Mixed) Forget() {
	m.l.sums.forget()
	clear(m.index)
	m.groups = m.groups[:0]
	m.precision = m.o.GroupPrecision
	m.Refit()
}

// Predict is as in Linear. A group never seen has the prior's intercept.
func (m *Mixed) Predict(name int, x []float64) (mean, sd float64) {
	mean, spread := m.Relative(name, x)
	return mean, math.Sqrt(m.l.noise.variance() * spread)
}

// Relative is Predict with the variance in units of the noise's.
func (m *Mixed) Relative(name int, x []float64) (mean, spread float64) {
	centre, alone := m.Centre(name, x, m.l.x)
	mean, spread = m.l.whitened()
	return centre + mean, alone + spread
}

// Theta is as in Linear.
func (m *Mixed) Theta(theta []float64) { m.l.Theta(theta) }

// Draw is as in Linear. What a group's intercept adds is normal around what Centre
// tells, of its spread.
func (m *Mixed) Draw(random *rand.Rand, theta []float64) { m.l.Draw(random, theta) }

// Noise is as in Linear.
func (m *Mixed) Noise() float64 { return m.l.Noise() }

// Scale is as in Linear.
func (m *Mixed) Scale(sd float64) { m.l.Scale(sd) }

// GroupPrecision returns how alike the groups are taken to be, in labels of a group.
func (m *Mixed) GroupPrecision() float64 { return m.precision }

// Groups returns how many groups have an intercept of their own.
func (m *Mixed) Groups() int { return len(m.groups) }
