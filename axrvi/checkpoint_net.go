package axrvi

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/karlquant/quasar/internal/learn"
	"github.com/karlquant/quasar/internal/safetensors"
	"github.com/karlquant/quasar/rank"
)

// weightOf and biasOf are the names of a layer's tensors in a checkpoint.
func weightOf(layer int) string { return fmt.Sprintf("net.%d.weight", layer) }
func biasOf(layer int) string   { return fmt.Sprintf("net.%d.bias", layer) }

// writeNet writes the layers as PyTorch lays them out.
func writeNet(w *writer, layers []learn.Layer) {
	for i, l := range layers {
		w.floats(weightOf(i), l.Weight, l.Out, l.In)
		w.floats(biasOf(i), l.Bias, l.Out)
	}
}

func readNet(r *reader) (layers []learn.Layer) {
	for r.hasTensor(weightOf(len(layers))) {
		i := len(layers)
		shape := r.tensors[weightOf(i)].Shape
		if len(shape) != 2 || i > 0 && shape[1] != layers[i-1].Out {
			r.fail(fmt.Errorf("tensor %s: got the shape %v, want outputs and the inputs that the layer before it gives", weightOf(i), shape))
			return nil
		}
		l := learn.Layer{In: shape[1], Out: shape[0]}
		l.Weight, l.Bias = r.floats(weightOf(i), l.Out, l.In), r.floats(biasOf(i), l.Out)
		r.fail(errors.Join(finite(weightOf(i), l.Weight), finite(biasOf(i), l.Bias)))
		layers = append(layers, l)
	}
	return layers
}

// DefaultSizes returns the sizes of the network that a ranker has unless it is told
// otherwise, from inputs to outputs.
func DefaultSizes() []int { return []int{rank.Width, 32, 16, 1} }

// sizesOf returns the sizes of a network, from inputs to outputs.
func sizesOf(layers []learn.Layer) (sizes []int) {
	for i, l := range layers {
		if i == 0 {
			sizes = append(sizes, l.In)
		}
		sizes = append(sizes, l.Out)
	}
	return sizes
}

// ExportNet returns the network as a safetensors file for PyTorch: in float32, by
// the names that it has in
//
//	torch.nn.Sequential(torch.nn.Linear(…), torch.nn.ReLU(), torch.nn.Linear(…), …)
//
// with prefix in front of each.
func (c *Checkpoint) ExportNet(prefix string) ([]byte, error) {
	if len(c.Net) == 0 {
		return nil, errors.New("the checkpoint has no network yet")
	}
	f := &safetensors.File{Metadata: map[string]string{"format": "pt"}} // what PyTorch's own library writes
	for i, l := range c.Net {
		if err := errors.Join(narrow(weightOf(i), l.Weight), narrow(biasOf(i), l.Bias)); err != nil {
			return nil, err
		}
		name := fmt.Sprintf("%s%d.", prefix, 2*i) // every other module is a ReLU
		f.Tensors = append(f.Tensors,
			safetensors.FromFloat32s(name+"weight", []int{l.Out, l.In}, float32s(l.Weight)),
			safetensors.FromFloat32s(name+"bias", []int{l.Out}, float32s(l.Bias)))
	}
	return f.Encode()
}

// narrow sees that the numbers are some in float32 too.
func narrow(name string, values []float64) error {
	for _, v := range values {
		if math.Abs(v) > math.MaxFloat32 {
			return fmt.Errorf("tensor %s: got %v in it, want numbers within the range of float32", name, v)
		}
	}
	return nil
}

func float32s(values []float64) []float32 {
	all := make([]float32, len(values))
	for i, v := range values {
		all[i] = float32(v)
	}
	return all
}

// sameShape tells whether a shape is the wanted one; -1 is any size.
func sameShape(got, want []int) bool {
	return slices.EqualFunc(got, want, func(a, b int) bool { return a == b || b < 0 })
}
