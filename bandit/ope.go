package bandit

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Trial is a decision of which the outcome of the chosen arm is known, and what
// another policy, the target, would have done in its place.
type Trial struct {
	// Arms are what could be chosen, Chosen the place of what was.
	Arms   []int
	Chosen int
	// P is the probability with which it was chosen: above 0, at most 1. All are those
	// of all arms; nil if they are not known.
	P   float64
	All []float64
	// Reward is what it brought.
	Reward float64
	// Target are the probabilities with which the target chooses each of Arms; the sum
	// is 1.
	Target []float64
	// X has a row for each of Arms; nil if there are none.
	X [][]float64
}

// OPE says from trials what a target policy would have brought: off-policy evaluation.
// It holds some numbers of each trial, and three for each feature. Nothing is to be set.
type OPE struct {
	trials      []trial
	width       int
	target      *mixture // of the newest trial
	unsupported float64
}

// trial is what is kept of a Trial.
type trial struct {
	arm    int
	reward float64
	weight float64 // the target's probability of the arm over the recorded one
	target *mixture
	x      []float32 // the row of the arm, and that which the target has on average
}

// mixture is how a target mixes arms. Equal ones that follow each other are shared.
type mixture struct {
	arms []int
	p    []float64
}

// rounding is by how much probabilities may miss their sum.
const rounding = 1e-6

// Add takes a trial, of which it keeps no slice.
func (e *OPE) Add(t *Trial) error {
	if err := t.check(); err != nil {
		return fmt.Errorf("trial %d: %w", len(e.trials), err)
	}
	width := 0
	if t.X != nil {
		width = len(t.X[0])
	}
	if len(e.trials) > 0 && width != e.width {
		return fmt.Errorf("trial %d: got %d features, want %d as the first has", len(e.trials), width, e.width)
	}
	e.width = width
	if e.target == nil || !slices.Equal(e.target.arms, t.Arms) || !slices.Equal(e.target.p, t.Target) {
		e.target = &mixture{slices.Clone(t.Arms), slices.Clone(t.Target)}
	}
	for i, p := range t.All {
		if p == 0 {
			e.unsupported += t.Target[i]
		}
	}
	e.trials = append(e.trials, trial{
		arm: t.Arms[t.Chosen], reward: t.Reward, weight: t.Target[t.Chosen] / t.P, target: e.target, x: t.rows(),
	})
	return nil
}

// N is how many trials there are.
func (e *OPE) N() int { return len(e.trials) }

func (t *Trial) check() error {
	n := len(t.Arms)
	switch {
	case n == 0 || len(t.Target) != n || t.All != nil && len(t.All) != n || t.X != nil && len(t.X) != n:
		return fmt.Errorf("got %d arms, %d probabilities of the target, %d recorded and %d rows, want as many of each", n, len(t.Target), len(t.All), len(t.X))
	case t.Chosen < 0 || t.Chosen >= n:
		return fmt.Errorf("got arm %d of %d as the chosen one", t.Chosen, n)
	case !(t.P > 0 && t.P <= 1):
		return fmt.Errorf("got a propensity of %v, want above 0 and at most 1", t.P)
	case !(math.Abs(t.Reward) <= maxLabel):
		return fmt.Errorf("got a reward of %v, want a finite number, at most %g", t.Reward, maxLabel)
	}
	if len(t.All) > 0 && math.Abs(t.All[t.Chosen]-t.P) > rounding {
		return fmt.Errorf("got a propensity of %v and %v for the same arm", t.P, t.All[t.Chosen])
	}
	for _, x := range t.X {
		if len(x) != len(t.X[0]) {
			return fmt.Errorf("got rows of %d and %d features, want all of one length", len(t.X[0]), len(x))
		}
	}
	return errors.Join(chances("target", t.Target), chances("recorded", t.All))
}

// chances tells what is wrong with probabilities; nothing with none.
func chances(name string, p []float64) error {
	sum := 0.0
	for _, v := range p {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("%s: got the probability %v, want 0 to 1", name, v)
		}
		sum += v
	}
	if p != nil && math.Abs(sum-1) > rounding {
		return fmt.Errorf("%s: got probabilities that add up to %v, want 1", name, sum)
	}
	return nil
}

// rows are the row of the chosen arm, and the mean of those the target would choose.
func (t *Trial) rows() []float32 {
	if t.X == nil {
		return nil
	}
	width := len(t.X[0])
	out := make([]float32, 2*width)
	for k := range width {
		out[k] = float32(t.X[t.Chosen][k])
		mean := 0.0
		for i, x := range t.X {
			mean += t.Target[i] * x[k]
		}
		out[width+k] = float32(mean)
	}
	return out
}

// OPEOptions say how to estimate. Nil is fine.
type OPEOptions struct {
	// Folds is in how many parts the trials are cut for the reward model, which
	// predicts each from the others; 0 for 5.
	Folds int
	// Overlap is how many trials in a row share their luck, since what became of one
	// was not over when the next was made; 0 for 1, which is none.
	Overlap int
	// LeastESS is the effective sample size from which there is a verdict; 0 for 100.
	LeastESS float64
}

