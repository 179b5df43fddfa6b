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

// compare is negative where p stands before q. Equal keys go by name.
func (x *Index) compare(p, q place) int {
	switch {
	case p.key < q.key:
		return -1
	case p.key > q.key:
		return 1
	}
	return cmp.Compare(x.assets[p.slot].snapshot.SpaceName, x.assets[q.slot].snapshot.SpaceName)
}

// search returns how many of the given places stand before p.
func (x *Index) search(places []place, p place) int {
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

func (x *Index) insert(p place) {
	x.sorted = slices.Insert(x.sorted, x.search(x.sorted, p), p)
}

func (x *Index) remove(p place) {
	i := x.search(x.sorted, p)
	x.sorted = slices.Delete(x.sorted, i, i+1)
}

// move puts an asset from one place into another and shifts only what stands
// between the two.
func (x *Index) move(from, to place) {
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
