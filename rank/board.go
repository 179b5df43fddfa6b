package rank

import "math"

// Board keeps numbered assets in the order of a score, the largest first; equal
// scores go by the assets' names. A new score of one asset costs a search and a move
// of what stands between the old place and the new, and allocates nothing. The zero
// Board is empty and ready.
//
// A Board is not safe for use by several goroutines.
type Board struct {
	places
	keys []float64 // by asset, not known for one that is not there
}

// Set gives an asset a score; it takes its name when it comes. Numbers are small and
// not negative: there is room for all up to the largest. A score that is no number
// stands behind all others.
func (b *Board) Set(asset int, name string, score float64) {
	for asset >= len(b.keys) {
		b.keys = append(b.keys, nan)
	}
	from, to := place{b.keys[asset], int32(asset)}, place{descending(score), int32(asset)}
	b.keys[asset] = to.key
	if known(from.key) {
		b.move(from, to)
		return
	}
	b.name(to.slot, name)
	b.insert(to)
}

// descending maps a score to a key that rises from the first place to the last.
func descending(score float64) float64 {
	if math.IsNaN(score) {
		return math.Inf(1)
	}
	return -score
}

// SetAll gives every asset on the board a score at once, by its number, and costs
// one sort. An asset beyond the end of scores keeps what it has.
func (b *Board) SetAll(scores []float64) {
	for i := range b.sorted {
		p := &b.sorted[i]
		if int(p.slot) < len(scores) {
			p.key = descending(scores[p.slot])
			b.keys[p.slot] = p.key
		}
	}
	b.sort()
}

// Remove takes an asset off the board; nothing happens if it is not there.
func (b *Board) Remove(asset int) {
	if _, ok := b.Score(asset); !ok {
		return
	}
	b.remove(place{b.keys[asset], int32(asset)})
	b.keys[asset] = nan
}

// Len returns how many assets there are.
func (b *Board) Len() int { return len(b.sorted) }

// At returns who stands in a place from 0 on, and the score.
func (b *Board) At(i int) (asset int, score float64) {
	p := b.sorted[i]
	return int(p.slot), -p.key
}

// Score returns the score of an asset and true, or false if it is not there. One
// that was no number is -Inf.
func (b *Board) Score(asset int) (float64, bool) {
	if asset < 0 || asset >= len(b.keys) || !known(b.keys[asset]) {
		return 0, false
	}
	return -b.keys[asset], true
}

// Place returns where an asset stands, from 0 on, and true, or false if it is not
// there.
func (b *Board) Place(asset int) (int, bool) {
	if _, ok := b.Score(asset); !ok {
		return 0, false
	}
	return b.search(b.sorted, place{b.keys[asset], int32(asset)}), true
}
