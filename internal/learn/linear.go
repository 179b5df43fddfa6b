package learn

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// LinearOptions describe a linear regression.
type LinearOptions struct {
	// Dim is the number of features, 1 to 4096. An intercept is a feature that is 1.
	Dim int
	// Precision is the prior's for each coefficient, all positive, in units of one
	// label whose feature is 1; nil: 1 each. The prior mean is 0.
	Precision []float64
	// Discount is what evidence is multiplied by in each round, above 0 to 1; 0 is 1.
	// What it loses the prior gains: without labels the belief ends as the prior.
	Discount float64
	// Noise is the standard deviation of a label around its mean, which the belief
	// starts from; 0 is 1.
	Noise float64
	// FixedNoise keeps Noise; otherwise it is estimated from the labels.
	FixedNoise bool
	// Refit is after how many labels the belief is computed anew; 0 is 64.
	Refit int
}

func (o *LinearOptions) filled() (LinearOptions, error) {
	t := *o
	fill(&t.Discount, 1)
	fill(&t.Noise, 1)
	if t.Refit == 0 {
		t.Refit = 64
	}
	if t.Dim < 1 || t.Dim > 4096 {
		return t, fmt.Errorf("learn: Dim: got %d, want 1 to 4096", t.Dim)
	}
	if t.Precision == nil {
		t.Precision = make([]float64, t.Dim)
		for i := range t.Precision {
			t.Precision[i] = 1
		}
	}
	err := t.check()
	return t, err
}

// leastPrecision keeps a prior from saying nothing.
const leastPrecision = 1e-9

func (o *LinearOptions) check() error {
	if len(o.Precision) != o.Dim {
		return fmt.Errorf("learn: Precision: got %d numbers, want %d", len(o.Precision), o.Dim)
	}
	for _, p := range o.Precision {
		if !(p >= leastPrecision && p <= 1/leastPrecision) {
			return fmt.Errorf("learn: Precision: got %v, want %v to %v", p, leastPrecision, 1/leastPrecision)
		}
	}
	if !(o.Discount > 0 && o.Discount <= 1) {
		return fmt.Errorf("learn: Discount: got %v, want above 0 to 1", o.Discount)
	}
	if !(o.Noise > 0 && o.Noise <= LargestTarget) {
		return fmt.Errorf("Noise: got %v, want above 0 to %v", o.Noise, LargestTarget)
	}
	if o.Refit < 1 {
		return fmt.Errorf("Refit: got %d, want 1 or more", o.Refit)
	}
	return nil
}

// Linear is Bayesian linear regression that forgets: the belief about theta in
// y = theta'x + noise is N(theta, noise² A^-1) with A = diag(Precision) + sum w x x'
// and A theta = sum w y x, where w is a label's weight times Discount to the power of
// its age in rounds.
//
// Between refits labels are rotated into the belief exactly; that older ones have lost
// weight since shows at the next refit, which comes before they lost a twentieth.
type Linear struct {
	o     LinearOptions
	sums  sums
	f     *Factor
	noise noise
	since int // labels since the last refit
	a, x  []float64
}

// NewLinear returns the prior.
func NewLinear(o *LinearOptions) (*Linear, error) {
	options, err := o.filled()
	if err != nil {
		return nil, err
	}
	return newLinear(options), nil
}

func newLinear(options LinearOptions) *Linear {
	return &Linear{
		o:     options,
		sums:  newSums(options.Dim, options.Discount),
		f:     NewFactor(options.Precision),
		noise: newNoise(options.Noise, options.FixedNoise),
		a:     make([]float64, options.Dim*options.Dim),
		x:     make([]float64, options.Dim),
	}
}

// mostDecay is what is left of the evidence of the last refit when the next is due.
const mostDecay = 0.95

// Advance lets the evidence age to round t. Rounds are not negative; one that is over
// changes nothing.
func (l *Linear) Advance(t int64) {
	if l.age(t); l.sums.decay < mostDecay {
		l.Refit()
	}
}

func (l *Linear) age(t int64) { l.noise.discount(l.sums.advance(t)) }

// Observe learns the target y of a row x in round t, which may be over: the label then
// counts as if it had come in time. It returns false, and learns nothing, if a number
// is not finite or too large, or the weight not positive.
func (l *Linear) Observe(t int64, x []float64, y, weight float64) bool {
	if !Usable(x) || !UsableTarget(y, weight) {
		return false
	}
	l.Advance(t)
	weight *= l.sums.late(t)
	l.sums.add(x, y, weight)
	l.noise.add(l.f.Update(x, y, weight), weight)
	if l.since++; l.since >= l.o.Refit {
		l.Refit()
	}
	return true
}

// Add is Observe for many labels at once: the belief knows of them after Refit.
func (l *Linear) Add(t int64, x []float64, y, weight float64) bool {
	if !Usable(x) || !UsableTarget(y, weight) {
		return false
	}
	l.Advance(t)
	l.sums.add(x, y, weight*l.sums.late(t))
	return true
}

// Refit computes the belief from the sums.
func (l *Linear) Refit() {
	l.sums.settle()
	l.precision()
	l.solve(l.sums.xy, l.sums.yy)
}

// precision writes what A is without groups.
func (l *Linear) precision() {
	copy(l.a, l.sums.xx)
	for i, p := range l.o.Precision {
		l.a[i*l.o.Dim+i] += p
	}
}

// solve takes b, and the sum of squares that the features are to explain.
func (l *Linear) solve(b []float64, squares float64) {
	if l.f.Set(l.a, b) {
		l.noise.set(squares-dot(l.f.w, l.f.w), l.sums.n)
	}
	l.since, l.sums.decay = 0, 1
}

// Forget goes back to the prior; the round stays.
func (l *Linear) Forget() {
	l.sums.forget()
	l.Refit()
}

// Mean returns the believed mean of a row's target.
func (l *Linear) Mean(x []float64) float64 {
	mean, _ := l.Predict(x)
	return mean
}

// SD returns the standard deviation of that belief, the noise of a label not included.
func (l *Linear) SD(x []float64) float64 {
	_, sd := l.Predict(x)
	return sd
}

// Predict returns Mean and SD at the cost of one. It allocates nothing.
func (l *Linear) Predict(x []float64) (mean, sd float64) {
	copy(l.x, x)
	mean, spread := l.whitened()
	return mean, math.Sqrt(l.noise.variance() * spread)
}

// whitened predicts the row in l.x, with the variance in units of the noise's.
func (l *Linear) whitened() (mean, spread float64) {
	l.f.Whiten(l.x)
	return dot(l.x, l.f.w), dot(l.x, l.x)
}

// Theta writes the believed coefficients.
func (l *Linear) Theta(theta []float64) {
	copy(theta, l.f.w)
	l.f.Unwhiten(theta)
}

// Draw writes coefficients drawn from the belief.
func (l *Linear) Draw(random *rand.Rand, theta []float64) {
	sd := l.Noise()
	for i, w := range l.f.w {
		theta[i] = w + sd*random.NormFloat64()
	}
	l.f.Unwhiten(theta)
}

// Scale sets what the noise starts from; later labels soon outweigh it.
func (l *Linear) Scale(sd float64) {
	if UsableTarget(sd, 1) && sd > 0 {
		l.noise.prior = sd * sd
	}
}

// Noise returns the standard deviation of a label around its mean.
func (l *Linear) Noise() float64 { return math.Sqrt(l.noise.variance()) }
