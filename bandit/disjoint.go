package bandit

import (
	"math"
	"math/rand/v2"

	"github.com/karlquant/quasar/internal/learn"
)

// disjoint is a belief with weights for each arm. The noise is that of all arms
// together.
type disjoint struct {
	options  *LinearOptions
	features int
	decay    float64
	arms     map[int]*learn.Linear
	noise    noise
	row      []float64
}

func newDisjoint(features int, o *LinearOptions) (*disjoint, error) {
	if _, err := o.regression(features); err != nil {
		return nil, err
	}
	fading := decay(o.HalfLife)
	return &disjoint{
		options: o, features: features, decay: fading, arms: map[int]*learn.Linear{},
		noise: noise{decay: fading}, row: make([]float64, features+1),
	}, nil
}

// Predict implements Model.
func (d *disjoint) Predict(r *Round, mean, sd []float64) {
	sigma := d.noise.sd()
	for i, arm := range r.Arms {
		b := d.believe(r.T, arm, r.X[i])
		mean[i], sd[i] = b.mean, sigma*b.sd
	}
}

// believe leaves the row in d.row.
func (d *disjoint) believe(t int64, arm int, x []float64) (b belief) {
	affine(d.row, x)
	if fit := d.arms[arm]; fit != nil {
		fit.Advance(max(t, 0))
		b.mean, b.sd = fit.Predict(d.row)
		return b
	}
	for _, v := range d.row {
		b.sd += v * v / d.options.Ridge
	}
	b.sd = math.Sqrt(b.sd)
	return b
}

// Draw implements Model: the arms are independent.
func (d *disjoint) Draw(r *Round, random *rand.Rand, out []float64) {
	sigma := d.noise.sd()
	for i, arm := range r.Arms {
		b := d.believe(r.T, arm, r.X[i])
		out[i] = b.mean + sigma*b.sd*random.NormFloat64()
	}
}

func (d *disjoint) separately() bool { return true }

// Learn implements Model.
func (d *disjoint) Learn(labels []Label) {
	for i := range labels {
		l := &labels[i]
		b := d.believe(l.T, l.Arm, l.X)
		d.noise.add(l, b.miss(l.Reward))
		d.arm(l.Arm).Observe(max(l.T, 0), d.row, l.Reward, l.Weight)
	}
}

// arm returns the regression of an arm, which newDisjoint has seen that there can be.
func (d *disjoint) arm(arm int) *learn.Linear {
	fit := d.arms[arm]
	if fit == nil {
		fit, _ = d.options.regression(d.features)
		d.arms[arm] = fit
	}
	return fit
}

func (d *disjoint) forget() {
	for _, fit := range d.arms {
		fit.Forget()
	}
}

func (d *disjoint) restart() {
	clear(d.arms)
	d.noise.restart()
}

func (d *disjoint) gather(l *Label) {
	affine(d.row, l.X)
	d.arm(l.Arm).Add(max(l.T, 0), d.row, l.Reward, l.Weight)
}

func (d *disjoint) refit() {
	for _, fit := range d.arms {
		fit.Refit()
	}
}
