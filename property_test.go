package quasar_test

import (
	"encoding/json"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar"
)

// Values that a stranger's program may hold, good and bad.
var (
	anyCount = rapid.OneOf(rapid.Int64Range(0, 9), rapid.Int64(),
		rapid.SampledFrom([]int64{-1, quasar.MaxCount, quasar.MaxCount + 1, math.MinInt64, math.MaxInt64}))
	anyFloat = rapid.OneOf(rapid.Float64(), rapid.Float64Range(-1, 2),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, math.SmallestNonzeroFloat64}))
	anySignal = rapid.OneOf(rapid.SampledFrom([]quasar.Signal{"BUY", "SELL", "NEUTRAL", " buy\t", "Neutral", "HOLD", "", "\u017fell"}),
		rapid.Map(rapid.String(), func(s string) quasar.Signal { return quasar.Signal(s) }))
	anyText   = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "\xff", "a\x1b", strings.Repeat("\u00e9", 64), strings.Repeat("x", 65)}))
	anyFields = rapid.Map(rapid.Uint16(), func(n uint16) quasar.Fields { return quasar.Fields(n) })
	anyName   = rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._-]{0,3}`)
	// From 1970 to 2200.
	anyTime = rapid.Map(rapid.Int64Range(0, 7258118400_000000), time.UnixMicro)
)

var anyUpdate = rapid.Custom(func(t *rapid.T) quasar.Update {
	return quasar.Update{
		Fields: anyFields.Draw(t, "fields"),
		Training: quasar.Training{
			TrainingSteps: rapid.Ptr(anyCount, true).Draw(t, "training_steps"),
			ActorLoss:     rapid.Ptr(anyFloat, true).Draw(t, "actor_loss"),
			CriticLoss:    rapid.Ptr(anyFloat, true).Draw(t, "critic_loss"),
			AVNLoss:       rapid.Ptr(anyFloat, true).Draw(t, "avn_loss"),
			AVNAccuracy:   rapid.Ptr(anyFloat, true).Draw(t, "avn_accuracy"),
		},
		Voting: quasar.Voting{
			DominantSignal: rapid.Ptr(anySignal, true).Draw(t, "dominant_signal"),
			BuyCount:       rapid.Ptr(anyCount, true).Draw(t, "buy_count"),
			SellCount:      rapid.Ptr(anyCount, true).Draw(t, "sell_count"),
			LastPrice:      rapid.Ptr(anyFloat, true).Draw(t, "last_price"),
			SignalSource:   rapid.Ptr(anyText, true).Draw(t, "signal_source"),
		},
	}
})

// validSnapshot is one that updates made.
var validSnapshot = rapid.Custom(func(t *rapid.T) quasar.Snapshot {
	s := quasar.Snapshot{SpaceName: anyName.Draw(t, "name")}
	for _, u := range rapid.SliceOfN(anyUpdate, 0, 3).Draw(t, "updates") {
		s, _ = s.Apply(u, anyTime.Draw(t, "now"))
	}
	return s
})

// one shows a field's value, null where it is not known.
func one(training *quasar.Training, voting *quasar.Voting, f quasar.Field) string {
	fields := quasar.FieldsOf(f)
	return string(voting.AppendJSON(training.AppendJSON(nil, fields), fields))
}

func TestApplyMergesOnlyTheFieldsThatAreSetAndValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, u := validSnapshot.Draw(t, "before"), anyUpdate.Draw(t, "update")
		after, err := before.Apply(u, anyTime.Draw(t, "now"))
		valid, dropped := u.Valid()
		for f := range quasar.AllFields.All() {
			got, want := one(&after.Training, &after.Voting, f), one(&before.Training, &before.Voting, f)
			if valid.Fields.Has(f) {
				want = one(&valid.Training, &valid.Voting, f)
			}
			if got != want {
				t.Errorf("%v: got %s, want %s", f, got, want)
			}
		}
		for _, e := range dropped {
			if !u.Fields.Has(e.Field) || valid.Fields.Has(e.Field) || !strings.Contains(err.Error(), e.Error()) {
				t.Errorf("%v was dropped: set %v, taken %v, the error is %v", e, u.Fields.Has(e.Field), valid.Fields.Has(e.Field), err)
			}
		}
		if valid.Fields.Len()+len(dropped) != u.Fields.Len() {
			t.Errorf("of %d fields %d were taken and %d dropped", u.Fields.Len(), valid.Fields.Len(), len(dropped))
		}
	})
}

func TestSeqRisesWhateverTheClockDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := quasar.Snapshot{SpaceName: "V75"}
		clock := rapid.OneOf(anyTime, rapid.Just(noon), rapid.Map(anyTime, func(at time.Time) time.Time { return at.AddDate(-100, 0, 0) }))
		for _, now := range rapid.SliceOfN(clock, 1, 20).Draw(t, "clock") {
			last := s.Seq
			var err error
			s, err = s.Apply(quasar.UpdateOf(&quasar.Training{AVNLoss: new(1.0)}, nil), now)
			if err != nil || s.Seq <= last || s.Seq < now.UnixMicro() {
				t.Fatalf("at %v: got %d behind %d, %v", now, s.Seq, last, err)
			}
			if s.UpdatedAt != now || s.TrainingAt != now {
				t.Fatalf("got updated_at %v and training_at %v, want %v", s.UpdatedAt, s.TrainingAt, now)
			}
		}
	})
}

func TestValidIsIdempotentAndLeavesItsArgumentAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := anyUpdate.Draw(t, "update")
		before := deepCopy(u)
		valid, _ := u.Valid()
		if diff := cmp.Diff(before, u, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("the argument, -before +after\n%s", diff)
		}
		again, dropped := valid.Valid()
		if diff := cmp.Diff(valid, again); diff != "" || len(dropped) > 0 {
			t.Errorf("dropped %v, -once +twice\n%s", dropped, diff)
		}
	})
}

func deepCopy(u quasar.Update) quasar.Update {
	t, v := &u.Training, &u.Voting
	t.TrainingSteps, v.BuyCount, v.SellCount = clone(t.TrainingSteps), clone(v.BuyCount), clone(v.SellCount)
	t.ActorLoss, t.CriticLoss, t.AVNLoss, t.AVNAccuracy = clone(t.ActorLoss), clone(t.CriticLoss), clone(t.AVNLoss), clone(t.AVNAccuracy)
	v.DominantSignal, v.LastPrice, v.SignalSource = clone(v.DominantSignal), clone(v.LastPrice), clone(v.SignalSource)
	return u
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

// A publisher that could not send for a while sends one merged update instead of
// many: it must come to the same.
func TestMergedUpdatesApplyLikeOneBehindTheOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := validSnapshot.Draw(t, "snapshot")
		first, _ := anyUpdate.Draw(t, "first").Valid()
		next, _ := anyUpdate.Draw(t, "next").Valid()
		apart, _ := s.Apply(first, noon)
		apart, _ = apart.Apply(next, noon)
		together, _ := s.Apply(first.Merge(next), noon)
		if diff := cmp.Diff(apart.Training, together.Training); diff != "" {
			t.Errorf("-apart +together\n%s", diff)
		}
		if diff := cmp.Diff(apart.Voting, together.Voting); diff != "" {
			t.Errorf("-apart +together\n%s", diff)
		}
	})
}

func TestScoreIsInRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := anyUpdate.Draw(t, "update") // values that nobody checked
		s := quasar.Snapshot{Training: u.Training, Voting: u.Voting}
		score := s.Score()
		if c := score.SignalConfidence; c != nil && (!(*c >= 0.5) || *c > 1) {
			t.Errorf("confidence %v", *c)
		}
		if v := score.Value; v != nil && (!(*v >= -0.5) || *v > 1) {
			t.Errorf("score %v", *v)
		}
		if (score.Value == nil) != (score.Reason != "") {
			t.Errorf("score %v with the reason %q", score.Value, score.Reason)
		}
	})
}

func TestRankIsASortedPermutation(t *testing.T) {
	key := map[quasar.Order]func(score float64) float64{
		quasar.Desc:     func(score float64) float64 { return -score },
		quasar.Asc:      func(score float64) float64 { return score },
		quasar.Balanced: math.Abs,
	}
	rapid.Check(t, func(t *rapid.T) {
		spaces := rapid.SliceOfNDistinct(validSnapshot, 0, 30, func(s quasar.Snapshot) string { return s.SpaceName }).Draw(t, "spaces")
		order := rapid.SampledFrom([]quasar.Order{quasar.Desc, quasar.Asc, quasar.Balanced}).Draw(t, "order")
		ranked := quasar.Rank(spaces, order)

		byName := func(a, b quasar.Snapshot) int { return strings.Compare(a.SpaceName, b.SpaceName) }
		got := make([]quasar.Snapshot, 0, len(ranked))
		for _, r := range ranked {
			got = append(got, r.Snapshot)
		}
		if diff := cmp.Diff(slices.SortedFunc(slices.Values(spaces), byName), slices.SortedFunc(slices.Values(got), byName), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("not a permutation, -in +out\n%s", diff)
		}
		for i := range ranked {
			checkNeighbours(t, ranked, i, key[order])
			if i > 0 && order.Compare(&ranked[i-1], &ranked[i]) >= 0 {
				t.Errorf("Compare puts %s behind %s", ranked[i-1].Snapshot.SpaceName, ranked[i].Snapshot.SpaceName)
			}
			if diff := cmp.Diff(ranked[i], quasar.RankOf(&ranked[i].Snapshot, pointers(spaces), order)); diff != "" {
				t.Errorf("%s: -Rank +RankOf\n%s", ranked[i].Snapshot.SpaceName, diff)
			}
		}
	})
}

// One place is asked for often, and most are of hubs with many spaces.
func TestRankOfAllocatesNothingForTheOthers(t *testing.T) {
	allocations := func(n int) float64 {
		spaces := manySpaces(n)
		return testing.AllocsPerRun(10, func() { quasar.RankOf(&spaces[1], pointers(spaces), quasar.Asc) })
	}
	if few, many := allocations(2), allocations(1000); few != many {
		t.Errorf("got %v allocations among 2 and %v among 1000, want no more", few, many)
	}
}

func pointers(spaces []quasar.Snapshot) iter.Seq[*quasar.Snapshot] {
	return func(yield func(*quasar.Snapshot) bool) {
		for i := range spaces {
			if !yield(&spaces[i]) {
				return
			}
		}
	}
}

// checkNeighbours holds the rank at i, and its place behind the one before it.
func checkNeighbours(t *rapid.T, ranked []quasar.Ranking, i int, key func(float64) float64) {
	r := ranked[i]
	if want := i + 1; r.Score.Value != nil && r.Rank != want || r.Score.Value == nil && r.Rank != 0 {
		t.Errorf("%s: got rank %d at %d", r.Snapshot.SpaceName, r.Rank, i)
	}
	if i == 0 {
		return
	}
	before := ranked[i-1]
	named := before.Snapshot.SpaceName < r.Snapshot.SpaceName
	switch a, b := before.Score.Value, r.Score.Value; {
	case a == nil && b == nil:
		if !named {
			t.Errorf("unranked: %s before %s", before.Snapshot.SpaceName, r.Snapshot.SpaceName)
		}
	case a == nil:
		t.Errorf("%s has a score and stands behind one without", r.Snapshot.SpaceName)
	case b != nil && (key(*a) > key(*b) || key(*a) == key(*b) && !named):
		t.Errorf("%s with %v before %s with %v", before.Snapshot.SpaceName, *a, r.Snapshot.SpaceName, *b)
	}
}

func TestSnapshotsSurviveJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := validSnapshot.Draw(t, "snapshot")
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got quasar.Snapshot
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(s, got); diff != "" {
			t.Errorf("%s\n-want +got\n%s", text, diff)
		}
	})
}

// reflected is a snapshot as encoding/json would write it by itself.
type reflected struct {
	SpaceName  string          `json:"space_name"`
	Training   quasar.Training `json:"training"`
	Voting     quasar.Voting   `json:"voting"`
	Seq        int64           `json:"seq"`
	UpdatedAt  *json.Number    `json:"updated_at"`
	TrainingAt *json.Number    `json:"training_at"`
	VotingAt   *json.Number    `json:"voting_at"`
}

func TestAppendJSONSaysWhatEncodingJSONSays(t *testing.T) {
	seconds := func(at time.Time) *json.Number {
		if at.IsZero() {
			return nil
		}
		return new(json.Number(strconv.FormatInt(at.Unix(), 10) + at.Format(".000000")))
	}
	rapid.Check(t, func(t *rapid.T) {
		s := validSnapshot.Draw(t, "snapshot")
		s.SpaceName = anyText.Draw(t, "any name")
		theirs, err := json.Marshal(reflected{s.SpaceName, s.Training, s.Voting, s.Seq, seconds(s.UpdatedAt), seconds(s.TrainingAt), seconds(s.VotingAt)})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(parsed(t, theirs), parsed(t, s.AppendJSON(nil))); diff != "" {
			t.Errorf("-encoding/json +AppendJSON\n%s", diff)
		}
	})
}

func parsed(t *rapid.T, text []byte) any {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}
