package axrvi

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/karlquant/quasar/internal/learn"
)

// stateReader hands out tensors, each once, and keeps the first error.
type stateReader struct {
	tensors map[string]Tensor
	err     error
}

func (r *stateReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *stateReader) end() error {
	for name := range r.tensors {
		r.fail("tensor %+q: not known", clip(name))
	}
	return r.err
}

// numbers is the tensor of a name, of this type and shape; -1 is any size.
func numbers[T any](r *stateReader, name string, shape []int) []T {
	t, ok := r.tensors[name]
	delete(r.tensors, name)
	if !ok {
		r.fail("tensor %s: it is not there", name)
		return nil
	}
	v, ok := t.Data.([]T)
	size := 1
	for _, s := range t.Shape {
		size *= s
	}
	if !ok || !sameShape(t.Shape, shape) || size != len(v) {
		r.fail("tensor %s: got %T of %v, want %T of %v", name, t.Data, t.Shape, v, shape)
		return nil
	}
	return v
}

func (r *stateReader) floats(name string, shape ...int) []float64 {
	v := numbers[float64](r, name, shape)
	if slices.ContainsFunc(v, func(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }) {
		r.fail("tensor %s: want finite numbers", name)
	}
	return v
}

func (r *stateReader) ints(name string, shape ...int) []int64 { return numbers[int64](r, name, shape) }

func (r *stateReader) linear(prefix string) (s learn.LinearState) {
	s.XX, s.XY = r.matrix(prefix+"xx"), r.floats(prefix+"xy", -1)
	s.U, s.W = r.matrix(prefix+"factor"), r.floats(prefix+"whitened", -1)
	if n := r.floats(prefix+"numbers", 7); r.err == nil {
		s.YY, s.N, s.Scale, s.Decay, s.NoiseSum, s.NoiseCount, s.NoisePrior = n[0], n[1], n[2], n[3], n[4], n[5], n[6]
	}
	if n := r.ints(prefix+"counts", 2); r.err == nil {
		s.Clock, s.Since = n[0], n[1]
	}
	return s
}

func (r *stateReader) matrix(name string) []float64 { return r.floats(name, -1, -1) }

func (r *stateReader) mixed(prefix string) (s learn.MixedState) {
	s.Linear = r.linear(prefix)
	if n := r.floats(prefix+"arm_precision", 1); r.err == nil {
		s.Precision = n[0]
	}
	s.Groups = r.ints(prefix+"arm.number", -1)
	s.N, s.Y, s.X = r.floats(prefix+"arm.n", -1), r.floats(prefix+"arm.y", -1), r.matrix(prefix+"arm.x")
	return s
}

// replay returns a replay that holds what was kept, in the order in which it came.
func (r *stateReader) replay(width, most int) replay {
	y := r.floats("replay.y", -1)
	n := len(y)
	k := replay{width: width, most: most, n: n, y: y}
	k.x = numbers[float32](r, "replay.x", []int{n, width})
	k.w, k.t = r.floats("replay.w", n), r.ints("replay.t", n)
	k.arm, k.call = r.ints("replay.arm", n), r.ints("replay.call", n)
	if n > most {
		r.fail("replay: got %d labels, want at most %d", n, most)
	}
	if r.err == nil {
		r.err = k.check()
	}
	k.next = n % max(most, 1)
	return k.clone()
}

// check tells whether each label could have been learned.
func (r *replay) check() error {
	x := make([]float64, r.width)
	for i, y := range r.y {
		if r.row(i, x); !learn.Usable(x) || !learn.UsableTarget(y, r.w[i]) || r.t[i] < 0 {
			return fmt.Errorf("replay: label %d could not have been learned", i)
		}
	}
	return nil
}

func (r replay) clone() replay {
	r.x, r.y, r.w = slices.Clone(r.x), slices.Clone(r.y), slices.Clone(r.w)
	r.t, r.arm, r.call = slices.Clone(r.t), slices.Clone(r.arm), slices.Clone(r.call)
	return r
}

// layers reads the numbers of a net like this one, one layer after the other.
func (r *stateReader) layers(format string, net *learn.Net) (all []float64) {
	for i, l := range net.Layers {
		all = append(all, r.floats(fmt.Sprintf(format, i, "weight"), l.Out, l.In)...)
		all = append(all, r.floats(fmt.Sprintf(format, i, "bias"), l.Out)...)
	}
	return all
}

func (n *network) restore(r *stateReader) error {
	var s learn.TrainerState
	s.Params, s.M, s.V = r.layers("net.%d.%s", n.net), r.layers("opt.%d.%s.m", n.net), r.layers("opt.%d.%s.v", n.net)
	known, belief := r.layers("phi.%d.%s", n.net), r.linear("phi.")
	sums, counts := r.floats("stack.gain", 3), r.ints("stack.counts", 4)
	if r.err != nil {
		return r.err
	}
	s.Steps = counts[0]
	if slices.Min(counts) < 0 || counts[2] >= perStep || counts[3] >= perCopy || sums[1] < 0 || sums[2] < 0 || sums[2] > 1 {
		return errors.New("stack: want counts of less than is due, and a gain of 0 to 1")
	}
	if err := n.trainer.Restore(s); err != nil {
		return fmt.Errorf("net: %w", err)
	}
	if err := n.belief.Restore(belief); err != nil {
		return fmt.Errorf("phi: %w", err)
	}
	for _, l := range n.known.Layers {
		known = known[copy(l.Weight, known):]
		known = known[copy(l.Bias, known):]
	}
	n.gain.cross, n.gain.square, n.gain.value, n.gain.clock = sums[0], sums[1], sums[2], counts[1]
	n.due, n.stale = int(counts[2]), int(counts[3])
	return nil
}
