package bandit

import "math"

// maxLabel bounds what a label may say: what is beyond it is a fault and would
// drown all else.
const (
	maxLabel  = 1e9
	maxWeight = 1e6
)

// usable tells whether a label can be learned from at all.
func (l *Label) usable() bool {
	return math.Abs(l.Reward) <= maxLabel && l.Weight > 0 && l.Weight <= maxWeight
}

// noise estimates the deviation of rewards about their means from what predictions
// missed. While little is known it leans on the deviation of the rewards
// themselves, so that no scale of rewards has to be known beforehand.
type noise struct {
	decay       float64 // per round
	t           int64
	weight      float64
	miss        float64 // sum of squared misses, each as large as the noise
	mean, moved float64 // of the rewards: mean, and sum of squares about it
}

// add takes a label and by how much, squared, it was missed.
func (n *noise) add(l *Label, missed float64) {
	n.advance(l.T)
	weight := l.Weight * fade(n.decay, n.t-l.T)
	n.weight += weight
	n.miss += weight * missed
	before := l.Reward - n.mean
	n.mean += weight / n.weight * before
	n.moved += weight * before * (l.Reward - n.mean)
}

func (n *noise) advance(t int64) {
	if kept := fade(n.decay, t-n.t); kept < 1 {
		n.weight, n.miss, n.moved = kept*n.weight, kept*n.miss, kept*n.moved
	}
	n.t = max(n.t, t)
}

func (n *noise) restart() { *n = noise{decay: n.decay} }

// sd is 1 before there is any label.
func (n *noise) sd() float64 {
	if n.weight == 0 {
		return 1
	}
	const lean = 3 // labels that the rewards' own variance is worth
	return math.Sqrt((n.miss + lean*n.moved/n.weight) / (n.weight + lean))
}

// decay is what is left of a label after a round.
func decay(halfLife float64) float64 {
	if halfLife <= 0 || math.IsInf(halfLife, 1) {
		return 1
	}
	return math.Exp2(-1 / halfLife)
}

func fade(decay float64, rounds int64) float64 {
	if rounds <= 0 || decay == 1 {
		return 1
	}
	return math.Pow(decay, float64(rounds))
}
