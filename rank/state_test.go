package rank_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/rank"
)

// lived returns features of two assets that have lived for a while.
func lived(tb testing.TB) (*rank.Features, *busy) {
	f, b := newFeatures(tb, nil), newBusy(2)
	for i := range 400 {
		asset, _ := f.Update(b.next(), b.now)
		b.now = b.now.Add(time.Second)
		f.Open(asset, int64(i), b.now, nil)
	}
	if f.Outcomes().Labelled == 0 {
		tb.Fatal("got no label")
	}
	return f, b
}

func TestRestoreRefusesWhatIsNoStateAndChangesNothing(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(s *rank.FeaturesState)
		want  string
	}{
		{"one of other features", func(s *rank.FeaturesState) { s.Hash = "other" }, `features: hash: got "other", want `},
		{"too many assets", func(s *rank.FeaturesState) { s.Names = make([]string, 10_001) }, "features: got 10001 assets, want at most 10000"},
		{"too few numbers", func(s *rank.FeaturesState) { s.Cells = s.Cells[1:] }, "features: cells: got "},
		{"too many sources", func(s *rank.FeaturesState) { s.Sources = make([]string, 5) }, "features: sources: got 5, want at most 4"},
		{"a clock that is none", func(s *rank.FeaturesState) { s.Clock[1] = math.NaN() }, "features: clock: got "},
		{"an asset twice", func(s *rank.FeaturesState) { s.Names[1] = s.Names[0] }, `features: asset "A00000": got it twice, want each once`},
		{"a number that is none", func(s *rank.FeaturesState) { s.Cells[0] = math.NaN() }, "features: A00000: since: got NaN, want -1e+100 to "},
		{"a time to come", func(s *rank.FeaturesState) { s.Cells[rank.StateWidth] = s.Clock[0] + 1 }, "features: A00001: since: got "},
		{"a share of a count", func(s *rank.FeaturesState) { s.Cells[5] = 1.5 }, "features: A00000: buys: got 1.5, want a whole number"},
		{"a sum below 0", func(s *rank.FeaturesState) { s.Cells[1] = -1 }, "features: A00000: updates: got -1, want 0 to 1e+100"},
	} {
		t.Run("refuses "+c.name, func(t *testing.T) {
			f, _ := lived(t)
			before, s := f.State(), f.State()
			c.spoil(&s)
			if err := f.Restore(s); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if diff := cmp.Diff(before, f.State(), cmp.Comparer(sameBits)); diff != "" {
				t.Errorf("-before +after\n%s", diff)
			}
		})
	}
}

// Rows that were made from a restored state are those that were made before it was
// taken, save for the ranks, which a decision makes.
func TestRestoreGivesTheSameRows(t *testing.T) {
	f, b := lived(t)
	g := newFeatures(t, nil)
	if err := g.Restore(f.State()); err != nil {
		t.Fatal(err)
	}
	x, y := make([]float64, rank.Width), make([]float64, rank.Width)
	for asset := range f.Len() {
		f.Row(asset, b.now, x)
		g.Row(asset, b.now, y)
		if diff := cmp.Diff(x, y); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		if f.Skill(asset) != g.Skill(asset) || f.Direction(asset) != g.Direction(asset) {
			t.Errorf("got %+v, want %+v", g.Skill(asset), f.Skill(asset))
		}
	}
}

// FuzzRestore takes numbers from a file that somebody made up: they are refused, or
// they make features like any others.
func FuzzRestore(f *testing.F) {
	whole, _ := lived(f)
	state := whole.State()
	f.Add(uint16(0), math.Float64bits(math.NaN()), uint16(9), math.Float64bits(1e308))
	f.Add(uint16(40), math.Float64bits(-1), uint16(41), math.Float64bits(math.Inf(1)))
	f.Add(uint16(5), math.Float64bits(1), uint16(60), math.Float64bits(5e-324))
	f.Fuzz(func(t *testing.T, i uint16, x uint64, j uint16, y uint64) {
		s := state
		s.Cells = append([]float64(nil), state.Cells...)
		s.Cells[int(i)%len(s.Cells)] = math.Float64frombits(x)
		s.Cells[int(j)%len(s.Cells)] = math.Float64frombits(y)
		g := newFeatures(t, nil)
		if g.Restore(s) != nil {
			return
		}
		goOn(t, g, binary.LittleEndian.AppendUint64(nil, x^y))
	})
}

// goOn plays a little more with features that came from a file.
func goOn(t *testing.T, g *rank.Features, seed []byte) {
	b := newBusy(2)
	b.now = b.now.Add(time.Hour)
	raw := make([]float64, rank.Width)
	table := rank.Table()
	for i := range 40 {
		asset, _ := g.Update(b.next(), b.now)
		b.now = b.now.Add(time.Duration(seed[i%len(seed)]) * time.Second)
		g.Open(asset, int64(i), b.now, nil)
		g.Row(asset, b.now, raw)
		for i, f := range table {
			if x := raw[i]; x != 0 && !(f.Min <= x && x <= f.Max) {
				t.Fatalf("%s: got %v, want %v to %v", f.Name, x, f.Min, f.Max)
			}
		}
	}
}
