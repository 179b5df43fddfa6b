package axrvi

import "math"

// watch tells when the long memory has become wrong: it sums up by how much the recent
// one has predicted labels better, from 0 whenever that would be less than nothing
// (Page 1954). The prediction is the logarithm of a likelihood, so that without a
// change the sum exceeds the bound once in exp(bound) times that it leaves 0.
type watch struct {
	sum      float64
	fresh    int // labels in the replay since the sum was 0
	restarts int64
}

// changed is that bound: some four hundred times.
const changed = 6

// take takes a label's advantage, of so many labels at most one.
func (w *watch) take(advantage, weight float64) {
	w.sum = max(w.sum+min(weight, 1)*advantage, 0)
	if w.sum == 0 {
		w.fresh = 0
	}
}

func (w *watch) alarm() bool { return w.sum > changed }

// tails is of Student's distribution that labels are judged by: of noise with rare
// large values these do not decide.
const tails = 6

// likelihood returns the logarithm of the density, but for what depends on neither
// argument, of a label that missed its prediction; variance is of that miss.
func likelihood(miss, variance float64) float64 {
	return -math.Log(variance)/2 - (tails+1)/2.*math.Log1p(miss*miss/(tails*variance))
}
