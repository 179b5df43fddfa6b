package bandit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/karlquant/quasar/internal/learn"
)

// LinearOptions say what a linear model goes by. Nil is fine.
type LinearOptions struct {
	// Shared tells that a round has one context for all arms: each arm then has
	// weights of its own. Otherwise all share theirs.
	Shared bool
	// HalfLife is after how many rounds a label counts half. 0 is never.
	HalfLife float64
	// Ridge is the prior precision of each weight, in labels whose feature is 1. 0 is 1.
	Ridge float64
	// Intercept is the prior precision of what each arm is worth beside its row, in
	// labels; 0 is that arms are worth what their rows are. Where arms have weights of
	// their own, it says nothing.
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

// regressions are beliefs in linear rewards about a prior mean of 0.
type regressions interface {
	Model
	separate
	// forget goes back to the prior but for the noise, restart wholly.
	forget()
	restart()
	// gather takes a label that is known of after refit.
	gather(l *Label)
	refit()
}

func newRegressions(features int, o *LinearOptions) (regressions, error) {
	options, err := o.filled()
	if err != nil {
		return nil, err
	}
	if options.Shared {
		return newDisjoint(features, &options)
	}
	return newRows(features, &options)
}

// Linear believes that the mean reward is a linear function of the row: Bayesian
// linear regression with a prior of 0 about the mean of the first rewards, and with
// noise that is estimated. It knows no scale of rewards beforehand. Its prediction is
// not beyond the rewards seen.
type Linear struct {
	regressions
	about   float64 // what rewards are taken from
	first   []Label // until settled
	settled bool
	seen    span
	one     [1]Label
}

// firstLabels is how many rewards make the mean that the prior is about: enough to be
// near it by less than the prior is wide. It is a power of two.
const firstLabels = 64

// NewLinear returns a model of rows of so many features, that has seen nothing. Where
// arms have weights of their own, an arm takes room from its first label on, of the
// order of the square of the features.
func NewLinear(features int, o *LinearOptions) (*Linear, error) {
	r, err := newRegressions(features, o)
	if err != nil {
		return nil, err
	}
	return &Linear{regressions: r}, nil
}

// Predict implements Model.
func (l *Linear) Predict(r *Round, mean, sd []float64) {
	l.regressions.Predict(r, mean, sd)
	for i, m := range mean {
		mean[i] = l.seen.clip(l.about + m)
	}
}

// Draw implements Model. A draw may be beyond the rewards seen.
func (l *Linear) Draw(r *Round, random *rand.Rand, out []float64) {
	l.regressions.Draw(r, random, out)
	for i := range out {
		out[i] += l.about
	}
}

// Learn implements Model.
func (l *Linear) Learn(labels []Label) {
	for i := range labels {
		if !labels[i].usable() {
			continue
		}
		l.seen.add(labels[i].Reward)
		if !l.begin(&labels[i]) {
			l.learn(labels[i])
		}
	}
}

func (l *Linear) learn(label Label) {
	label.Reward -= l.about
	l.one[0] = label
	l.regressions.Learn(l.one[:])
}

// begin keeps a label if it is one of the first. When they have doubled, it learns all
// of them anew, about their mean, and tells so.
func (l *Linear) begin(label *Label) bool {
	if l.settled {
		return false
	}
	kept := *label
	kept.X = slices.Clone(label.X)
	l.first = append(l.first, kept)
	n := len(l.first)
	if n&(n-1) != 0 {
		return false
	}
	l.about = 0
	for i := range l.first {
		l.about += l.first[i].Reward / float64(n)
	}
	l.restart()
	for i := range l.first {
		l.learn(l.first[i])
	}
	if n == firstLabels {
		l.first, l.settled = nil, true
	}
	return true
}
