package bandit

import (
	"math"
	"math/rand/v2"
)

// ArmsOptions say what Arms goes by. Nil is fine.
type ArmsOptions struct {
	// HalfLife is after how many rounds a label counts half. 0 is never.
	HalfLife float64
}

// Arms believes that each arm has one mean reward, whatever its features. An arm
// that was never seen has the mean of all, with the deviation of one reward.
type Arms struct {
	decay float64 // per round
	arms  map[int]*tally
	all   tally
	noise noise
}

// NewArms returns a model that has seen nothing.
func NewArms(o *ArmsOptions) *Arms {
	if o == nil {
		o = &ArmsOptions{}
	}
	return &Arms{decay: decay(o.HalfLife), arms: map[int]*tally{}, noise: noise{decay: decay(o.HalfLife)}}
}

// Predict implements Model.
func (a *Arms) Predict(r *Round, mean, sd []float64) {
	prior, sigma := a.all.mean(), a.noise.sd()
	for i, arm := range r.Arms {
		mean[i], sd[i] = prior, sigma
		if t := a.arms[arm]; t != nil {
			n := t.weight * a.fade(r.T-t.t)
			mean[i] = (n*t.mean() + prior) / (n + 1)
			sd[i] = sigma / math.Sqrt(n+1)
		}
	}
}

// Draw implements Model: the arms are independent and normal.
func (a *Arms) Draw(r *Round, random *rand.Rand, out []float64) {
	sd := make([]float64, len(out))
	a.Predict(r, out, sd)
	for i := range out {
		out[i] += sd[i] * random.NormFloat64()
	}
}

func (a *Arms) separately() bool { return true }

// Learn implements Model.
func (a *Arms) Learn(labels []Label) {
	for i := range labels {
		l := &labels[i]
		if !l.usable() {
			continue
		}
		t := a.arms[l.Arm]
		if t == nil {
			t = &tally{t: l.T}
			a.arms[l.Arm] = t
		}
		prior, n := a.all.mean(), t.weight*a.fade(l.T-t.t)
		miss := l.Reward - (n*t.mean()+prior)/(n+1)
		a.noise.add(l, miss*miss*(n+1)/(n+2))
		a.add(t, l)
		a.add(&a.all, l)
	}
}

// fade is what is left of a label after so many rounds; one of the future, which is
// a late round's view of a newer label, counts whole.
func (a *Arms) fade(rounds int64) float64 { return fade(a.decay, rounds) }

func (a *Arms) add(t *tally, l *Label) {
	t.add(l.Reward, l.Weight*a.fade(t.t-l.T), a.fade(l.T-t.t), l.T)
}

// tally is a discounted sum of rewards.
type tally struct {
	t           int64 // the newest round in it, which weight and sum are as of
	weight, sum float64
}

func (t *tally) mean() float64 {
	if t.weight == 0 {
		return 0
	}
	return t.sum / t.weight
}

func (t *tally) add(reward, weight, kept float64, round int64) {
	t.weight = kept*t.weight + weight
	t.sum = kept*t.sum + weight*reward
	t.t = max(t.t, round)
}
