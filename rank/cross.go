package rank

import (
	"cmp"
	"slices"
)

// ranked is what it takes to rank assets among each other, kept for the next time.
type ranked struct {
	places []place
	among  []int // whose ranks are not 0
}

// CrossSection ranks the given assets among each other, by their confidence,
// accuracy, gap and volatility, from -1 for the lowest to 1 for the highest; equals
// share the middle of their places. It is 0 for one that is alone, for what is not
// known, and for all other assets. It lasts until the next call: call it when a
// decision is made, with the assets that it is among.
func (f *Features) CrossSection(assets []int) {
	for _, i := range f.ranked.among {
		r := &f.assets[i].row
		r[xConfidenceRank], r[xAccuracyRank], r[xGapRank], r[xVolatilityRank] = 0, 0, 0, 0
	}
	f.ranked.among = append(f.ranked.among[:0], assets...)
	f.rank(xConfidenceRank, xConfidence)
	f.rank(xAccuracyRank, xAccuracy)
	f.rank(xGapRank, xGap)
	f.rank(xVolatilityRank, xVolatility)
}

// rank writes into the feature to the rank of the feature of.
func (f *Features) rank(to, of int) {
	places := f.ranked.places[:0]
	for _, i := range f.ranked.among {
		r := &f.assets[i].row
		if missing[of]&unknown(r[:]) == 0 {
			places = append(places, place{r[of], int32(i)})
		}
	}
	f.ranked.places = places
	slices.SortFunc(places, func(p, q place) int { return cmp.Compare(p.key, q.key) })
	for i := 0; i < len(places); {
		j := i + 1
		for j < len(places) && places[j].key == places[i].key {
			j++
		}
		for _, p := range places[i:j] {
			f.assets[p.slot].row[to] = centred(i, j-1, len(places))
		}
		i = j
	}
}

// centred is the middle of the places i to j of n, from -1 to 1.
func centred(i, j, n int) float64 {
	if n == 1 {
		return 0
	}
	return float64(i+j)/float64(n-1) - 1
}
