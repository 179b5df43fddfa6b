package axrvi

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// turning is a world that has everything: arms, a corner, and a turn in the middle.
func turning(t int64, arm int, x []float64) float64 {
	m := corner(t, arm, x) + .2*x[2] + offset(t, arm, x)
	if t >= 400 {
		m = -m
	}
	return m
}

func TestAModelGoesOnFromItsState(t *testing.T) {
	for _, o := range []Options{
		{Features: 3, Seed: 5, Replay: 1000},
		{Features: 3, Linear: true},
	} {
		p := newPlay(2, 10, 3, turning)
		p.noise = .5
		first := newModel(t, o)
		p.teach(first, 333)
		second := newModel(t, Options{Features: 3, Seed: 99, Linear: o.Linear, Replay: o.Replay})
		if err := second.Restore(first.State()); err != nil {
			t.Fatal(err)
		}
		for range 300 {
			labels := p.round()
			for _, l := range labels {
				mean, sd := first.Score(l.Arm, l.X)
				again, same := second.Score(l.Arm, l.X)
				if mean != again || sd != same {
					t.Fatalf("round %d: got %v ± %v, want the bits of %v ± %v", l.T, again, same, mean, sd)
				}
			}
			first.Learn(labels)
			second.Learn(labels)
		}
		if diff := cmp.Diff(first.State(), second.State()); diff != "" {
			t.Error(diff)
		}
		if first.Restarts() == 0 {
			t.Error("want a world in which the belief starts anew")
		}
	}
}

func TestAStateSharesNothingWithItsModel(t *testing.T) {
	p := newPlay(2, 5, 3, turning)
	m := newModel(t, Options{Features: 3})
	p.teach(m, 60)
	s := m.State()
	other := newModel(t, Options{Features: 3})
	if err := other.Restore(s); err != nil {
		t.Fatal(err)
	}
	p.teach(m, 60)
	p.teach(other, 30)
	third := newModel(t, Options{Features: 3})
	if err := third.Restore(s); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, third.State()); diff != "" {
		t.Error(diff)
	}
}

func TestAModelRefusesWhatIsNoStateOfIt(t *testing.T) {
	p := newPlay(2, 5, 3, turning)
	m := newModel(t, Options{Features: 3, Hidden: []int{4}})
	p.teach(m, 60)
	set := func(name string, change func(d any)) func(*State) {
		return func(s *State) {
			for i, t := range s.Tensors {
				if t.Name == name {
					change(s.Tensors[i].Data)
					return
				}
			}
			panic(name)
		}
	}
	cases := map[string]func(*State){
		"nothing":           func(s *State) { s.Tensors = nil },
		"one twice":         func(s *State) { s.Tensors = append(s.Tensors, s.Tensors[0]) },
		"one unknown":       func(s *State) { s.Tensors = append(s.Tensors, Tensor{Name: "x"}) },
		"other features":    set("model.sizes", func(d any) { d.([]int64)[0] = 4 }),
		"a negative count":  set("model.counts", func(d any) { d.([]int64)[0] = -1 }),
		"too much fresh":    set("model.counts", func(d any) { d.([]int64)[3] = 1 << 40 }),
		"a change noticed":  set("model.change", func(d any) { d.([]float64)[0] = 100 }),
		"no number":         set("net.0.weight", func(d any) { d.([]float64)[0] = math.NaN() }),
		"a gain of 2":       set("stack.gain", func(d any) { d.([]float64)[2] = 2 }),
		"steps overdue":     set("stack.counts", func(d any) { d.([]int64)[2] = 1000 }),
		"a row of no label": set("replay.x", func(d any) { d.([]float32)[0] = float32(math.Inf(1)) }),
		"a weight of 0":     set("replay.w", func(d any) { d.([]float64)[0] = 0 }),
		"another chance":    set("model.random", func(d any) { d.([]byte)[0] = 'x' }),
		"a singular factor": set("phi.factor", func(d any) { d.([]float64)[0] = 0 }),
		"an arm twice":      set("head.arm.number", func(d any) { d.([]int64)[0] = d.([]int64)[1] }),
		"squares below 0":   set("opt.0.weight.v", func(d any) { d.([]float64)[0] = -1 }),
	}
	for i, tensor := range m.State().Tensors {
		cases["without "+tensor.Name] = func(s *State) { s.Tensors = slices.Delete(s.Tensors, i, i+1) }
		cases["with another type of "+tensor.Name] = func(s *State) { s.Tensors[i].Data = []int8{1} }
		cases["with another shape of "+tensor.Name] = func(s *State) { s.Tensors[i].Shape = []int{1, 2, 3} }
	}
	for name, spoil := range cases {
		s := m.State()
		spoil(&s)
		err := newModel(t, Options{Features: 3, Hidden: []int{4}}).Restore(s)
		if err == nil || !strings.HasPrefix(err.Error(), "axrvi: ") {
			t.Errorf("%s: got %v, want an error of axrvi", name, err)
		}
	}
	if err := newModel(t, Options{Features: 3, Linear: true}).Restore(m.State()); err == nil {
		t.Error("a linear model took the state of one with a network")
	}
}
