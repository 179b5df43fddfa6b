package learn

import (
	"fmt"
	"math"
	"slices"
)

// MixedState is all that a Mixed knows. X has a row for each of Groups.
type MixedState struct {
	Linear    LinearState
	Precision float64
	Groups    []int64
	N, Y, X   []float64
}

// State returns a copy of what m knows.
func (m *Mixed) State() MixedState {
	s := MixedState{Linear: m.l.State(), Precision: m.precision}
	for i := range m.groups {
		g := &m.groups[i]
		s.Groups = append(s.Groups, int64(g.name))
		s.N, s.Y, s.X = append(s.N, g.n), append(s.Y, g.y), append(s.X, g.x...)
	}
	return s
}

// Restore takes the state of a Mixed of the same options; what follows is as if it had
// never been away.
func (m *Mixed) Restore(s MixedState) error {
	dim := m.l.o.Dim
	if err := s.check(dim, m.o.MaxGroups); err != nil {
		return err
	}
	if err := m.l.Restore(s.Linear); err != nil {
		return err
	}
	m.precision = s.Precision
	clear(m.index)
	m.groups = m.groups[:0]
	for i, name := range s.Groups {
		m.index[int(name)] = i
		m.groups = append(m.groups, group{name: int(name), n: s.N[i], y: s.Y[i], x: slices.Clone(s.X[i*dim : (i+1)*dim])})
	}
	return nil
}

func (s *MixedState) check(dim, most int) error {
	if !(s.Precision >= leastPrecision) || math.IsInf(s.Precision, 0) {
		return fmt.Errorf("learn: Precision: got %v, want %v or more", s.Precision, leastPrecision)
	}
	n := len(s.Groups)
	if n > most {
		return fmt.Errorf("Groups: got %d, want at most %d", n, most)
	}
	for _, v := range []struct {
		name string
		got  []float64
		want int
	}{{"N", s.N, n}, {"Y", s.Y, n}, {"X", s.X, n * dim}} {
		if err := sameShape(v.name, v.got, v.want); err != nil {
			return err
		}
	}
	seen := make(map[int64]bool, n)
	for i, name := range s.Groups {
		if seen[name] {
			return fmt.Errorf("Groups: got %d twice, want each once", name)
		}
		if seen[name] = true; s.N[i] < 0 {
			return fmt.Errorf("learn: N: got %v, want 0 or more", s.N[i])
		}
	}
	return nil
}
