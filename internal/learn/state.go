package learn

import (
	"fmt"
	"math"
	"slices"
)

// TrainerState is all that a trainer and its net know, laid out as the net's Layers:
// weight and bias of the first, then of the second.
type TrainerState struct {
	Params, M, V []float64
	Steps        int64
}

// State returns a copy of what the trainer and its net know.
func (t *Trainer) State() TrainerState {
	return TrainerState{
		Params: slices.Clone(t.net.params), M: slices.Clone(t.m), V: slices.Clone(t.v), Steps: t.steps,
	}
}

// Restore takes the state of a trainer of a net of the same sizes; what follows is as
// if it had never been away.
func (t *Trainer) Restore(s TrainerState) error {
	for _, v := range []struct {
		name      string
		got, want []float64
	}{{"Params", s.Params, t.net.params}, {"M", s.M, t.m}, {"V", s.V, t.v}} {
		if err := sameShape(v.name, v.got, len(v.want)); err != nil {
			return err
		}
	}
	if s.Steps < 0 {
		return fmt.Errorf("learn: Steps: got %d, want 0 or more", s.Steps)
	}
	if slices.ContainsFunc(s.V, func(v float64) bool { return v < 0 }) {
		return fmt.Errorf("learn: V: got a negative number, want squares")
	}
	copy(t.net.params, s.Params)
	copy(t.m, s.M)
	copy(t.v, s.V)
	t.steps = s.Steps
	return nil
}

// LinearState is all that a Linear knows. XX and U have Dim rows of Dim; what is below
// the diagonal is 0.
type LinearState struct {
	XX, XY, U, W         []float64
	YY, N                float64
	Scale, Decay         float64
	NoiseSum, NoiseCount float64
	NoisePrior           float64 // a variance
	Clock, Since         int64
}

// State returns a copy of what l knows.
func (l *Linear) State() LinearState {
	return LinearState{
		XX: slices.Clone(l.sums.xx), XY: slices.Clone(l.sums.xy), U: slices.Clone(l.f.u), W: slices.Clone(l.f.w),
		YY: l.sums.yy, N: l.sums.n, Scale: l.sums.scale, Decay: l.sums.decay,
		NoiseSum: l.noise.sum, NoiseCount: l.noise.count, NoisePrior: l.noise.prior, Clock: l.sums.clock, Since: int64(l.since),
	}
}

// Restore takes the state of a Linear of the same options; what follows is as if it had
// never been away.
func (l *Linear) Restore(s LinearState) error {
	if err := s.check(l.o.Dim); err != nil {
		return err
	}
	copy(l.sums.xx, s.XX)
	copy(l.sums.xy, s.XY)
	copy(l.f.u, s.U)
	copy(l.f.w, s.W)
	l.sums.yy, l.sums.n, l.sums.scale, l.sums.decay = s.YY, s.N, s.Scale, s.Decay
	l.noise.sum, l.noise.count, l.noise.prior = s.NoiseSum, s.NoiseCount, s.NoisePrior
	l.sums.clock, l.since = s.Clock, int(s.Since)
	return nil
}

func (s *LinearState) check(dim int) error {
	for _, v := range []struct {
		name string
		got  []float64
		want int
	}{{"XX", s.XX, dim * dim}, {"XY", s.XY, dim}, {"U", s.U, dim * dim}, {"W", s.W, dim}} {
		if err := sameShape(v.name, v.got, v.want); err != nil {
			return err
		}
	}
	for i := range dim {
		if s.U[i*dim+i] <= 0 {
			return fmt.Errorf("learn: U: got %v on the diagonal, want positive numbers", s.U[i*dim+i])
		}
	}
	for _, v := range []float64{s.YY, s.N, s.NoiseSum, s.NoiseCount, s.NoisePrior} {
		if !(v >= 0) || math.IsInf(v, 0) {
			return fmt.Errorf("YY, N, NoiseSum, NoiseCount, NoisePrior: got %v, want 0 or more", v)
		}
	}
	if !(s.Scale > 0 && s.Scale <= 1 && s.Decay > 0 && s.Decay <= 1) {
		return fmt.Errorf("Scale, Decay: got %v, %v, want above 0 to 1", s.Scale, s.Decay)
	}
	if s.Clock < 0 || s.Since < 0 {
		return fmt.Errorf("learn: Clock, Since: got %d, %d, want 0 or more", s.Clock, s.Since)
	}
	return nil
}

func sameShape(name string, got []float64, want int) error {
	if len(got) != want {
		return fmt.Errorf("%s: got %d numbers, want %d", name, len(got), want)
	}
	for _, v := range got {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s: got %v, want finite numbers", name, v)
		}
	}
	return nil
}
