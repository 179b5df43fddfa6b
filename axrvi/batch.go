package axrvi

import "github.com/karlquant/quasar/internal/learn"

// batch is what a step is made on, in units of the noise.
type batch struct {
	learn.Batch
	n int
}

func newBatch(features int) batch {
	b := batch{Batch: learn.Batch{
		X: make([][]float64, batchRows), Y: make([]float64, batchRows), Base: make([]float64, batchRows),
		Weight: make([]float64, batchRows), Group: make([]int, batchRows),
	}}
	cells := make([]float64, batchRows*features)
	for i := range b.X {
		b.X[i] = cells[i*features : (i+1)*features]
	}
	return b
}

func (b *batch) reset()     { b.n = 0 }
func (b *batch) full() bool { return b.n == batchRows }

func (b *batch) add(m *Model, at int, linear, noise float64) {
	copy(b.X[b.n], m.row)
	b.Y[b.n], b.Base[b.n] = m.replay.y[at]/noise, linear/noise
	b.Weight[b.n], b.Group[b.n] = m.replay.w[at], int(m.replay.call[at])
	b.n++
}
