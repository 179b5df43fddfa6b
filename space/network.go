package space

import (
	"math"
	"math/rand/v2"
)

// hiddenUnits is the width of every network here: what there could be to learn
// from a few returns fits into eight units.
const hiddenUnits = 8

// maxGradient is the norm beyond which a gradient is shortened: one crash of the
// price must not throw away what was learned.
const maxGradient = 10

// network is a perceptron with one hidden layer of tanh units and a linear
// output. It owns its buffers: nothing is allocated after newNetwork.
type network struct {
	in, out int
	// weights holds for each hidden unit its bias and its input weights, then
	// for each output its bias and its weights of the hidden units.
	weights, gradient []float64
	// x, hidden and y belong to the latest forward.
	x, hidden, y []float64
}

func newNetwork(in, out int, rng *rand.Rand) *network {
	size := hiddenUnits*(in+1) + out*(hiddenUnits+1)
	n := &network{
		in: in, out: out,
		weights: make([]float64, size), gradient: make([]float64, size),
		x: make([]float64, in), hidden: make([]float64, hiddenUnits), y: make([]float64, out),
	}
	n.randomize(rng)
	return n
}

// randomize starts the hidden units apart from each other and the outputs near
// 0: an agent that knows nothing has no preference.
func (n *network) randomize(rng *rand.Rand) {
	split := hiddenUnits * (n.in + 1)
	for i := range n.weights {
		scale := 1 / math.Sqrt(float64(n.in+1))
		if i >= split {
			scale = 0.1 / math.Sqrt(hiddenUnits+1)
		}
		n.weights[i] = scale * rng.NormFloat64()
	}
}

// forward returns the outputs for x. They are the network's own and hold until
// the next forward.
func (n *network) forward(x []float64) []float64 {
	copy(n.x, x)
	w := n.weights
	for j := range n.hidden {
		n.hidden[j] = math.Tanh(affine(w[:n.in+1], n.x))
		w = w[n.in+1:]
	}
	for k := range n.y {
		n.y[k] = affine(w[:hiddenUnits+1], n.hidden)
		w = w[hiddenUnits+1:]
	}
	return n.y
}

// affine is w[0] + w[1]·x[0] + w[2]·x[1] + …
func affine(w, x []float64) float64 {
	sum := w[0]
	for i, weight := range w[1:] {
		sum += weight * x[i]
	}
	return sum
}

// backward works out the gradient of a loss by the weights at the latest
// forward, given its gradient by the outputs.
func (n *network) backward(dy []float64) {
	split := hiddenUnits * (n.in + 1)
	var dh [hiddenUnits]float64
	for k, d := range dy[:n.out] {
		at := split + k*(hiddenUnits+1)
		n.gradient[at] = d
		for j, h := range n.hidden {
			n.gradient[at+1+j] = d * h
			dh[j] += d * n.weights[at+1+j]
		}
	}
	for j, h := range n.hidden {
		d := dh[j] * (1 - h*h)
		row := n.gradient[j*(n.in+1) : (j+1)*(n.in+1)]
		row[0] = d
		for i, x := range n.x {
			row[i+1] = d * x
		}
	}
}

// descend takes one step down the gradient of the latest backward. The decay
// keeps weights that nothing pulls at from wandering off.
func (n *network) descend(rate, decay float64) {
	square := 0.0
	for _, g := range n.gradient {
		square += g * g
	}
	if norm := math.Sqrt(square); norm > maxGradient {
		rate *= maxGradient / norm
	}
	for i, g := range n.gradient {
		n.weights[i] -= rate*g + decay*n.weights[i]
	}
}
