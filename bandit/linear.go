package bandit

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/karlquant/quasar/internal/learn"
)

// LinearOptions say what a linear model goes by. Nil is fine.
type LinearOptions struct {
	// HalfLife is after how many rounds a label counts half. 0 is never.
	HalfLife float64
	// Ridge is the prior precision of each weight, in labels whose feature is 1. 0 is 1.
	Ridge float64
	// Intercept is the prior precision of what each arm is worth beside its row, in
	// labels; 0 is that arms are worth what their rows are. Linear only.
	Intercept float64
}

func (o *LinearOptions) filled() (LinearOptions, error) {
	var f LinearOptions
	if o != nil {
		f = *o
	}
	if f.Ridge == 0 {
		f.Ridge = 1
	}
	if !(f.HalfLife >= 0) || !(f.Intercept >= 0) || math.IsInf(f.Intercept, 0) {
		return f, fmt.Errorf("bandit: got a half-life of %v and an intercept's precision of %v, want 0 or more", f.HalfLife, f.Intercept)
	}
	return f, nil
}

// regression returns one of the row 1, x in units of the noise.
func (o *LinearOptions) regression(features int) (*learn.Linear, error) {
	precision := make([]float64, features+1)
	for i := range precision {
		precision[i] = o.Ridge
	}
	fit, err := learn.NewLinear(&learn.LinearOptions{
		Dim: features + 1, Precision: precision, Discount: decay(o.HalfLife), FixedNoise: true,
	})
	if err != nil {
		return nil, fmt.Errorf("bandit: linear model of %d features: %w", features, err)
	}
	return fit, nil
}

// Linear believes that the mean reward is a linear function of an arm's row, the same
// for all arms, and, with an intercept, of the arm itself.
//
// The arms' intercepts are eliminated from the regression (a block of it is diagonal),
// so that any number of arms costs no more than one: rows and rewards are taken from
// their arm's mean, which is shrunk by the prior. Without a half-life that is exact.
type Linear struct {
	fit       *learn.Linear
	decay     float64
	intercept float64 // 0: none
	arms      map[int]*center
	nobody    *center
	noise     noise

	row, mid, theta, drawn []float64
}

// center is what was seen of an arm: discounted sums.
type center struct {
	t    int64
	n, y float64
	x    []float64 // of the rows 1, x
	// shift is what is drawn of the intercept given the weights.
	shift float64
}

// NewLinear returns a model of rows of so many features, that has seen nothing.
func NewLinear(features int, o *LinearOptions) (*Linear, error) {
	options, err := o.filled()
	if err != nil {
		return nil, err
	}
	fit, err := options.regression(features)
	if err != nil {
		return nil, err
	}
	room := make([]float64, 4*(features+1))
	part := func(i int) []float64 { return room[i*(features+1) : (i+1)*(features+1)] }
	return &Linear{
		fit: fit, decay: decay(options.HalfLife), intercept: options.Intercept,
		arms: map[int]*center{}, nobody: &center{x: make([]float64, features+1)},
		noise: noise{decay: decay(options.HalfLife)},
		row:   part(0), mid: part(1), theta: part(2), drawn: part(3),
	}, nil
}

// Predict implements Model.
func (l *Linear) Predict(r *Round, mean, sd []float64) {
	l.fit.Advance(max(r.T, 0))
	sigma := l.noise.sd()
	for i, arm := range r.Arms {
		b, _ := l.believe(r.T, arm, r.X[i])
		mean[i], sd[i] = b.mean, sigma*b.sd
	}
}

// believe leaves the row, taken from its arm's mean, in l.row.
func (l *Linear) believe(t int64, arm int, x []float64) (b belief, a *center) {
	affine(l.row, x)
	b.mean, b.sd = 0, 0
	if a = l.center(t, arm); a != nil {
		b.mean = a.y / (a.n + l.intercept)
		l.subtract(a)
	}
	mean, sd := l.fit.Predict(l.row)
	b.mean += mean
	b.sd = sd
	if a != nil {
		b.sd = math.Sqrt(sd*sd + 1/(a.n+l.intercept))
	}
	return b, a
}

// center returns what was seen of an arm, as of round t; nil without intercepts.
func (l *Linear) center(t int64, arm int) *center {
	if l.intercept == 0 {
		return nil
	}
	a := l.arms[arm]
	if a == nil {
		return l.nobody
	}
	if kept := fade(l.decay, t-a.t); kept < 1 {
		a.n, a.y, a.t = kept*a.n, kept*a.y, t
		for i := range a.x {
			a.x[i] *= kept
		}
	}
	return a
}

func (l *Linear) subtract(a *center) {
	for i, v := range a.x {
		l.row[i] -= v / (a.n + l.intercept)
	}
}

// Draw implements Model.
func (l *Linear) Draw(r *Round, random *rand.Rand, out []float64) {
	l.fit.Advance(max(r.T, 0))
	sigma := l.noise.sd()
	l.fit.Theta(l.theta)
	l.fit.Draw(random, l.drawn)
	for i := range l.drawn {
		l.drawn[i] = l.theta[i] + sigma*(l.drawn[i]-l.theta[i])
	}
	for i, arm := range r.Arms {
		affine(l.row, r.X[i])
		out[i] = 0
		if a := l.center(r.T, arm); a != nil {
			l.subtract(a)
			out[i] = (a.y + sigma*math.Sqrt(a.n+l.intercept)*random.NormFloat64()) / (a.n + l.intercept)
		}
		for k, v := range l.row {
			out[i] += v * l.drawn[k]
		}
	}
}

// Learn implements Model.
func (l *Linear) Learn(labels []Label) {
	for i := range labels {
		if labels[i].usable() {
			l.learn(&labels[i])
		}
	}
}

func (l *Linear) learn(label *Label) {
	b, a := l.believe(label.T, label.Arm, label.X)
	l.noise.add(label, b.miss(label.Reward))
	l.observe(label, a)
}

// observe takes a label whose row is in l.row.
func (l *Linear) observe(label *Label, a *center) {
	t := max(label.T, 0)
	if a == nil {
		l.fit.Observe(t, l.row, label.Reward, label.Weight)
		return
	}
	if a == l.nobody {
		a = &center{t: label.T, x: make([]float64, len(l.row))}
		l.arms[label.Arm] = a
	}
	weight := label.Weight * fade(l.decay, a.t-label.T)
	seen := a.n + l.intercept
	l.fit.Observe(t, l.row, label.Reward-a.y/seen, label.Weight*seen/(seen+weight))
	a.n += weight
	a.y += weight * label.Reward
	affine(l.mid, label.X)
	for i, v := range l.mid {
		a.x[i] += weight * v
	}
}

// The three below learn all anew, at once; they are for models without intercepts.

func (l *Linear) forget() { l.fit.Forget() }

func (l *Linear) gather(label *Label) {
	affine(l.row, label.X)
	l.fit.Add(max(label.T, 0), l.row, label.Reward, label.Weight)
}

func (l *Linear) refit() { l.fit.Refit() }
