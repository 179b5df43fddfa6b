package bandit

import "slices"

// memo remembers what was made of the rows of the last round: a policy asks for the
// same rows to predict and then to draw, and learns from one of them soon after.
type memo struct{ seen, made [][]float64 }

// of returns what was made of row x, the i-th of a round. Where that was another row,
// it is made now: appended to what it is given.
func (m *memo) of(i int, x []float64, made func(x, to []float64) []float64) []float64 {
	for len(m.made) <= i {
		m.seen, m.made = append(m.seen, nil), append(m.made, nil)
	}
	if len(m.seen[i]) == 0 || !slices.Equal(x, m.seen[i]) {
		m.seen[i] = append(m.seen[i][:0], x...)
		m.made[i] = made(x, m.made[i][:0])
	}
	return m.made[i]
}

// forget is for when the same row would be made into something else.
func (m *memo) forget() {
	for i := range m.seen {
		m.seen[i] = m.seen[i][:0]
	}
}
