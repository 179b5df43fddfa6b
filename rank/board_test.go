package rank_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar/rank"
)

// standing is a place on a board.
type standing struct {
	Asset int
	Score float64
}

func standings(b *rank.Board) []standing {
	all := make([]standing, b.Len())
	for i := range all {
		all[i].Asset, all[i].Score = b.At(i)
	}
	return all
}

// fullSort is what a board has to agree with. Names run against the numbers.
func fullSort(scores map[int]float64) []standing {
	all := make([]standing, 0, len(scores))
	for _, asset := range slices.Sorted(maps.Keys(scores)) {
		score := scores[asset]
		if math.IsNaN(score) {
			score = math.Inf(-1)
		}
		all = append(all, standing{asset, score})
	}
	slices.SortFunc(all, func(p, q standing) int {
		return cmp.Or(cmp.Compare(q.Score, p.Score), cmp.Compare(nameOf(p.Asset), nameOf(q.Asset)))
	})
	return all
}

func nameOf(asset int) string { return fmt.Sprintf("A%02d", 99-asset) }

func TestBoardEqualsAFullSort(t *testing.T) {
	scores := []float64{-1, 0, math.Copysign(0, -1), 0.5, 1, 1, 2, math.Inf(1), math.Inf(-1), math.NaN()}
	rapid.Check(t, func(t *rapid.T) {
		var b rank.Board
		want := make(map[int]float64)
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			asset := rapid.IntRange(0, 9).Draw(t, "asset")
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0, 1:
				b.Remove(asset)
				delete(want, asset)
			case 2:
				all := rapid.SliceOfN(rapid.SampledFrom(scores), 0, 12).Draw(t, "scores")
				b.SetAll(all)
				for asset := range want {
					if asset < len(all) {
						want[asset] = all[asset]
					}
				}
			default:
				want[asset] = rapid.SampledFrom(scores).Draw(t, "score")
				b.Set(asset, nameOf(asset), want[asset])
			}
			if diff := gocmp.Diff(fullSort(want), standings(&b)); diff != "" {
				t.Fatalf("-full sort +board\n%s", diff)
			}
		}
		for i, s := range standings(&b) {
			place, ok := b.Place(s.Asset)
			score, _ := b.Score(s.Asset)
			if !ok || place != i || score != s.Score {
				t.Fatalf("asset %d: got place %d with %v, want %d with %v", s.Asset, place, score, i, s.Score)
			}
		}
	})
}

func TestWhoIsNotOnTheBoardHasNoPlace(t *testing.T) {
	var b rank.Board
	b.Set(1, "B", 7)
	for _, asset := range []int{-1, 0, 2} {
		b.Remove(asset)
		_, placed := b.Place(asset)
		_, scored := b.Score(asset)
		if placed || scored {
			t.Errorf("asset %d: got a place %v and a score %v, want none", asset, placed, scored)
		}
	}
	if got := standings(&b); !slices.Equal(got, []standing{{1, 7}}) {
		t.Errorf("got %v", got)
	}
}
