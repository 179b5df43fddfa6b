package quasar

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
)

// Order says which score stands first. The documents that Quasar comes from
// disagree on it, so it has a name wherever it is used.
type Order string

// The orders.
const (
	// Desc puts the largest score first: the hub's default.
	Desc Order = "desc"
	// Asc puts the smallest score first: the default of the ranker's formula.
	Asc Order = "asc"
	// Balanced puts the score nearest to 0 first.
	Balanced Order = "balanced"
)

// ParseOrder reads an order's name.
func ParseOrder(s string) (Order, error) {
	switch o := Order(s); o {
	case Desc, Asc, Balanced:
		return o, nil
	}
	return "", fmt.Errorf(`order: got %+q, want "desc", "asc" or "balanced"`, clip(s, 24))
}

// Ranking is a snapshot's place among others.
type Ranking struct {
	// Rank counts from 1. It is 0 where the snapshot has no score.
	Rank     int
	Snapshot Snapshot
	Score    Score
}

// Rank orders snapshots by their scores. Those without one stand behind all
// others; ties go to the name. The answer is a new slice. An order that is none
// is Desc.
func Rank(snapshots []Snapshot, order Order) []Ranking {
	rankings := make([]Ranking, len(snapshots))
	for i, p := range places(snapshots, order) {
		rankings[i] = Ranking{Snapshot: snapshots[p.index], Score: p.score}
		if p.score.Value != nil {
			rankings[i].Rank = i + 1
		}
	}
	return rankings
}

// RankOf returns what Rank makes of one snapshot among all, without ranking the
// others: all may have it or not. No two of them may have one name.
func RankOf(s *Snapshot, all iter.Seq[*Snapshot], order Order) Ranking {
	r := Ranking{Snapshot: *s, Score: s.Score()}
	if r.Score.Value == nil {
		return r
	}
	r.Rank = 1
	key := order.key(*r.Score.Value)
	for other := range all {
		value, ok := other.value()
		if !ok {
			continue
		}
		if c := cmp.Compare(order.key(value), key); c < 0 || c == 0 && other.SpaceName < s.SpaceName {
			r.Rank++
		}
	}
	return r
}

// place is what sorting has to move of a snapshot: a ranking is five times as
// large.
type place struct {
	key   float64
	index int
	score Score
}

func places(snapshots []Snapshot, order Order) []place {
	sorted := make([]place, len(snapshots))
	for i := range snapshots {
		score := snapshots[i].Score()
		sorted[i] = place{order.keyOf(score.Value), i, score}
	}
	slices.SortFunc(sorted, func(a, b place) int {
		if c := cmp.Compare(a.key, b.key); c != 0 {
			return c
		}
		return cmp.Compare(snapshots[a.index].SpaceName, snapshots[b.index].SpaceName)
	})
	return sorted
}

// Compare is negative where a stands before b, as in Rank.
func (o Order) Compare(a, b *Ranking) int {
	if c := cmp.Compare(o.keyOf(a.Score.Value), o.keyOf(b.Score.Value)); c != 0 {
		return c
	}
	return cmp.Compare(a.Snapshot.SpaceName, b.Snapshot.SpaceName)
}

// keyOf is key for a score that may not exist: it stands behind all others.
func (o Order) keyOf(score *float64) float64 {
	if score == nil {
		return math.Inf(1)
	}
	return o.key(*score)
}

// key maps a score to a number that rises from the first place to the last.
func (o Order) key(score float64) float64 {
	switch o {
	case Asc:
		return score
	case Balanced:
		return math.Abs(score)
	default:
		return -score
	}
}
