package learn_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/learn"
)

func batchOf(random *rand.Rand, rows, inputs, outputs int) *learn.Batch {
	b := &learn.Batch{Y: normals(random, rows)}
	for i := range rows {
		b.X = append(b.X, normals(random, inputs))
		b.Output = append(b.Output, random.IntN(outputs))
		b.Weight = append(b.Weight, .5+random.Float64())
		b.Group = append(b.Group, i/5)
	}
	return b
}

// The slope at a bend of Huber or of the net is one of two: such a parameter would
// need a smaller step, and none of these seeds has one.
func TestGradientsAreThoseOfFiniteDifferences(t *testing.T) {
	for _, tt := range []struct {
		name  string
		sizes []int
		loss  learn.Loss
		plain bool
	}{
		{name: "Huber of one output", sizes: []int{6, 8, 5, 1}, plain: true},
		{name: "Huber of labels for one output each, weighted", sizes: []int{6, 8, 5, 3}},
		{name: "Huber with a near bend", sizes: []int{6, 8, 5, 2}, loss: learn.Loss{Delta: .3}},
		{name: "Huber and ListNet", sizes: []int{6, 8, 5, 1}, loss: learn.Loss{ListNet: .7}},
		{name: "ListNet across outputs", sizes: []int{6, 8, 3}, loss: learn.Loss{ListNet: 2}},
		{name: "no hidden layer", sizes: []int{6, 2}, loss: learn.Loss{ListNet: .2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			net := newNet(t, 5, tt.sizes...)
			trainer := newTrainer(t, net, &learn.TrainerOptions{Loss: tt.loss})
			b := batchOf(seeded(6), 23, 6, net.Outputs())
			if tt.plain {
				b.Output, b.Weight, b.Group = nil, nil, nil
			}
			trainer.Gradient(b)
			for i, l := range net.Layers {
				g := trainer.Gradients()[i]
				compareSlopes(t, trainer, b, l.Weight, append([]float64(nil), g.Weight...))
				trainer.Gradient(b)
				compareSlopes(t, trainer, b, l.Bias, append([]float64(nil), g.Bias...))
				trainer.Gradient(b)
			}
		})
	}
}

func compareSlopes(t *testing.T, trainer *learn.Trainer, b *learn.Batch, params, got []float64) {
	t.Helper()
	const step = 1e-6
	for i, p := range params {
		params[i] = p + step
		up := trainer.Gradient(b)
		params[i] = p - step
		down := trainer.Gradient(b)
		params[i] = p
		want := (up - down) / (2 * step)
		if math.Abs(got[i]-want) > 1e-3*math.Max(math.Abs(want), 1e-4) {
			t.Errorf("parameter %d: got %v, want %v", i, got[i], want)
		}
	}
}

func TestHuber(t *testing.T) {
	for _, tt := range []struct{ residual, delta, loss, slope float64 }{
		{0, 1, 0, 0}, {.5, 1, .125, .5}, {-.5, 1, .125, -.5}, {1, 1, .5, 1}, {3, 1, 2.5, 1}, {-3, 2, 4, -2},
	} {
		if loss, slope := learn.Huber(tt.residual, tt.delta); loss != tt.loss || slope != tt.slope {
			t.Errorf("%v beyond %v: got %v, %v, want %v, %v", tt.residual, tt.delta, loss, slope, tt.loss, tt.slope)
		}
	}
}

func TestListNet(t *testing.T) {
	slopes := []float64{1, 1}
	loss := learn.ListNet([]float64{math.Log(3), 0}, []float64{0, 0}, slopes, 2)
	if want := -(math.Log(.75) + math.Log(.25)) / 2; math.Abs(loss-want) > 1e-12 {
		t.Errorf("loss: got %v, want %v", loss, want)
	}
	if math.Abs(slopes[0]-1.5) > 1e-12 || math.Abs(slopes[1]-.5) > 1e-12 {
		t.Errorf("slopes: got %v, want 1.5 and 0.5", slopes)
	}
	if loss := learn.ListNet([]float64{1e8, -1e8}, []float64{-1e8, 1e8}, slopes, 1); loss != 2e8 {
		t.Errorf("far apart: got %v, want 2e8", loss)
	}
}

// Adam's first step is Rate along the sign of each slope; only weights decay.
func TestAdamsFirstStep(t *testing.T) {
	net := newNet(t, 1, 2, 1)
	copy(net.Layers[0].Weight, []float64{1, -1})
	trainer := newTrainer(t, net, &learn.TrainerOptions{Rate: .01, Decay: .5})
	loss := trainer.Step(&learn.Batch{X: [][]float64{{1, 0}}, Y: []float64{.25}})
	if math.Abs(loss-.75*.75/2) > 1e-12 {
		t.Errorf("loss: got %v, want that before the step", loss)
	}
	want := []float64{.995 - .01, -.995, -.01}
	for i, got := range []float64{net.Layers[0].Weight[0], net.Layers[0].Weight[1], net.Layers[0].Bias[0]} {
		if math.Abs(got-want[i]) > 1e-9 {
			t.Errorf("parameter %d: got %v, want %v", i, got, want[i])
		}
	}
}

