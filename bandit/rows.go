package bandit

import (
	"math"
	"math/rand/v2"

	"github.com/karlquant/quasar/internal/learn"
)

// rows is a belief with the same weights for all arms, and, with an intercept, one of
// each arm's own.
//
// The intercepts are eliminated from the regression (a block of it is diagonal),
// so that any number of arms costs no more than one: rows and rewards are taken from
// their arm's mean, which is shrunk by the prior. Without a half-life that is exact.
type rows struct {
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
}

func newRows(features int, o *LinearOptions) (*rows, error) {
	fit, err := o.regression(features)
	if err != nil {
		return nil, err
	}
	room := make([]float64, 4*(features+1))
	part := func(i int) []float64 { return room[i*(features+1) : (i+1)*(features+1)] }
	return &rows{
		fit: fit, decay: decay(o.HalfLife), intercept: o.Intercept,
		arms: map[int]*center{}, nobody: &center{x: make([]float64, features+1)},
		noise: noise{decay: decay(o.HalfLife)},
		row:   part(0), mid: part(1), theta: part(2), drawn: part(3),
	}, nil
}

// Predict implements Model.
func (l *rows) Predict(r *Round, mean, sd []float64) {
	l.fit.Advance(max(r.T, 0))
	sigma := l.noise.sd()
	for i, arm := range r.Arms {
		b, _ := l.believe(r.T, arm, r.X[i])
		mean[i], sd[i] = b.mean, sigma*b.sd
	}
}

// believe leaves the row, taken from its arm's mean, in l.row.
func (l *rows) believe(t int64, arm int, x []float64) (b belief, a *center) {
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
func (l *rows) center(t int64, arm int) *center {
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

func (l *rows) subtract(a *center) {
	for i, v := range a.x {
		l.row[i] -= v / (a.n + l.intercept)
	}
}

func (l *rows) separately() bool { return false }

// Draw implements Model.
func (l *rows) Draw(r *Round, random *rand.Rand, out []float64) {
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
func (l *rows) Learn(labels []Label) {
	for i := range labels {
		label := &labels[i]
		b, a := l.believe(label.T, label.Arm, label.X)
		l.noise.add(label, b.miss(label.Reward))
		l.observe(label, a)
	}
}

// observe takes a label whose row is in l.row.
func (l *rows) observe(label *Label, a *center) {
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

func (l *rows) forget() {
	l.fit.Forget()
	clear(l.arms)
}

func (l *rows) restart() {
	l.forget()
	l.noise.restart()
}

// gather knows nothing of intercepts.
func (l *rows) gather(label *Label) {
	affine(l.row, label.X)
	l.fit.Add(max(label.T, 0), l.row, label.Reward, label.Weight)
}

func (l *rows) refit() { l.fit.Refit() }
