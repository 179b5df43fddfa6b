package rank

import (
	"cmp"
	"slices"
)

// place is what stands in the sorted slice: small and without a pointer, so that
// moving many is one copy of memory that the collector need not look at.
type place struct {
	key  float64
	slot int32
}

// places are slots in the order of their keys, and who has which slot.
type places struct {
	sorted []place
	names  []string // by slot
}

// name says who has a slot; it must be in no place.
func (x *places) name(slot int32, name string) {
	for int(slot) >= len(x.names) {
		x.names = append(x.names, "")
	}
	x.names[slot] = name
}

// compare is negative where p stands before q. Equal keys go by name.
func (x *places) compare(p, q place) int {
	switch {
	case p.key < q.key:
		return -1
	case p.key > q.key:
		return 1
	}
	return cmp.Compare(x.names[p.slot], x.names[q.slot])
}

// search returns how many of the given places stand before p.
func (x *places) search(places []place, p place) int {
	low, high := 0, len(places)
	for low < high {
		middle := int(uint(low+high) >> 1)
		if x.compare(places[middle], p) < 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

func (x *places) insert(p place) {
	x.sorted = slices.Insert(x.sorted, x.search(x.sorted, p), p)
}

func (x *places) remove(p place) {
	i := x.search(x.sorted, p)
	x.sorted = slices.Delete(x.sorted, i, i+1)
}

// sort puts all places in order anew.
func (x *places) sort() { slices.SortFunc(x.sorted, x.compare) }

// move puts an asset from one place into another and shifts only what stands
// between the two.
func (x *places) move(from, to place) {
	i := x.search(x.sorted, from)
	switch {
	case to.key < from.key:
		before := x.sorted[:i]
		j := x.search(before, to)
		copy(x.sorted[j+1:i+1], before[j:])
		i = j
	case to.key > from.key:
		behind := x.sorted[i+1:]
		j := x.search(behind, to)
		copy(x.sorted[i:], behind[:j])
		i += j
	}
	x.sorted[i] = to
}
