package axrvi

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/karlquant/quasar/internal/learn"
	"github.com/karlquant/quasar/internal/safetensors"
	"github.com/karlquant/quasar/internal/torchfile"
)

// Layer is y = Weight x + Bias in PyTorch's layout: Weight has a row of In numbers for
// each of Out outputs, of which Bias has one each.
type Layer = learn.Layer

// Import is a network that came from a file of PyTorch or a safetensors file.
type Import struct {
	// Layers are its layers, from the inputs on.
	Layers []Layer
	// Notes say of each tensor of the file what became of it, for a person.
	Notes []string
	// Hash is the SHA-256 of the file, in hexadecimal.
	Hash string
}

// Checkpoint returns a checkpoint with nothing but the network, made at a time: Open
// takes the network out of it.
func (i *Import) Checkpoint(at time.Time) *Checkpoint {
	return &Checkpoint{Created: at, Imported: i.Hash, Model: netState(i.Layers)}
}

// foreign is a tensor of a file of somebody else.
type foreign struct {
	name, dtype string
	float       bool
	shape       []int
	values      func() []float64
}

// ImportFile reads the network of a file whose fully connected layers have these
// sizes, from inputs to outputs: they are recognised by their shapes, in the order of
// the file. Every other network is refused with an explanation, one of other inputs
// above all: it would be wrong without anybody seeing it.
func ImportFile(path string, sizes []int) (*Import, error) {
	data, err := ReadModel(path)
	if err != nil {
		return nil, err
	}
	imported, err := decodeImport(data, sizes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return imported, nil
}

func decodeImport(data []byte, sizes []int) (*Import, error) {
	weights, others, err := foreignTensors(data)
	if err != nil {
		return nil, err
	}
	imported, err := match(weights, sizes)
	if err != nil {
		return nil, err
	}
	for _, t := range others {
		imported.note(t, "left aside: not of the network")
	}
	sum := sha256.Sum256(data)
	imported.Hash = hex.EncodeToString(sum[:])
	return imported, nil
}

// foreignTensors reads the file as what it is, whatever its name.
func foreignTensors(data []byte) (weights, others []foreign, err error) {
	if safetensors.IsOne(data) {
		f, err := safetensors.Decode(data)
		if err != nil {
			return nil, nil, err
		}
		slices.SortFunc(f.Tensors, func(a, b safetensors.Tensor) int { return naturally(a.Name, b.Name) })
		for _, t := range f.Tensors {
			weights = append(weights, foreign{t.Name, string(t.DType), strings.Contains(string(t.DType), "F"), t.Shape, t.Float64s})
		}
		return weights, nil, nil
	}
	f, err := torchfile.Decode(data)
	if err != nil {
		return nil, nil, err
	}
	convert := func(tensors []torchfile.Tensor) (all []foreign) {
		for _, t := range tensors {
			all = append(all, foreign{t.Name, string(t.DType), strings.Contains(string(t.DType), "float"), t.Shape, t.Float64s})
		}
		return all
	}
	return convert(f.Weights), convert(f.Others), nil
}

// Networks returns the sizes of the networks in a model's file: its chains of fully
// connected layers, each from inputs to outputs.
func Networks(data []byte) ([][]int, error) {
	weights, _, err := foreignTensors(data)
	if err != nil {
		return nil, err
	}
	networks := [][]int{}
	for _, c := range findChains(weights) {
		networks = append(networks, c.sizes())
	}
	return networks, nil
}

// naturally orders names so that 2 comes before 10: a safetensors file does not keep
// the order of the layers.
func naturally(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		if as[i] == bs[i] {
			continue
		}
		if digits(as[i]) && digits(bs[i]) && len(as[i]) != len(bs[i]) {
			return len(as[i]) - len(bs[i])
		}
		return strings.Compare(as[i], bs[i])
	}
	return len(as) - len(bs)
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func (i *Import) note(t foreign, what string) {
	i.Notes = append(i.Notes, fmt.Sprintf("%+q %s %v: %s", clip(t.name), strings.ToLower(t.dtype), t.shape, what))
}

// match finds the one chain of layers that has the sizes.
func match(tensors []foreign, sizes []int) (*Import, error) {
	chains := findChains(tensors)
	var fitting []chain
	for _, c := range chains {
		if slices.Equal(c.sizes(), sizes) {
			fitting = append(fitting, c)
		}
	}
	switch len(fitting) {
	case 0:
		return nil, misfit(chains, sizes)
	case 1:
		return fitting[0].load(tensors)
	}
	return nil, fmt.Errorf("got %d networks of the sizes %s, from %+q and %+q on, want one: save the state_dict of the one that is meant", len(fitting), dashed(sizes), clip(fitting[0][0].weight.name), clip(fitting[1][0].weight.name))
}

// linear is a fully connected layer of a file. The bias has no name if there is none.
type linear struct{ weight, bias foreign }

// chain are layers of which each takes what the one before it gives.
type chain []linear

func (c chain) sizes() []int {
	sizes := []int{c[0].weight.shape[1]}
	for _, l := range c {
		sizes = append(sizes, l.weight.shape[0])
	}
	return sizes
}

// findChains finds the weights with their biases, in the order of the file.
func findChains(tensors []foreign) (chains []chain) {
	biases := make(map[string]foreign)
	for _, t := range tensors {
		if module, ok := strings.CutSuffix(t.name, "bias"); ok && t.float && len(t.shape) == 1 {
			biases[module] = t
		}
	}
	for _, t := range tensors {
		module, ok := strings.CutSuffix(t.name, "weight")
		bias, biased := biases[module]
		if !ok || !t.float || len(t.shape) != 2 || biased && bias.shape[0] != t.shape[0] {
			continue
		}
		last := len(chains) - 1
		if last < 0 || chains[last][len(chains[last])-1].weight.shape[0] != t.shape[1] {
			chains = append(chains, nil)
			last++
		}
		chains[last] = append(chains[last], linear{t, bias})
	}
	return chains
}

// load takes the numbers of the chain, and says what became of all tensors.
func (c chain) load(tensors []foreign) (*Import, error) {
	imported := &Import{}
	where := make(map[string]string)
	for i, l := range c {
		layer := learn.Layer{In: l.weight.shape[1], Out: l.weight.shape[0], Weight: l.weight.values(), Bias: make([]float64, l.weight.shape[0])}
		where[l.weight.name] = fmt.Sprintf("taken over as net.%d.weight", i)
		if l.bias.values != nil {
			layer.Bias = l.bias.values()
			where[l.bias.name] = fmt.Sprintf("taken over as net.%d.bias", i)
		}
		if err := errors.Join(finite(l.weight.name, layer.Weight), finite(l.bias.name, layer.Bias)); err != nil {
			return nil, err
		}
		imported.Layers = append(imported.Layers, layer)
	}
	for _, t := range tensors {
		what, ok := where[t.name]
		if !ok {
			what = "left aside: not of the network"
		}
		imported.note(t, what)
	}
	return imported, nil
}

func finite(name string, values []float64) error {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("tensor %+q: got %v in it, want finite numbers", clip(name), v)
		}
	}
	return nil
}

// misfit explains why no chain is the network.
func misfit(chains []chain, sizes []int) error {
	if len(chains) == 0 {
		return fmt.Errorf("got no fully connected layers (NAME.weight with two dimensions), want those of a network %s", dashed(sizes))
	}
	var found []string
	inputs := false
	for _, c := range chains[:min(len(chains), 5)] {
		found = append(found, dashed(c.sizes()))
		inputs = inputs || c.sizes()[0] == sizes[0]
	}
	err := fmt.Errorf("got a network %s, want %s (inputs, hidden units, outputs)", strings.Join(found, " and "), dashed(sizes))
	if !inputs {
		return fmt.Errorf("%w: its inputs are not the %d features that the ranker has, so its weights would mean nothing here; docs/features.md lists them", err, sizes[0])
	}
	return err
}

// dashed writes sizes as people do: 56-32-16-1.
func dashed(sizes []int) string {
	return clip(strings.ReplaceAll(strings.Trim(fmt.Sprint(sizes), "[]"), " ", "-"))
}