func TestALongGradientIsClipped(t *testing.T) {
	net := newNet(t, 1, 2, 1)
	trainer := newTrainer(t, net, &learn.TrainerOptions{Clip: .5, Loss: learn.Loss{Delta: 1e6}})
	trainer.Step(&learn.Batch{X: [][]float64{{300, 400}}, Y: []float64{1e5}})
	g := trainer.Gradients()[0]
	if got := math.Sqrt(g.Weight[0]*g.Weight[0] + g.Weight[1]*g.Weight[1] + g.Bias[0]*g.Bias[0]); math.Abs(got-.5) > 1e-12 {
		t.Errorf("got length %v, want 0.5", got)
	}
}

func TestAGradientThatIsNotFiniteChangesNothing(t *testing.T) {
	net := newNet(t, 1, 2, 3, 1)
	trainer := newTrainer(t, net, nil)
	before := trainer.State()
	trainer.Step(&learn.Batch{X: [][]float64{{1, math.Inf(1)}}, Y: []float64{1}})
	trainer.Step(&learn.Batch{X: [][]float64{{1, 1}}, Y: []float64{math.NaN()}})
	if diff := cmp.Diff(before, trainer.State()); diff != "" {
		t.Error(diff)
	}
}

func TestANetLearnsWhatIsNotLinear(t *testing.T) {
	random := seeded(9)
	net := newNet(t, 9, 2, 24, 12, 1)
	trainer := newTrainer(t, net, &learn.TrainerOptions{Rate: 3e-3})
	xor := func(x []float64) float64 {
		if (x[0] > 0) != (x[1] > 0) {
			return 1
		}
		return -1
	}
	for range 2000 {
		b := &learn.Batch{}
		for range 32 {
			x := normals(random, 2)
			b.X, b.Y = append(b.X, x), append(b.Y, xor(x))
		}
		trainer.Step(b)
	}
	right, w := 0, net.Workspace()
	for range 1000 {
		x := normals(random, 2)
		if out, _ := net.Forward(w, x); out[0]*xor(x) > 0 {
			right++
		}
	}
	if right < 950 {
		t.Errorf("got %d of 1000 right, want 950", right)
	}
}

func TestATrainerGoesOnFromItsState(t *testing.T) {
	o := &learn.TrainerOptions{Rate: .01, Decay: .1, Loss: learn.Loss{ListNet: .2}}
	first := newTrainer(t, newNet(t, 1, 4, 6, 2), o)
	random := seeded(2)
	for range 20 {
		first.Step(batchOf(random, 10, 4, 2))
	}
	second := newTrainer(t, newNet(t, 99, 4, 6, 2), o)
	if err := second.Restore(first.State()); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		b := batchOf(random, 10, 4, 2)
		if a, b := first.Step(b), second.Step(b); a != b {
			t.Fatalf("got losses %v and %v, want the same bits", a, b)
		}
	}
	if diff := cmp.Diff(first.State(), second.State()); diff != "" {
		t.Error(diff)
	}
}

func TestATrainerRefusesAnothersState(t *testing.T) {
	trainer := newTrainer(t, newNet(t, 1, 4, 6, 2), nil)
	good := trainer.State()
	for name, spoil := range map[string]func(*learn.TrainerState){
		"too few parameters":  func(s *learn.TrainerState) { s.Params = s.Params[1:] },
		"a moment is missing": func(s *learn.TrainerState) { s.M = nil },
		"not a number":        func(s *learn.TrainerState) { s.Params[3] = math.NaN() },
		"a negative square":   func(s *learn.TrainerState) { s.V[0] = -1 },
		"negative steps":      func(s *learn.TrainerState) { s.Steps = -1 },
	} {
		s := trainer.State()
		spoil(&s)
		if err := trainer.Restore(s); err == nil {
			t.Errorf("%s: got no error", name)
		}
		if diff := cmp.Diff(good, trainer.State()); diff != "" {
			t.Errorf("%s: the trainer has changed: %s", name, diff)
		}
	}
}

func TestTrainerOptions(t *testing.T) {
	for name, o := range map[string]learn.TrainerOptions{
		"a negative rate":    {Rate: -1},
		"not a number":       {Decay: math.NaN()},
		"infinite":           {Clip: math.Inf(1)},
		"a negative weight":  {Loss: learn.Loss{ListNet: -1}},
		"a batch of nothing": {Batch: -1},
		"more decay than is": {Rate: 1, Decay: 1},
	} {
		if _, err := learn.NewTrainer(newNet(t, 1, 2, 1), &o); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestAStepAllocatesNothing(t *testing.T) {
	net := newNet(t, 1, 24, 64, 32, 1)
	trainer := newTrainer(t, net, &learn.TrainerOptions{Decay: .01, Loss: learn.Loss{ListNet: .2}})
	b := batchOf(seeded(1), 32, 24, 1)
	if n := testing.AllocsPerRun(100, func() { trainer.Step(b) }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkTrainStep(b *testing.B) {
	net := newNet(b, 1, 24, 64, 32, 1)
	trainer := newTrainer(b, net, &learn.TrainerOptions{Decay: .01, Loss: learn.Loss{ListNet: .2}})
	batch := batchOf(seeded(1), 32, 24, 1)
	b.ReportAllocs()
	for b.Loop() {
		trainer.Step(batch)
	}
}
