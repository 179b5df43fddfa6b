// Package rank makes assets comparable and keeps them in order while their updates
// come: the formula's order (Index), an order by any other score (Board), what there
// is to learn from (Features, Normaliser), and what became of following each signal
// (Outcome). It is pure: it reads no clock and starts nothing, and it knows nothing
// of hubs.
package rank

import "github.com/karlquant/quasar"

// Index holds the newest snapshot of each asset in an order. It always stands as
// quasar.Rank would put the same snapshots, but an update moves one asset and
// looks at few others. The zero Index is not usable: call New.
//
// An Index is not safe for use by several goroutines, not even for reading.
type Index struct {
	order   quasar.Order
	only    map[string]bool // nil is all
	slots   map[string]int32
	entries []entry // by slot
	free    []int32 // slots that nobody has
	scored  int     // how many of sorted have a score: they stand first
	places
}

// entry is what the index knows of one asset.
type entry struct {
	snapshot quasar.Snapshot
	key      float64
	scored   bool
	// score is made when somebody asks for it: an update allocates nothing.
	score quasar.Score
	asked bool
}

// New returns an empty index. An order that is none is quasar.Desc.
func New(order quasar.Order) *Index {
	return &Index{order: order, slots: make(map[string]int32)}
}

// Order returns the order that the index keeps.
func (x *Index) Order() quasar.Order { return x.order }

// Len returns how many assets there are.
func (x *Index) Len() int { return len(x.sorted) }

// Has tells whether the asset is there.
func (x *Index) Has(name string) bool {
	_, known := x.slots[name]
	return known
}

// Restrict limits the index to the named assets: it forgets all others, and Set
// passes them over. Without names there is no limit any more.
func (x *Index) Restrict(names ...string) {
	x.only = nil
	if len(names) == 0 {
		return
	}
	x.only = make(map[string]bool, len(names))
	for _, name := range names {
		x.only[name] = true
	}
	for name := range x.slots {
		if !x.only[name] {
			x.Forget(name)
		}
	}
}

// Set takes the newest snapshot of an asset and puts the asset in its place. It
// costs a search, O(log n), and a move of what stands between the old place and
// the new, 16 bytes each; it allocates only for an asset that it has not seen.
func (x *Index) Set(s quasar.Snapshot) {
	if x.only != nil && !x.only[s.SpaceName] {
		return
	}
	score, scored := formula(&s)
	slot, known := x.slots[s.SpaceName]
	if !known {
		slot = x.take(s.SpaceName)
	}
	a := &x.entries[slot]
	to := place{keyOf(x.order, score, scored), slot}
	if known {
		x.move(place{a.key, slot}, to)
	} else {
		x.insert(to)
	}
	x.count(a.scored, scored)
	a.snapshot, a.key, a.scored, a.asked = s, to.key, scored, false
}

// take returns a slot for an asset that is new.
func (x *Index) take(name string) int32 {
	if len(x.free) == 0 {
		x.free = append(x.free, int32(len(x.entries)))
		x.entries = append(x.entries, entry{})
	}
	last := len(x.free) - 1
	slot := x.free[last]
	x.free = x.free[:last]
	x.slots[name] = slot
	x.name(slot, name)
	return slot
}

// count keeps the number of those with a score.
func (x *Index) count(before, after bool) {
	if before {
		x.scored--
	}
	if after {
		x.scored++
	}
}

// Forget takes an asset out, and does nothing if it is not there.
func (x *Index) Forget(name string) {
	slot, known := x.slots[name]
	if !known {
		return
	}
	a := &x.entries[slot]
	x.remove(place{a.key, slot})
	x.count(a.scored, false)
	*a = entry{}
	delete(x.slots, name)
	x.free = append(x.free, slot)
}

// Rankings returns every asset in order, those without a score last and with the
// rank 0. The answer is the caller's own; what its pointers point to is shared and
// must not be written to.
func (x *Index) Rankings() []quasar.Ranking {
	rankings := make([]quasar.Ranking, len(x.sorted))
	for i := range rankings {
		rankings[i] = x.at(i)
	}
	return rankings
}

// Top returns the asset that stands first and true, or false if none has a score.
func (x *Index) Top() (quasar.Ranking, bool) {
	if x.scored == 0 {
		return quasar.Ranking{}, false
	}
	return x.at(0), true
}

func (x *Index) at(i int) quasar.Ranking {
	a := &x.entries[x.sorted[i].slot]
	if !a.asked {
		a.score, a.asked = a.snapshot.Score(), true
	}
	ranking := quasar.Ranking{Snapshot: a.snapshot, Score: a.score}
	if i < x.scored {
		ranking.Rank = i + 1
	}
	return ranking
}
