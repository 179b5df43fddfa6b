package bandit

import (
	"math"
	"math/rand/v2"

	"github.com/karlquant/quasar/internal/learn"
)

// Disjoint believes that each arm's mean reward is a linear function of the row, with
// weights of its own: for rounds that have one context for all arms. The noise is
// that of all arms together.
type Disjoint struct {
	options  LinearOptions
	features int
	decay    float64
	arms     map[int]*learn.Linear
	noise    noise
	row      []float64
}

// NewDisjoint returns a model of rows of so many features, that has seen nothing. An
// arm takes room from its first label on, of the order of the square of the features.
func NewDisjoint(features int, o *LinearOptions) (*Disjoint, error) {
	options, err := o.filled()
	if err != nil {
		return nil, err
	}
	if _, err := options.regression(features); err != nil {
		return nil, err
	}
	d := &Disjoint{options: options, features: features, decay: decay(options.HalfLife), arms: map[int]*learn.Linear{}}
	d.noise.decay = d.decay
	d.row = make([]float64, features+1)
	return d, nil
}

// Predict implements Model.
func (d *Disjoint) Predict(r *Round, mean, sd []float64) {
	sigma := d.noise.sd()
	for i, arm := range r.Arms {
		b := d.believe(r.T, arm, r.X[i])
		mean[i], sd[i] = b.mean, sigma*b.sd
	}
}

// believe leaves the row in d.row.
func (d *Disjoint) believe(t int64, arm int, x []float64) (b belief) {
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
func (d *Disjoint) Draw(r *Round, random *rand.Rand, out []float64) {
	sigma := d.noise.sd()
	for i, arm := range r.Arms {
		b := d.believe(r.T, arm, r.X[i])
		out[i] = b.mean + sigma*b.sd*random.NormFloat64()
	}
}

func (d *Disjoint) separately() bool { return true }

// Learn implements Model.
func (d *Disjoint) Learn(labels []Label) {
	for i := range labels {
		l := &labels[i]
		if !l.usable() {
			continue
		}
		b := d.believe(l.T, l.Arm, l.X)
		d.noise.add(l, b.miss(l.Reward))
		d.arm(l.Arm).Observe(max(l.T, 0), d.row, l.Reward, l.Weight)
	}
}

// arm returns the regression of an arm, which NewDisjoint has seen that there can be.
func (d *Disjoint) arm(arm int) *learn.Linear {
	fit := d.arms[arm]
	if fit == nil {
		fit, _ = d.options.regression(d.features)
		d.arms[arm] = fit
	}
	return fit
}

// The three below learn all anew, at once.

func (d *Disjoint) forget() {
	for _, fit := range d.arms {
		fit.Forget()
	}
}

func (d *Disjoint) gather(l *Label) {
	affine(d.row, l.X)
	d.arm(l.Arm).Add(max(l.T, 0), d.row, l.Reward, l.Weight)
}

func (d *Disjoint) refit() {
	for _, fit := range d.arms {
		fit.Refit()
	}
}
