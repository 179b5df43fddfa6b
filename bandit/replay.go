package bandit

// replay keeps the newest labels to learn from again. Rows are copied.
type replay struct {
	width, room int
	total       int // labels ever
	rows        []float64
	labels      []Label // their X is in rows
	mask        []uint8 // of each label: which nets learn from it
}

// Rooms of a replay: rows, and numbers in them (128 MB).
const (
	replayRows    = 20_000
	replayNumbers = 1 << 24
)

func newReplay(width int) *replay {
	return &replay{width: width, room: max(1, min(replayRows, replayNumbers/max(width, 1)))}
}

func (r *replay) len() int { return len(r.labels) }

// add keeps a label instead of the oldest when there is no room.
func (r *replay) add(l *Label, mask uint8) {
	at := r.total % r.room
	r.total++
	if at == len(r.labels) {
		r.grow()
	}
	kept := *l
	kept.X = r.rows[at*r.width : (at+1)*r.width]
	tidy(kept.X, l.X)
	r.labels[at], r.mask[at] = kept, mask
}

// grow makes room for one more. When the rows have moved, so have those of labels.
func (r *replay) grow() {
	before := cap(r.rows)
	for range r.width {
		r.rows = append(r.rows, 0)
	}
	r.labels, r.mask = append(r.labels, Label{}), append(r.mask, 0)
	if cap(r.rows) == before {
		return
	}
	for i := range r.labels {
		r.labels[i].X = r.rows[i*r.width : (i+1)*r.width]
	}
}
