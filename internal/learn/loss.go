package learn

import "math"

// Huber returns the loss of Huber (1964) of a residual, prediction minus target, and
// its slope: half the square up to delta, a straight line beyond.
func Huber(residual, delta float64) (loss, slope float64) {
	if a := math.Abs(residual); a > delta {
		return delta * (a - delta/2), math.Copysign(delta, residual)
	}
	return residual * residual / 2, residual
}

// ListNet returns the loss of Cao et al. (2007) for one group, and adds scale times its
// slope to slopes: the cross-entropy of softmax(scores) from softmax(targets), so what
// counts is the order within the group. All three are of one length.
func ListNet(scores, targets, slopes []float64, scale float64) float64 {
	topS, topT := highest(scores), highest(targets)
	var sumS, sumT float64
	for i := range scores {
		sumS += math.Exp(scores[i] - topS)
		sumT += math.Exp(targets[i] - topT)
	}
	var loss float64
	for i := range scores {
		p := math.Exp(targets[i]-topT) / sumT
		q := math.Exp(scores[i]-topS) / sumS
		loss -= p * (scores[i] - topS - math.Log(sumS))
		slopes[i] += scale * (q - p)
	}
	return loss
}

func highest(x []float64) float64 {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, v)
	}
	return top
}
