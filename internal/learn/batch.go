package learn

// Batch is what one training step learns from. Its rows are read, not kept.
type Batch struct {
	// X has the rows, each of the net's inputs.
	X [][]float64
	// Y has the target of each row.
	Y []float64
	// Base is added to the output of each row before it is compared, which thus learns
	// what another belief leaves over; nil: 0.
	Base []float64
	// Output is which output of the net each target is for; nil: the first.
	Output []int
	// Weight is how many times each row counts; nil: once.
	Weight []float64
	// Group names rows that belong together for ListNet: neighbours of one number are
	// one group. Nil: none belong together.
	Group []int
}

// Loss is what training makes small.
type Loss struct {
	// Delta is the residual from which the Huber loss is a straight line; 0 is 1.
	Delta float64
	// ListNet is the weight of the ListNet loss beside the Huber loss; 0: none.
	ListNet float64
}

// measure writes the slope of the loss with respect to each output, of which a row has
// outputs, and returns the loss: the mean over the rows of Huber, and the mean over
// the groups of more than one row of ListNet.
func (l Loss) measure(b *Batch, out, slope, scores, slopes []float64, outputs int) float64 {
	clear(slope)
	delta := l.Delta
	if delta == 0 {
		delta = 1
	}
	var sum float64
	for i := range b.X {
		at, w := b.at(i, outputs), b.weight(i)
		loss, d := Huber(out[at]+b.base(i)-b.Y[i], delta)
		sum += w * loss
		slope[at] = w * d / float64(len(b.X))
	}
	sum /= float64(len(b.X))
	if l.ListNet > 0 && b.Group != nil {
		sum += l.lists(b, out, slope, scores, slopes, outputs)
	}
	return sum
}

func (l Loss) lists(b *Batch, out, slope, scores, slopes []float64, outputs int) float64 {
	n := b.groups()
	var sum float64
	for from, to := 0, b.groupEnd(0); from < len(b.X); from, to = to, b.groupEnd(to) {
		if to-from < 2 {
			continue
		}
		for i := from; i < to; i++ {
			scores[i-from], slopes[i-from] = out[b.at(i, outputs)]+b.base(i), 0
		}
		sum += ListNet(scores[:to-from], b.Y[from:to], slopes, l.ListNet/float64(n))
		for i := from; i < to; i++ {
			slope[b.at(i, outputs)] += slopes[i-from]
		}
	}
	return l.ListNet * sum / float64(max(n, 1))
}

// groups counts those of more than one row.
func (b *Batch) groups() int {
	n := 0
	for from, to := 0, b.groupEnd(0); from < len(b.X); from, to = to, b.groupEnd(to) {
		if to-from > 1 {
			n++
		}
	}
	return n
}

func (b *Batch) groupEnd(from int) int {
	to := from + 1
	for to < len(b.X) && b.Group[to] == b.Group[from] {
		to++
	}
	return to
}

func (b *Batch) at(i, outputs int) int {
	if b.Output == nil {
		return i * outputs
	}
	return i*outputs + b.Output[i]
}

func (b *Batch) base(i int) float64 {
	if b.Base == nil {
		return 0
	}
	return b.Base[i]
}

func (b *Batch) weight(i int) float64 {
	if b.Weight == nil {
		return 1
	}
	return b.Weight[i]
}
