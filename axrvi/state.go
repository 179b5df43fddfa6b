package axrvi

import (
	"errors"
	"fmt"
	"slices"

	"github.com/karlquant/quasar/internal/learn"
)

// State is all that a Model knows, as named arrays of numbers. The names are those of
// docs/model-files.md; the weights of the network are in PyTorch's layout.
type State struct{ Tensors []Tensor }

// Tensor is a named array, the last dimension running fastest.
type Tensor struct {
	Name  string
	Shape []int
	// Data is a []float64, a []float32, an []int64 or a []byte, which the product of
	// Shape is the length of.
	Data any
}

// State returns a copy of what the Model knows. The same knowledge gives the same
// State.
func (m *Model) State() State {
	w := &stateWriter{}
	w.ints("model.sizes", intsOf(m.sizes()))
	w.ints("model.counts", []int64{m.calls, m.refused, flag(m.scaled), int64(m.watch.fresh), m.watch.restarts})
	random, _ := m.source.MarshalBinary() // it has no error to return
	w.add("model.random", random, len(random))
	w.floats("model.change", []float64{m.watch.sum})
	w.mixed("head.", m.long.State())
	w.mixed("recent.", m.recent.State())
	w.replay(&m.replay)
	if m.network != nil {
		w.network(m.network)
	}
	return State{Tensors: w.tensors}
}

// Restore takes the State of a Model of the same options; what follows is as if it had
// never been away. On an error the Model is not to be used any more.
func (m *Model) Restore(s State) error {
	r := &stateReader{tensors: map[string]Tensor{}}
	for _, t := range s.Tensors {
		if _, twice := r.tensors[t.Name]; twice {
			return fmt.Errorf("axrvi: tensor %+q: got it twice, want it once", clip(t.Name))
		}
		r.tensors[t.Name] = t
	}
	if err := m.restore(r); err != nil {
		return fmt.Errorf("axrvi: %w", err)
	}
	return nil
}

func (m *Model) restore(r *stateReader) error {
	if sizes := r.ints("model.sizes", -1); r.err == nil && !slices.Equal(sizes, intsOf(m.sizes())) {
		return fmt.Errorf("model.sizes: got %v, want %v", sizes, m.sizes())
	}
	counts := r.ints("model.counts", 5)
	change := r.floats("model.change", 1)
	long, recent := r.mixed("head."), r.mixed("recent.")
	random := numbers[byte](r, "model.random", []int{-1})
	replay := r.replay(m.o.Features, m.o.Replay)
	if r.err != nil {
		return r.err
	}
	if err := m.long.Restore(long); err != nil {
		return fmt.Errorf("head: %w", err)
	}
	if err := m.recent.Restore(recent); err != nil {
		return fmt.Errorf("recent: %w", err)
	}
	if !(change[0] >= 0 && change[0] <= changed) || slices.Min(counts) < 0 || counts[3] > int64(replay.n) {
		return errors.New("model.counts and model.change: want counts, and the sum of a change that was not noticed")
	}
	if err := m.source.UnmarshalBinary(random); err != nil {
		return fmt.Errorf("model.random: %w", err)
	}
	m.calls, m.refused, m.scaled = counts[0], counts[1], counts[2] > 0
	m.watch = watch{fresh: int(counts[3]), restarts: counts[4], sum: change[0]}
	m.replay = replay
	if m.network != nil {
		if err := m.network.restore(r); err != nil {
			return err
		}
	}
	return r.end()
}

// sizes are those of the network, from inputs to output, or of what there is without.
func (m *Model) sizes() []int {
	if m.network == nil {
		return []int{m.o.Features}
	}
	return m.o.sizes()
}

func intsOf(sizes []int) (all []int64) {
	for _, s := range sizes {
		all = append(all, int64(s))
	}
	return all
}

func flag(on bool) int64 {
	if on {
		return 1
	}
	return 0
}

// stateWriter collects tensors.
type stateWriter struct{ tensors []Tensor }

func (w *stateWriter) add(name string, data any, shape ...int) {
	w.tensors = append(w.tensors, Tensor{Name: name, Shape: shape, Data: data})
}

func (w *stateWriter) floats(name string, v []float64) { w.add(name, v, len(v)) }
func (w *stateWriter) ints(name string, v []int64)     { w.add(name, v, len(v)) }

func (w *stateWriter) linear(prefix string, s learn.LinearState) {
	dim := len(s.XY)
	w.add(prefix+"xx", s.XX, dim, dim)
	w.floats(prefix+"xy", s.XY)
	w.add(prefix+"factor", s.U, dim, dim)
	w.floats(prefix+"whitened", s.W)
	w.floats(prefix+"numbers", []float64{s.YY, s.N, s.Scale, s.Decay, s.NoiseSum, s.NoiseCount, s.NoisePrior})
	w.ints(prefix+"counts", []int64{s.Clock, s.Since})
}

func (w *stateWriter) mixed(prefix string, s learn.MixedState) {
	w.linear(prefix, s.Linear)
	w.floats(prefix+"arm_precision", []float64{s.Precision})
	w.ints(prefix+"arm.number", s.Groups)
	w.floats(prefix+"arm.n", s.N)
	w.floats(prefix+"arm.y", s.Y)
	w.add(prefix+"arm.x", s.X, len(s.Groups), len(s.Linear.XY))
}

func (w *stateWriter) replay(r *replay) {
	x := make([]float32, 0, r.n*r.width)
	var y, weight []float64
	var t, arm, call []int64
	for i := range r.n {
		at := r.at(i)
		x = append(x, r.x[at*r.width:(at+1)*r.width]...)
		y, weight = append(y, r.y[at]), append(weight, r.w[at])
		t, arm, call = append(t, r.t[at]), append(arm, r.arm[at]), append(call, r.call[at])
	}
	w.add("replay.x", x, r.n, r.width)
	w.floats("replay.y", y)
	w.floats("replay.w", weight)
	w.ints("replay.t", t)
	w.ints("replay.arm", arm)
	w.ints("replay.call", call)
}

func (w *stateWriter) network(n *network) {
	s := n.trainer.State()
	w.layers("net.%d.%s", n.net, s.Params)
	w.layers("opt.%d.%s.m", n.net, s.M)
	w.layers("opt.%d.%s.v", n.net, s.V)
	w.layers("phi.%d.%s", n.net, flat(n.known))
	w.linear("phi.", n.belief.State())
	w.floats("stack.gain", []float64{n.gain.cross, n.gain.square, n.gain.value})
	w.ints("stack.counts", []int64{s.Steps, n.gain.clock, int64(n.due), int64(n.stale)})
}

func (w *stateWriter) layers(format string, net *learn.Net, v []float64) {
	for i, l := range net.Layers {
		w.add(fmt.Sprintf(format, i, "weight"), v[:l.In*l.Out:l.In*l.Out], l.Out, l.In)
		v = v[l.In*l.Out:]
		w.add(fmt.Sprintf(format, i, "bias"), v[:l.Out:l.Out], l.Out)
		v = v[l.Out:]
	}
}

// flat returns the numbers of a net, one layer after the other.
func flat(net *learn.Net) (all []float64) {
	for _, l := range net.Layers {
		all = append(append(all, l.Weight...), l.Bias...)
	}
	return all
}
