package learn

import (
	"fmt"
	"math"

	gonum "gonum.org/v1/gonum/blas"
)

// TrainerOptions say how a net is trained. Nil is the zero value.
type TrainerOptions struct {
	// Rate is Adam's step size; 0 is 0.001.
	Rate float64
	// Decay shrinks the weights, not the biases, by Rate times Decay in each step,
	// apart from the gradient (Loshchilov & Hutter 2019); 0: not.
	Decay float64
	// Clip is the greatest length of the gradient, beyond which it is scaled down;
	// 0 is 5.
	Clip float64
	// Batch is the greatest number of rows of a step; 0 is 64.
	Batch int
	// Loss is what is made small.
	Loss Loss
}

func (o *TrainerOptions) filled() (TrainerOptions, error) {
	var t TrainerOptions
	if o != nil {
		t = *o
	}
	fill(&t.Rate, 1e-3)
	fill(&t.Clip, 5)
	fill(&t.Loss.Delta, 1)
	if t.Batch == 0 {
		t.Batch = 64
	}
	for _, v := range []struct {
		name string
		v    float64
	}{{"Rate", t.Rate}, {"Decay", t.Decay}, {"Clip", t.Clip}, {"Loss.Delta", t.Loss.Delta}, {"Loss.ListNet", t.Loss.ListNet}} {
		if !(v.v >= 0) || math.IsInf(v.v, 0) {
			return t, fmt.Errorf("%s: got %v, want a number that is not negative", v.name, v.v)
		}
	}
	if t.Batch < 1 || t.Batch > 1<<16 {
		return t, fmt.Errorf("Batch: got %d, want 1 to 65536", t.Batch)
	}
	if t.Rate*t.Decay >= 1 {
		return t, fmt.Errorf("learn: Rate times Decay: got %v, want less than 1", t.Rate*t.Decay)
	}
	return t, nil
}

func fill(v *float64, zero float64) {
	if *v == 0 {
		*v = zero
	}
}

// Trainer changes a net by Adam (Kingma & Ba 2015) with decoupled weight decay.
type Trainer struct {
	net *Net
	o   TrainerOptions

	grad, m, v []float64 // as long as the net's parameters
	gradLayers []Layer
	steps      int64

	acts, deltas   [][]float64 // for each layer and the outputs, Batch rows each
	scores, slopes []float64
}

// NewTrainer returns a trainer of the net.
func NewTrainer(net *Net, o *TrainerOptions) (*Trainer, error) {
	options, err := o.filled()
	if err != nil {
		return nil, err
	}
	n := len(net.params)
	t := &Trainer{net: net, o: options, grad: make([]float64, n), m: make([]float64, n), v: make([]float64, n)}
	sizes := net.Sizes()
	t.gradLayers = layersOf(sizes, t.grad)
	for _, s := range sizes {
		t.acts = append(t.acts, make([]float64, s*options.Batch))
		t.deltas = append(t.deltas, make([]float64, s*options.Batch))
	}
	t.scores, t.slopes = make([]float64, options.Batch), make([]float64, options.Batch)
	return t, nil
}

// Step makes one step on a batch of 1 to TrainerOptions.Batch rows and returns the loss
// before it. A batch whose gradient is not finite changes nothing. It allocates nothing.
func (t *Trainer) Step(b *Batch) float64 {
	loss := t.Gradient(b)
	if t.clip() {
		t.adam()
	}
	return loss
}

// Gradient computes the loss of a batch and its gradient, and changes nothing.
func (t *Trainer) Gradient(b *Batch) float64 {
	rows, last := len(b.X), len(t.net.Layers)
	t.forward(b.X)
	outputs := t.net.Outputs()
	loss := t.o.Loss.measure(b, t.acts[last][:rows*outputs], t.deltas[last][:rows*outputs], t.scores, t.slopes, outputs)
	t.backward(rows)
	return loss
}

// Gradients returns what the last Gradient or Step found, laid out as the net's Layers.
// A Step may have scaled them down.
func (t *Trainer) Gradients() []Layer { return t.gradLayers }

func (t *Trainer) forward(x [][]float64) {
	for i, row := range x {
		copy(t.acts[0][i*t.net.Inputs():], row)
	}
	for i := range t.net.Layers {
		l, out := &t.net.Layers[i], t.acts[i+1][:len(x)*t.net.Layers[i].Out]
		for r := range x {
			copy(out[r*l.Out:], l.Bias)
		}
		blas.Dgemm(gonum.NoTrans, gonum.Trans, len(x), l.Out, l.In, 1, t.acts[i], l.In, l.Weight, l.In, 1, out, l.Out)
		if i+1 < len(t.net.Layers) {
			bend(out)
		}
	}
}

func (t *Trainer) backward(rows int) {
	clear(t.grad)
	for i := len(t.net.Layers) - 1; i >= 0; i-- {
		l, g, delta := &t.net.Layers[i], &t.gradLayers[i], t.deltas[i+1]
		blas.Dgemm(gonum.Trans, gonum.NoTrans, l.Out, l.In, rows, 1, delta, l.Out, t.acts[i], l.In, 0, g.Weight, l.In)
		for r := range rows {
			addScaled(1, delta[r*l.Out:(r+1)*l.Out], g.Bias)
		}
		if i == 0 {
			return
		}
		before := t.deltas[i][:rows*l.In]
		blas.Dgemm(gonum.NoTrans, gonum.NoTrans, rows, l.In, l.Out, 1, delta, l.Out, l.Weight, l.In, 0, before, l.In)
		for k, a := range t.acts[i][:len(before)] {
			if a <= 0 {
				before[k] = 0
			}
		}
	}
}

// clip scales the gradient down and reports whether it is finite.
func (t *Trainer) clip() bool {
	norm := math.Sqrt(dot(t.grad, t.grad))
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return false
	}
	if norm > t.o.Clip {
		blas.Dscal(len(t.grad), t.o.Clip/norm, t.grad, 1)
	}
	return true
}

// The constants of Kingma & Ba 2015.
const (
	beta1   = 0.9
	beta2   = 0.999
	epsilon = 1e-8
)

func (t *Trainer) adam() {
	t.steps++
	if t.o.Decay > 0 {
		for _, l := range t.net.Layers {
			blas.Dscal(len(l.Weight), 1-t.o.Rate*t.o.Decay, l.Weight, 1)
		}
	}
	steps := float64(t.steps)
	rate := t.o.Rate / (1 - math.Pow(beta1, steps))
	unbias := 1 / math.Sqrt(1-math.Pow(beta2, steps))
	params, m, v := t.net.params, t.m[:len(t.grad)], t.v[:len(t.grad)]
	for i, g := range t.grad {
		m[i] += (1 - beta1) * (g - m[i])
		v[i] += (1 - beta2) * (g*g - v[i])
		params[i] -= rate * m[i] / (math.Sqrt(v[i])*unbias + epsilon)
	}
}