// Estimates are what a target policy would have brought on average, by several
// estimators, and how far to trust them.
type Estimates struct {
	N int
	// Logged is what the recorded policy brought. IPS weighs rewards by the target's
	// probability over the recorded one; SNIPS divides by the sum of the weights. DR, the
	// doubly robust estimator, predicts all rewards and weighs only what the prediction
	// misses; SNDR divides that by the sum of the weights (Dudík, Langford and Li 2011;
	// Swaminathan and Joachims 2015). Lift is DR less Logged, trial by trial.
	Logged, IPS, SNIPS, DR, SNDR, Lift Estimate
	// ESS is the number of trials from the target itself that would be worth as much:
	// (Σw)²/Σw². Independent is what is left of it where trials overlap.
	ESS, Independent float64
	// Weight is the mean of the weights, which should be 1: if it is not, by far, the
	// recorded probabilities are wrong. MaxWeight is the largest.
	Weight    Estimate
	MaxWeight float64
	// Unsupported is the share of the target's choices that had no chance to be
	// recorded: of these nothing is known.
	Unsupported float64
	// Doubt says why there is no verdict; "" if there is one.
	Doubt string
}

// Estimate is a mean with its standard error and 95 % interval; all are NaN where there
// is none.
type Estimate struct{ Mean, SE, Low, High float64 }

// Estimate judges by all trials, at least two.
func (e *OPE) Estimate(opts *OPEOptions) (*Estimates, error) {
	var o OPEOptions
	if opts != nil {
		o = *opts
	}
	for _, d := range []struct {
		option *int
		value  int
	}{{&o.Folds, 5}, {&o.Overlap, 1}} {
		if *d.option == 0 {
			*d.option = d.value
		}
	}
	if o.LeastESS == 0 {
		o.LeastESS = 100
	}
	n := len(e.trials)
	switch {
	case o.Folds < 2 || o.Overlap < 1 || !(o.LeastESS > 0):
		return nil, fmt.Errorf("bandit: got %d folds, an overlap of %d and a least ESS of %v, want 2 or more, 1 or more and above 0", o.Folds, o.Overlap, o.LeastESS)
	case n < 2:
		return nil, fmt.Errorf("bandit: got %d decisions with an outcome, want two at least", n)
	}
	predicted, expected, err := e.predict(min(o.Folds, n))
	if err != nil {
		return nil, err
	}
	out := e.weigh(predicted, expected, o.Overlap)
	out.Doubt = out.doubt(o.LeastESS)
	return out, nil
}

// weigh computes all estimators from what the reward model predicts for the recorded
// arm of each trial, and what it expects of the target.
func (e *OPE) weigh(predicted, expected []float64, overlap int) *Estimates {
	n := len(e.trials)
	out := &Estimates{N: n, Unsupported: e.unsupported / float64(n)}
	var sum, squares float64
	for i := range e.trials {
		w := e.trials[i].weight
		sum, squares = sum+w, squares+w*w
		out.MaxWeight = max(out.MaxWeight, w)
	}
	if squares > 0 {
		out.ESS = sum * sum / squares
	}
	terms := make([]float64, n)
	mean := func(term func(i int, t *trial) float64) Estimate {
		for i := range e.trials {
			terms[i] = term(i, &e.trials[i])
		}
		return estimate(terms, overlap)
	}
	dr := func(i int, t *trial) float64 { return expected[i] + t.weight*(t.reward-predicted[i]) }
	out.Weight = mean(func(_ int, t *trial) float64 { return t.weight })
	out.Logged = mean(func(_ int, t *trial) float64 { return t.reward })
	out.IPS = mean(func(_ int, t *trial) float64 { return t.weight * t.reward })
	out.DR = mean(dr)
	out.Lift = mean(func(i int, t *trial) float64 { return dr(i, t) - t.reward })
	// A ratio of means moves with a trial as its linear part does.
	scale := float64(n) / sum
	snips := ratioOf(e.trials, func(_ int, t *trial) float64 { return t.reward })
	out.SNIPS = mean(func(_ int, t *trial) float64 { return snips + scale*t.weight*(t.reward-snips) })
	miss := ratioOf(e.trials, func(i int, t *trial) float64 { return t.reward - predicted[i] })
	out.SNDR = mean(func(i int, t *trial) float64 {
		return expected[i] + miss + scale*t.weight*(t.reward-predicted[i]-miss)
	})
	out.Independent = out.ESS / inflation(e.trials, overlap)
	return out
}

// ratioOf is the weighted mean of something over trials.
func ratioOf(trials []trial, value func(i int, t *trial) float64) float64 {
	var sum, weights float64
	for i := range trials {
		t := &trials[i]
		sum, weights = sum+t.weight*value(i, t), weights+t.weight
	}
	return sum / weights
}

// mostUnsupported is the share of the target's choices that nothing is known of beyond
// which there is no verdict: as much as one in a hundred may be missing anyway.
const mostUnsupported = 0.01

// doubt says why the estimates are nothing to go by.
func (s *Estimates) doubt(least float64) string {
	const farOff = 4 // standard errors; chance gets there once in 16,000
	effective := min(s.ESS, s.Independent)
	switch {
	case s.Unsupported > mostUnsupported:
		return fmt.Sprintf("in %.0f %% of its choices the target takes what had no chance of being recorded: record with a floor", 100*s.Unsupported)
	case effective < least:
		return fmt.Sprintf("%d decisions are worth no more than %.0f of the target's own, want %.0f at least", s.N, effective, least)
	case math.Abs(s.Weight.Mean-1) > farOff*s.Weight.SE+rounding:
		return fmt.Sprintf("the mean weight is %.3f ± %.3f, want 1: the recorded probabilities are not those that the choices were made with", s.Weight.Mean, s.Weight.SE)
	}
	return ""
}
