package rank

import (
	"fmt"
	"math"
	"slices"
)

// Normaliser turns raw rows into rows that features of any unit enter alike: each
// feature that is Scaled becomes its distance from the mean in standard deviations,
// within ±MaxZ. What is not known, or no finite number, is 0, and no mean learns from
// it. The others stay as they are.
//
// Observe learns and Apply uses what was known at the last Freeze: so all rows of one
// decision are scaled alike, and a row that was scaled again is the same.
type Normaliser struct {
	memory       float64
	live, frozen NormaliserState
}

// NormaliserState is all that a Normaliser knows: for each feature how many values
// it saw, up to its memory, their mean and their variance.
type NormaliserState struct {
	Count, Mean, Variance []float64
}

const (
	// MaxZ bounds what one wild value can weigh.
	MaxZ = 5
	// flat is the share of its size by which a feature has to vary to vary at all:
	// less is rounding.
	flat = 1e-9
)

// NewNormaliser returns a normaliser that has seen nothing. Its means are over all
// rows at first, and over about the last memory of them later on; 0 for 20,000.
func NewNormaliser(memory int) *Normaliser {
	if memory <= 0 {
		memory = 20_000
	}
	n := &Normaliser{memory: float64(memory), live: newNormaliserState(), frozen: newNormaliserState()}
	return n
}

func newNormaliserState() NormaliserState {
	return NormaliserState{make([]float64, Width), make([]float64, Width), make([]float64, Width)}
}

// Observe learns from a raw row.
func (n *Normaliser) Observe(raw []float64) {
	masked := unknown(raw)
	for i, x := range raw[:Width] {
		if scaled[i] && missing[i]&masked == 0 && !math.IsNaN(x) && !math.IsInf(x, 0) {
			n.live.observe(i, x, n.memory)
		}
	}
}

// observe is Welford's mean and variance while count grows, and exponential ones
// with the weight 1/memory from then on.
func (s *NormaliserState) observe(i int, x, memory float64) {
	s.Count[i] = min(s.Count[i]+1, memory)
	w := 1 / s.Count[i]
	d := x - s.Mean[i]
	s.Mean[i] += w * d
	s.Variance[i] = (1 - w) * (s.Variance[i] + w*d*d)
}

// Freeze makes Apply use all that was observed so far.
func (n *Normaliser) Freeze() { n.frozen.copy(&n.live) }

func (s *NormaliserState) copy(from *NormaliserState) {
	copy(s.Count, from.Count)
	copy(s.Mean, from.Mean)
	copy(s.Variance, from.Variance)
}

// Apply writes the scaled row of a raw one into out; both are Width long, and may be
// the same.
func (n *Normaliser) Apply(raw, out []float64) {
	masked := unknown(raw)
	for i, x := range raw[:Width] {
		switch {
		case math.IsNaN(x) || math.IsInf(x, 0):
			out[i] = 0
		case !scaled[i]:
			out[i] = x
		case missing[i]&masked != 0:
			out[i] = 0
		default:
			out[i] = n.frozen.z(i, x)
		}
	}
}

func (s *NormaliserState) z(i int, x float64) float64 {
	sd := math.Sqrt(s.Variance[i])
	if sd <= flat*(1+math.Abs(s.Mean[i])) {
		return 0
	}
	return min(max((x-s.Mean[i])/sd, -MaxZ), MaxZ)
}

// State returns what the normaliser knows; frozen is what Apply uses. They are the
// caller's own.
func (n *Normaliser) State() (live, frozen NormaliserState) {
	return n.live.clone(), n.frozen.clone()
}

func (s *NormaliserState) clone() NormaliserState {
	return NormaliserState{slices.Clone(s.Count), slices.Clone(s.Mean), slices.Clone(s.Variance)}
}

// Restore puts back what State returned; Observe and Apply go on with the same bits.
// It changes nothing if it returns an error.
func (n *Normaliser) Restore(live, frozen NormaliserState) error {
	for _, s := range []*NormaliserState{&live, &frozen} {
		if err := s.check(); err != nil {
			return fmt.Errorf("normaliser: %w", err)
		}
	}
	n.live, n.frozen = live.clone(), frozen.clone()
	return nil
}

func (s *NormaliserState) check() error {
	if len(s.Count) != Width || len(s.Mean) != Width || len(s.Variance) != Width {
		return fmt.Errorf("got %d, %d and %d numbers, want %d each", len(s.Count), len(s.Mean), len(s.Variance), Width)
	}
	for i := range Width {
		if !(s.Count[i] >= 0) || !(s.Variance[i] >= 0) || math.IsInf(s.Count[i]+s.Variance[i], 1) || math.IsNaN(s.Mean[i]) || math.IsInf(s.Mean[i], 0) {
			return fmt.Errorf("%s: got count %g, mean %g and variance %g, want finite numbers, count and variance not below 0",
				table[i].Name, s.Count[i], s.Mean[i], s.Variance[i])
		}
	}
	return nil
}
