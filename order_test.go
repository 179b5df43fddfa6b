package quasar_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
)

// votes is a snapshot of which only the score matters.
func votes(name string, buy, sell int64, accuracy float64) quasar.Snapshot {
	return quasar.Snapshot{SpaceName: name,
		Training: quasar.Training{AVNAccuracy: &accuracy}, Voting: quasar.Voting{BuyCount: &buy, SellCount: &sell}}
}

// place is what a table of rankings says of one.
type place struct {
	Rank int
	Name string
}

func places(rankings []quasar.Ranking) []place {
	out := make([]place, 0, len(rankings))
	for _, r := range rankings {
		out = append(out, place{r.Rank, r.Snapshot.SpaceName})
	}
	return out
}

func TestRank(t *testing.T) {
	spaces := []quasar.Snapshot{
		votes("AHEAD", 3, 1, 0.5),  // +0.25
		votes("BEHIND", 3, 1, 1),   // -0.25
		votes("EVEN", 1, 1, 0.375), // +0.125
		votes("SILENT", 0, 0, 0.5),
		{SpaceName: "NEW"},
		votes("ABOVE", 1, 0, 0.75), // +0.25
		votes("NAN", 3, 1, math.NaN()),
	}
	unranked := []place{{0, "NAN"}, {0, "NEW"}, {0, "SILENT"}}
	for _, c := range []struct {
		name  string
		order quasar.Order
		want  []place
	}{
		{"the largest first", quasar.Desc, []place{{1, "ABOVE"}, {2, "AHEAD"}, {3, "EVEN"}, {4, "BEHIND"}}},
		{"the smallest first", quasar.Asc, []place{{1, "BEHIND"}, {2, "EVEN"}, {3, "ABOVE"}, {4, "AHEAD"}}},
		{"the nearest to 0 first", quasar.Balanced, []place{{1, "EVEN"}, {2, "ABOVE"}, {3, "AHEAD"}, {4, "BEHIND"}}},
		{"no order is the hub's default", "", []place{{1, "ABOVE"}, {2, "AHEAD"}, {3, "EVEN"}, {4, "BEHIND"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(append(c.want, unranked...), places(quasar.Rank(spaces, c.order))); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestRankLeavesItsArgumentAlone(t *testing.T) {
	spaces := []quasar.Snapshot{votes("B", 1, 1, 0.5), votes("A", 1, 1, 0.5)}
	if diff := cmp.Diff([]place{{1, "A"}, {2, "B"}}, places(quasar.Rank(spaces, quasar.Desc))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if spaces[0].SpaceName != "B" {
		t.Error("the snapshots were sorted in place")
	}
	if got := quasar.Rank(nil, quasar.Asc); len(got) != 0 {
		t.Errorf("of nothing: got %v", got)
	}
}

func TestRankCarriesTheScore(t *testing.T) {
	got := quasar.Rank([]quasar.Snapshot{votes("A", 3, 1, 0.5)}, quasar.Desc)
	want := []quasar.Ranking{{Rank: 1, Snapshot: votes("A", 3, 1, 0.5), Score: quasar.Score{Value: new(0.25), SignalConfidence: new(0.75)}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestParseOrder(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       quasar.Order
		wantErr    string
	}{
		{name: "the largest first", text: "desc", want: quasar.Desc},
		{name: "the smallest first", text: "asc", want: quasar.Asc},
		{name: "the nearest to 0 first", text: "balanced", want: quasar.Balanced},
		{name: "nothing names no order", text: "", wantErr: `order: got "", want "desc", "asc" or "balanced"`},
		{name: "capitals name none", text: "DESC", wantErr: `order: got "DESC", want "desc", "asc" or "balanced"`},
		{name: "markup is quoted and cut", text: "<script>alert(document.cookie)</script>", wantErr: `order: got "<script>alert(document.c\u2026", want "desc", "asc" or "balanced"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := quasar.ParseOrder(c.text)
			if got != c.want || message(err) != c.wantErr {
				t.Errorf("got %q and %q, want %q and %q", got, message(err), c.want, c.wantErr)
			}
		})
	}
}
