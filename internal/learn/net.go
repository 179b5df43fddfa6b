package learn

import (
	"fmt"
	"math"
	"math/rand/v2"

	gonum "gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

var blas = blas64.Implementation()

// Net is a network of fully connected layers with max(0, x) between them; the last
// layer has no such bend.
type Net struct {
	// Layers share one array with what trains them: change their numbers, not the
	// slices.
	Layers []Layer
	params []float64
}

// Layer is y = Weight x + Bias in PyTorch's layout: Weight has a row of In numbers for
// each of Out outputs.
type Layer struct {
	In, Out      int
	Weight, Bias []float64
}

// NewNet returns a net of these sizes, from inputs to outputs, with weights drawn from
// N(0, 2/In) (He et al. 2015) and biases of 0.
func NewNet(sizes []int, random *rand.Rand) (*Net, error) {
	if len(sizes) < 2 {
		return nil, fmt.Errorf("sizes of a net: got %v, want at least the inputs and the outputs", sizes)
	}
	n := 0
	for i, s := range sizes {
		if s < 1 || s > 1<<16 {
			return nil, fmt.Errorf("sizes of a net: got %v, want each from 1 to 65536", sizes)
		}
		if i > 0 {
			n += (sizes[i-1] + 1) * s
		}
	}
	if n > 1<<26 {
		return nil, fmt.Errorf("sizes of a net: %v make %d parameters, want at most %d", sizes, n, 1<<26)
	}
	net := &Net{params: make([]float64, n)}
	net.Layers = layersOf(sizes, net.params)
	for _, l := range net.Layers {
		for i := range l.Weight {
			l.Weight[i] = random.NormFloat64() * math.Sqrt(2/float64(l.In))
		}
	}
	return net, nil
}

func layersOf(sizes []int, params []float64) []Layer {
	layers := make([]Layer, len(sizes)-1)
	for i := range layers {
		in, out := sizes[i], sizes[i+1]
		layers[i] = Layer{In: in, Out: out, Weight: params[: in*out : in*out]}
		params = params[in*out:]
		layers[i].Bias, params = params[:out:out], params[out:]
	}
	return layers
}

// Sizes returns what NewNet was given.
func (n *Net) Sizes() []int {
	sizes := []int{n.Layers[0].In}
	for _, l := range n.Layers {
		sizes = append(sizes, l.Out)
	}
	return sizes
}

// Inputs returns how many numbers the net reads.
func (n *Net) Inputs() int { return n.Layers[0].In }

// Outputs returns how many numbers the net answers with.
func (n *Net) Outputs() int { return n.Layers[len(n.Layers)-1].Out }

// Hidden returns the size of the last hidden layer; of a net without one, its inputs.
func (n *Net) Hidden() int { return n.Layers[len(n.Layers)-1].In }

// Clone returns a net of the same numbers that shares none with n.
func (n *Net) Clone() *Net {
	c := &Net{params: append([]float64(nil), n.params...)}
	c.Layers = layersOf(n.Sizes(), c.params)
	return c
}

// CopyFrom takes the numbers of a net of the same sizes.
func (n *Net) CopyFrom(other *Net) { copy(n.params, other.params) }

// Workspace is room for one row on its way through a net. Each caller has its own.
type Workspace struct{ acts [][]float64 }

// Workspace returns room for Forward.
func (n *Net) Workspace() *Workspace {
	w := &Workspace{acts: make([][]float64, len(n.Layers)+1)}
	for i, s := range n.Sizes() {
		w.acts[i] = make([]float64, s)
	}
	return w
}

// Forward returns the net's outputs for a row of Inputs numbers, and phi: the last
// hidden layer after its bend. Both are w's and hold until its next use. It allocates
// nothing.
func (n *Net) Forward(w *Workspace, x []float64) (out, phi []float64) {
	copy(w.acts[0], x)
	last := len(n.Layers) - 1
	for i := range n.Layers {
		l, in, out := &n.Layers[i], w.acts[i], w.acts[i+1]
		copy(out, l.Bias)
		blas.Dgemv(gonum.NoTrans, l.Out, l.In, 1, l.Weight, l.In, in, 1, 1, out, 1)
		if i < last {
			bend(out)
		}
	}
	return w.acts[last+1], w.acts[last]
}

func bend(x []float64) {
	for i, v := range x {
		x[i] = max(v, 0)
	}
}
