package space

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/price"
)

func newEnsemble(tb testing.TB, opts EnsembleOptions) *Ensemble {
	tb.Helper()
	e, err := NewEnsemble(&opts)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func process(tb testing.TB, name string, seed uint64) *price.Process {
	tb.Helper()
	index, err := price.Lookup(name)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := price.New(index, seed)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// feed steps e through n ticks.
func feed(tb testing.TB, e *Ensemble, ticks Process, n int) {
	tb.Helper()
	for range n {
		if err := e.Step(ticks.Next()); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestNothingIsKnownBeforeItIs(t *testing.T) {
	e := newEnsemble(t, EnsembleOptions{Seed: 1})
	ticks := process(t, "V75", 1)
	source := new("ensemble")
	wantTraining := quasar.Training{TrainingSteps: new(int64(0))}

	if diff := cmp.Diff(wantTraining, e.Training()); diff != "" {
		t.Errorf("training before any tick (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(quasar.Voting{SignalSource: source}, e.Voting()); diff != "" {
		t.Errorf("voting before any tick (-want +got):\n%s", diff)
	}
	feed(t, e, ticks, warmUp)
	if diff := cmp.Diff(wantTraining, e.Training()); diff != "" {
		t.Errorf("training in the warm-up (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(quasar.Voting{SignalSource: source, LastPrice: new(ticks.Price())}, e.Voting()); diff != "" {
		t.Errorf("voting in the warm-up (-want +got):\n%s", diff)
	}
	feed(t, e, ticks, 1)
	if v := e.Voting(); v.BuyCount == nil || v.SellCount == nil || v.DominantSignal == nil {
		t.Errorf("after the warm-up got %+v, want votes", v)
	}
}

func TestTheAccuracyIsUnknownUntilTwentyVotesHaveResolved(t *testing.T) {
	e := newEnsemble(t, EnsembleOptions{Seed: 1})
	ticks := process(t, "V75", 1)
	for e.Record().Resolved < 20 {
		if got := e.Training().AVNAccuracy; got != nil {
			t.Fatalf("after %d votes got %v, want unknown", e.Record().Resolved, *got)
		}
		feed(t, e, ticks, 1)
	}
	want := new(float64(e.Record().JudgedRight) / 20)
	if diff := cmp.Diff(want, e.Training().AVNAccuracy); diff != "" {
		t.Errorf("after 20 votes (-want +got):\n%s", diff)
	}
}

func TestTheAccuracyCoversTheLastThousandVotes(t *testing.T) {
	var w window
	var hits []bool
	for i := range 3500 {
		hits = append(hits, i%7 == 0 || i > 1200 && i%2 == 0)
		w.add(hits[i])
		n := min(len(hits), 1000)
		right := 0
		for _, hit := range hits[len(hits)-n:] {
			if hit {
				right++
			}
		}
		want := new(float64(right) / float64(n))
		if len(hits) < 20 {
			want = nil
		}
		if diff := cmp.Diff(want, w.share()); diff != "" {
			t.Fatalf("after %d (-want +got):\n%s", len(hits), diff)
		}
	}
}

func TestAStepIsCountedForEachBetAndEachVoteThatCameDue(t *testing.T) {
	const voted = 200
	e := newEnsemble(t, EnsembleOptions{Seed: 3, Agents: 7})
	feed(t, e, process(t, "V75", 3), warmUp+voted)
	want := e.Record().Resolved
	for _, horizon := range []int64{1, 2, 3, 5, 8, 1, 2} {
		want += voted - horizon
	}
	if got := *e.Training().TrainingSteps; got != want || e.Record().Resolved == 0 {
		t.Errorf("got %d steps, want %d, of which %d votes", got, want, e.Record().Resolved)
	}
}

func TestTheMajorityDecides(t *testing.T) {
	for _, test := range []struct {
		name        string
		buys, sells int
		want        quasar.Signal
	}{
		{"more buys", 7, 3, quasar.Buy},
		{"one sell among abstentions", 0, 1, quasar.Sell},
		{"a tie", 5, 5, quasar.Neutral},
		{"nobody", 0, 0, quasar.Neutral},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := signals[majority(test.buys, test.sells)]; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestTheVotesAreThoseOfTheNewestTick(t *testing.T) {
	e := newEnsemble(t, EnsembleOptions{Seed: 2})
	ticks := process(t, "V75", 2)
	feed(t, e, ticks, 50)
	last := (e.votes - 1) % historySize
	var buys, sells int64
	for _, a := range e.agents {
		switch a.acted[last] {
		case buy:
			buys++
		case sell:
			sells++
		}
	}
	want := quasar.Voting{
		DominantSignal: new(signals[majority(int(buys), int(sells))]),
		BuyCount:       &buys, SellCount: &sells,
		LastPrice: new(ticks.Price()), SignalSource: new("ensemble"),
	}
	if diff := cmp.Diff(want, e.Voting()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The verdict counts as it was given, and the vote by the price five ticks on:
// both worked out here a second time.
func TestAVoteIsResolvedByThePriceAtItsHorizon(t *testing.T) {
	e := newEnsemble(t, EnsembleOptions{Seed: 4})
	ticks := process(t, "STEP", 4)
	var want Record
	var prices []float64
	var sides []action
	var trusted []bool
	feed(t, e, ticks, warmUp)
	for i := range 500 {
		feed(t, e, ticks, 1)
		prices = append(prices, ticks.Price())
		newest := e.history[(e.votes-1)%historySize]
		sides, trusted = append(sides, newest.side), append(trusted, newest.trusted)
		if then := i - 5; then >= 0 && sides[then] != abstain {
			rose, fell := prices[i] > prices[then], prices[i] < prices[then]
			right := sides[then] == buy && rose || sides[then] == sell && fell
			want.add(sides[then], right, trusted[then])
		}
	}
	if diff := cmp.Diff(want, e.Record()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPriceThatDoesNotMoveMakesEveryVoteWrong(t *testing.T) {
	e := newEnsemble(t, EnsembleOptions{Seed: 1})
	for range 500 {
		if err := e.Step(1000); err != nil {
			t.Fatal(err)
		}
	}
	if r := e.Record(); r.VotesRight != 0 || r.Resolved < 300 || *r.BaseRate() != 1 {
		t.Errorf("got %+v", r)
	}
}

func TestARecordWithoutVotesHasNoShares(t *testing.T) {
	var r Record
	if r.Accuracy() != nil || r.VoteAccuracy() != nil || r.BaseRate() != nil {
		t.Error("got a share of nothing, want nil")
	}
	r = Record{Resolved: 10, VotesRight: 5, JudgedRight: 8, Buys: 6, BuysRight: 5} // so of four sells none was right
	got := []float64{*r.Accuracy(), *r.VoteAccuracy(), *r.BaseRate()}
	if diff := cmp.Diff([]float64{0.8, 0.5, 0.9}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOneSeedIsOneLife(t *testing.T) {
	life := func(seed uint64) quasar.Update {
		e := newEnsemble(t, EnsembleOptions{Seed: seed})
		feed(t, e, process(t, "V75", 9), 2000)
		return quasar.Update{Training: e.Training(), Voting: e.Voting()}
	}
	if diff := cmp.Diff(life(1), life(1)); diff != "" {
		t.Errorf("two lives of one seed (-first +second):\n%s", diff)
	}
	if cmp.Equal(life(1).Training, life(2).Training) {
		t.Error("two seeds gave the same life")
	}
}

func TestStepRefusesWhatIsNoPriceAndForgetsIt(t *testing.T) {
	e, twin := newEnsemble(t, EnsembleOptions{Seed: 1}), newEnsemble(t, EnsembleOptions{Seed: 1})
	ticks, same := process(t, "V75", 1), process(t, "V75", 1)
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		feed(t, e, ticks, 100)
		feed(t, twin, same, 100)
		if err := e.Step(bad); err == nil {
			t.Errorf("Step(%v): got no error", bad)
		}
	}
	if diff := cmp.Diff(twin.Training(), e.Training()); diff != "" {
		t.Errorf("against a twin without the bad prices (-twin +got):\n%s", diff)
	}
	if diff := cmp.Diff(twin.Voting(), e.Voting()); diff != "" {
		t.Errorf("against a twin without the bad prices (-twin +got):\n%s", diff)
	}
}

// Prices that no market has: the published numbers stay numbers all the same.
func TestWhateverThePricesEverythingPublishedIsFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e, err := NewEnsemble(&EnsembleOptions{Seed: rapid.Uint64().Draw(t, "seed"), Agents: 3, Horizon: 2})
		if err != nil {
			t.Fatal(err)
		}
		gen := rapid.OneOf(rapid.Float64Range(5e-324, math.MaxFloat64), rapid.Float64Range(1, 2), rapid.Just(1.0),
			rapid.Just(math.MaxFloat64), rapid.Just(5e-324))
		for _, tick := range rapid.SliceOfN(gen, 60, 150).Draw(t, "ticks") {
			if err := e.Step(tick); err != nil {
				t.Fatal(err)
			}
			u := quasar.Update{Fields: quasar.AllFields, Training: e.Training(), Voting: e.Voting()}
			valid, dropped := u.Valid()
			if diff := cmp.Diff(u, valid); diff != "" || len(dropped) > 0 {
				t.Fatalf("the schema refuses %v or changes (-published +valid):\n%s", dropped, diff)
			}
			if *u.Training.TrainingSteps > 0 && (u.Training.ActorLoss == nil || u.Training.CriticLoss == nil) {
				t.Fatalf("got %+v, want losses", u.Training)
			}
		}
	})
}

func TestATickAllocatesNothing(t *testing.T) {
	e := newEnsemble(t, EnsembleOptions{})
	ticks := process(t, "V75", 1)
	if got := testing.AllocsPerRun(500, func() { feed(t, e, ticks, 1) }); got != 0 {
		t.Errorf("got %v allocations a tick, want 0", got)
	}
}

func TestNewEnsembleSaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name, want string
		opts       EnsembleOptions
	}{
		{"a negative number of agents", "space: agents: got -1, want 1 to 1000", EnsembleOptions{Agents: -1}},
		{"a crowd", "space: agents: got 1001, want 1 to 1000", EnsembleOptions{Agents: 1001}},
		{"a vote that is resolved before it is cast", "space: horizon: got -1 ticks, want 1 to 60", EnsembleOptions{Horizon: -1}},
		{"a vote that is never resolved", "space: horizon: got 61 ticks, want 1 to 60", EnsembleOptions{Horizon: 61}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := NewEnsemble(&test.opts); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	if e, err := NewEnsemble(nil); err != nil || len(e.agents) != 10 || e.horizon != 5 {
		t.Errorf("without options got %v, want 10 agents and a horizon of 5", err)
	}
}

func TestTheLongestHorizonFits(t *testing.T) {
	e := newEnsemble(t, EnsembleOptions{Seed: 1, Horizon: MaxHorizon})
	feed(t, e, process(t, "V75", 1), 500)
	if e.Record().Resolved == 0 {
		t.Error("no vote resolved")
	}
}

func BenchmarkStep(b *testing.B) {
	ticks := process(b, "V75", 1)
	e := newEnsemble(b, EnsembleOptions{})
	b.ReportAllocs()
	for b.Loop() {
		feed(b, e, ticks, 1)
	}
}
