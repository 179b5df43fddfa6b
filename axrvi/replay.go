package axrvi

import "github.com/karlquant/quasar/bandit"

// replay keeps the newest labels, in the order in which they came.
type replay struct {
	width, most int
	next, n     int // where the next label goes, and how many there are

	x      []float32 // rows of width
	y, w   []float64
	t, arm []int64
	call   []int64 // labels of one call have one number
}

func (r *replay) add(l *bandit.Label, call int64) {
	if r.next == len(r.y) {
		r.x = append(r.x, make([]float32, r.width)...)
		r.y, r.w = append(r.y, 0), append(r.w, 0)
		r.t, r.arm, r.call = append(r.t, 0), append(r.arm, 0), append(r.call, 0)
	}
	for i, v := range l.X {
		r.x[r.next*r.width+i] = float32(v)
	}
	r.y[r.next], r.w[r.next], r.t[r.next], r.arm[r.next] = l.Reward, l.Weight, l.T, int64(l.Arm)
	r.call[r.next] = call
	r.next = (r.next + 1) % r.most
	r.n = min(r.n+1, r.most)
}

// keep lets go of all but the newest n.
func (r *replay) keep(n int) { r.n = min(r.n, n) }

// at is where the label is that came i-th of those kept.
func (r *replay) at(i int) int {
	at := r.next - r.n + i
	if at < 0 {
		at += r.most
	}
	return at
}

// row writes the row at a place.
func (r *replay) row(at int, x []float64) {
	for i, v := range r.x[at*r.width : (at+1)*r.width] {
		x[i] = float64(v)
	}
}
