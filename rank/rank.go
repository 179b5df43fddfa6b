// Package rank keeps assets in the order of the formula while their updates come.
// It is pure: it reads no clock and starts nothing, and it knows nothing of hubs.
package rank

import (
	"slices"

	"github.com/karlquant/quasar"
)

// Index holds the newest snapshot of each asset in an order. An update moves one
// asset; the rest are not looked at. The zero Index is not usable: call New.
//
// An Index is not safe for use by several goroutines.
type Index struct {
	order  quasar.Order
	sorted []*quasar.Ranking
	byName map[string]*quasar.Ranking
	scored int // how many of sorted have a score: they stand first
}

// New returns an empty index.
func New(order quasar.Order) *Index {
	return &Index{order: order, byName: make(map[string]*quasar.Ranking)}
}

// Order returns the order that the index keeps.
func (x *Index) Order() quasar.Order { return x.order }

// Len returns how many assets there are.
func (x *Index) Len() int { return len(x.sorted) }

// Set takes the newest snapshot of an asset and puts the asset in its place. It
// costs a search, O(log n), and a move of what stands between the two places.
func (x *Index) Set(s quasar.Snapshot) {
	score := s.Score()
	r, known := x.byName[s.SpaceName]
	if !known {
		r = &quasar.Ranking{Snapshot: s, Score: score}
		x.byName[s.SpaceName] = r
		x.insert(r)
		return
	}
	if same(r.Score.Value, score.Value) {
		r.Snapshot, r.Score = s, score
		return
	}
	x.remove(r)
	r.Snapshot, r.Score = s, score
	x.insert(r)
}

func same(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// Forget takes an asset out, and does nothing if it is not there.
func (x *Index) Forget(name string) {
	if r, known := x.byName[name]; known {
		delete(x.byName, name)
		x.remove(r)
	}
}

func (x *Index) insert(r *quasar.Ranking) {
	x.sorted = slices.Insert(x.sorted, x.place(r), r)
	if r.Score.Value != nil {
		x.scored++
	}
}

func (x *Index) remove(r *quasar.Ranking) {
	i := x.place(r)
	x.sorted = slices.Delete(x.sorted, i, i+1)
	if r.Score.Value != nil {
		x.scored--
	}
}

// place finds where r stands, or belongs.
func (x *Index) place(r *quasar.Ranking) int {
	i, _ := slices.BinarySearchFunc(x.sorted, r, x.order.Compare)
	return i
}

// Rankings returns every asset in order, those without a score last and with the
// rank 0. The answer is the caller's own; what its pointers point to is shared and
// must not be written to.
func (x *Index) Rankings() []quasar.Ranking {
	rankings := make([]quasar.Ranking, len(x.sorted))
	for i, r := range x.sorted {
		rankings[i] = *r
		if i < x.scored {
			rankings[i].Rank = i + 1
		}
	}
	return rankings
}

// Top returns the asset that stands first and true, or false if none has a score.
func (x *Index) Top() (quasar.Ranking, bool) {
	if x.scored == 0 {
		return quasar.Ranking{}, false
	}
	top := *x.sorted[0]
	top.Rank = 1
	return top, true
}
