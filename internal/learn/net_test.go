package learn_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/learn"
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func newNet(t testing.TB, seed uint64, sizes ...int) *learn.Net {
	t.Helper()
	net, err := learn.NewNet(sizes, seeded(seed))
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func newTrainer(t testing.TB, net *learn.Net, o *learn.TrainerOptions) *learn.Trainer {
	t.Helper()
	trainer, err := learn.NewTrainer(net, o)
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

func normals(random *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = random.NormFloat64()
	}
	return x
}

func TestForwardIsWhatPyTorchComputes(t *testing.T) {
	net := newNet(t, 1, 2, 3, 2)
	copy(net.Layers[0].Weight, []float64{1, 2, -1, 1, .5, -.5})
	copy(net.Layers[0].Bias, []float64{0, 1, -2})
	copy(net.Layers[1].Weight, []float64{1, -1, 3, 2, .5, 1})
	copy(net.Layers[1].Bias, []float64{.25, -.25})
	out, phi := net.Forward(net.Workspace(), []float64{1, 2})
	if diff := cmp.Diff([]float64{5, 2, 0}, phi); diff != "" {
		t.Errorf("last hidden layer: %s", diff)
	}
	if diff := cmp.Diff([]float64{3.25, 10.75}, out); diff != "" {
		t.Errorf("outputs: %s", diff)
	}
}

func TestWeightsAreDrawnAsHeSays(t *testing.T) {
	net := newNet(t, 3, 50, 400, 1)
	var sum, squares float64
	for _, w := range net.Layers[0].Weight {
		sum, squares = sum+w, squares+w*w
	}
	n := float64(len(net.Layers[0].Weight))
	if mean, variance := sum/n, squares/n; math.Abs(mean) > .01 || math.Abs(variance-2./50) > .002 {
		t.Errorf("got mean %v and variance %v, want 0 and 0.04", mean, variance)
	}
	if diff := cmp.Diff(make([]float64, 400), net.Layers[0].Bias); diff != "" {
		t.Errorf("biases: %s", diff)
	}
	if diff := cmp.Diff(net.Layers, newNet(t, 3, 50, 400, 1).Layers); diff != "" {
		t.Errorf("the same seed made another net: %s", diff)
	}
}

func TestACloneIsOnItsOwn(t *testing.T) {
	net := newNet(t, 1, 3, 4, 1)
	clone := net.Clone()
	if diff := cmp.Diff(net.Layers, clone.Layers); diff != "" {
		t.Fatal(diff)
	}
	clone.Layers[1].Bias[0] = 7
	if net.Layers[1].Bias[0] != 0 {
		t.Error("the net has the clone's number")
	}
	net.CopyFrom(clone)
	if diff := cmp.Diff(clone.Layers, net.Layers); diff != "" {
		t.Error(diff)
	}
}

func TestSizesOfANet(t *testing.T) {
	for _, sizes := range [][]int{nil, {3}, {3, 0, 1}, {-1, 1}, {1 << 17, 1}, {1 << 16, 1 << 16}} {
		if _, err := learn.NewNet(sizes, seeded(1)); err == nil {
			t.Errorf("%v: got a net, want an error", sizes)
		}
	}
	net := newNet(t, 1, 5, 4, 3, 2)
	if diff := cmp.Diff([]int{5, 4, 3, 2, 5, 2, 3}, append(net.Sizes(), net.Inputs(), net.Outputs(), net.Hidden())); diff != "" {
		t.Error(diff)
	}
}

func TestForwardAllocatesNothing(t *testing.T) {
	net := newNet(t, 1, 40, 32, 16, 1)
	w, x := net.Workspace(), normals(seeded(2), 40)
	if n := testing.AllocsPerRun(100, func() { net.Forward(w, x) }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkForward(b *testing.B) {
	net := newNet(b, 1, 40, 32, 16, 1)
	w, x := net.Workspace(), normals(seeded(2), 40)
	b.ReportAllocs()
	for b.Loop() {
		net.Forward(w, x)
	}
}
