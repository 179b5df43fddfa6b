package axrvi

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/karlquant/quasar/internal/learn"
	"github.com/karlquant/quasar/internal/safetensors"
	"github.com/karlquant/quasar/rank"
)

// weightOf and biasOf are the names of a layer's tensors in a checkpoint.
func weightOf(layer int) string { return fmt.Sprintf("net.%d.weight", layer) }
func biasOf(layer int) string   { return fmt.Sprintf("net.%d.bias", layer) }

// netState is a State of nothing but a network.
func netState(layers []learn.Layer) (s State) {
	for i, l := range layers {
		s.Tensors = append(s.Tensors,
			Tensor{Name: weightOf(i), Shape: []int{l.Out, l.In}, Data: l.Weight},
			Tensor{Name: biasOf(i), Shape: []int{l.Out}, Data: l.Bias})
	}
	return s
}

// layers returns the network of a State, as PyTorch lays it out; none if it has none.
func (s *State) layers() (layers []learn.Layer, err error) {
	for {
		i := len(layers)
		weight, ok := s.tensor(weightOf(i))
		if !ok {
			return layers, nil
		}
		bias, _ := s.tensor(biasOf(i))
		l := learn.Layer{}
		l.Weight, _ = weight.Data.([]float64)
		l.Bias, _ = bias.Data.([]float64)
		if len(weight.Shape) == 2 {
			l.Out, l.In = weight.Shape[0], weight.Shape[1]
		}
		if len(l.Bias) != l.Out || len(l.Weight) != l.Out*l.In || l.Out == 0 || i > 0 && l.In != layers[i-1].Out {
			return nil, fmt.Errorf("tensors %s and %s: got %v and %v, want a layer that takes what the one before it gives", weightOf(i), biasOf(i), weight.Shape, bias.Shape)
		}
		if err := errors.Join(finite(weightOf(i), l.Weight), finite(biasOf(i), l.Bias)); err != nil {
			return nil, err
		}
		layers = append(layers, l)
	}
}

func (s *State) tensor(name string) (Tensor, bool) {
	i := slices.IndexFunc(s.Tensors, func(t Tensor) bool { return t.Name == name })
	if i < 0 {
		return Tensor{}, false
	}
	return s.Tensors[i], true
}

// onlyNet tells whether the State has nothing but a network.
func (s *State) onlyNet() bool {
	return len(s.Tensors) > 0 && !slices.ContainsFunc(s.Tensors, func(t Tensor) bool { return !strings.HasPrefix(t.Name, "net.") })
}

// DefaultSizes returns the sizes of the network that a ranker has unless it is told
// otherwise, from inputs to outputs.
func DefaultSizes() []int {
	o, err := (&Options{Features: rank.Width}).filled()
	if err != nil {
		panic(err) // the zero of every option is a good one
	}
	return o.sizes()
}

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
	layers, err := c.Model.layers()
	if err != nil {
		return nil, err
	}
	if len(layers) == 0 {
		return nil, errors.New("the checkpoint has no network")
	}
	f := &safetensors.File{Metadata: map[string]string{"format": "pt"}} // what PyTorch's own library writes
	for i, l := range layers {
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
