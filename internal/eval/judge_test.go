package eval_test

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/internal/eval"
)

// story makes decisions as a ranker would, in a world whose truth is known: arm i has
// two features, of which the first, times edge, is its mean return; the ranker believes
// half of that and takes the best of it, but for a floor.
type story struct {
	n, arms     int
	edge, floor float64
	horizon     time.Duration // a decision is made each second
	trade       float64       // standard deviation of a trade about the price; 0 trades nothing
	seed        uint64
	bare        bool // no features
}

func (s story) decided() iter.Seq2[*bandit.Decided, error] {
	return func(yield func(*bandit.Decided, error) bool) {
		random := rand.New(rand.NewPCG(s.seed, 9))
		for i := range s.n {
			if !yield(s.one(i, random), nil) {
				return
			}
		}
	}
}

func (s story) one(i int, random *rand.Rand) *bandit.Decided {
	at := time.Date(2026, 7, 1, 0, 0, i, 0, time.UTC)
	d := &bandit.Decided{DecisionRecord: &bandit.DecisionRecord{ID: int64(i), At: at, T: int64(i), Policy: "ucb"}}
	best := 0
	for k := range s.arms {
		x := bandit.Row{float32(random.NormFloat64()), float32(random.NormFloat64())}
		if s.bare {
			x = nil
		}
		a := bandit.ArmRecord{Name: fmt.Sprintf("R_%d", k), X: x, Key: new(-float64(k)), P: s.floor / float64(s.arms)}
		mean := s.edge * random.NormFloat64()
		if !s.bare {
			mean = s.edge * float64(x[0])
		}
		a.Belief = &bandit.BeliefRecord{Mean: mean / 2, SD: .1}
		d.Arms = append(d.Arms, a)
		if a.Belief.Mean > d.Arms[best].Belief.Mean {
			best = k
		}
		d.Outcomes = append(d.Outcomes, s.outcome(d, k, mean+random.NormFloat64()))
	}
	d.Arms[best].P += 1 - s.floor
	if d.Chosen = best; random.Float64() < s.floor {
		d.Chosen = random.IntN(s.arms)
	}
	d.Explored = d.Chosen != best
	if s.trade > 0 {
		o := d.Outcomes[d.Chosen]
		o.Outcome.Traded, o.Outcome.Stake = true, 10
		o.Outcome.PnL = 10 * (*o.Reward + s.trade*random.NormFloat64())
		o.Reward = new(o.Outcome.PnL / 10)
		d.Outcomes = append(d.Outcomes, o)
	}
	return d
}

// outcome is one whose reward is y: a price that went the signal's way by so many
// hundredths, its volatility.
func (s story) outcome(d *bandit.Decided, arm int, y float64) bandit.OutcomeRecord {
	return bandit.OutcomeRecord{
		Decision: d.ID, Arm: d.Arms[arm].Name, At: d.At.Add(s.horizon), Reward: new(y), Weight: 1 / math.Max(1, s.horizon.Seconds()),
		Outcome: bandit.Outcome{Direction: 1, Move: y / 100, Volatility: .01},
	}
}

func judged(t *testing.T, s story, target string, traded bool) *eval.Judged {
	t.Helper()
	policy, err := eval.NewTarget(target, traded, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := eval.JudgeLog(s.decided(), policy, traded)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// inside tells whether an interval holds a value.
func inside(e bandit.Estimate, v float64) bool { return e.Low <= v && v <= e.High }

// The truth of a story with four arms and an edge of 1: the best of four normal means is
// worth 1.0294, any arm 0, and what was recorded 0.8 of the best.
func TestTargetsAreWorthWhatTheyAre(t *testing.T) {
	s := story{n: 3000, arms: 4, edge: 1, floor: .2, seed: 3}
	const best = 1.029375373
	for target, worth := range map[string]float64{"random": 0, "formula": 0, "greedy": best, "logged": .8 * best} {
		got := judged(t, s, target, false)
		e := got.Estimates
		for name, v := range map[string]bandit.Estimate{"ips": e.IPS, "snips": e.SNIPS, "dr": e.DR, "prices": got.Priced.Target} {
			if !inside(v, worth) {
				t.Errorf("%s: %s: got %+v, want %.3f inside", target, name, v, worth)
			}
		}
		if e.Doubt != "" || got.Overlap != 1 || got.Arms != 4 || got.Judged != 3000 || got.Known != 3000 {
			t.Errorf("%s: got %+v, want all judged without a doubt", target, got)
		}
		if got.Priced.Target.SE > e.DR.SE {
			t.Errorf("%s: got a standard error of %v by all prices and %v by one, want it smaller", target, got.Priced.Target.SE, e.DR.SE)
		}
	}
}

// A policy that learns from the log ends near the best, but only by what it could know:
// where outcomes come after the end it has learned nothing.
func TestAPolicyLearnsFromTheLog(t *testing.T) {
	s := story{n: 3000, arms: 4, edge: 1, floor: .2, seed: 4}
	if got := judged(t, s, "linucb", false); got.Priced.Target.Low < .9 {
		t.Errorf("got %+v, want it near 1.03", got.Priced.Target)
	}
	s.horizon = time.Duration(s.n) * time.Second
	if got := judged(t, s, "linucb", false); !inside(got.Priced.Target, 0) || got.Priced.Target.Mean > .2 {
		t.Errorf("with outcomes that come too late: got %+v, want about 0", got.Priced.Target)
	}
}

func TestOverlapIsFoundInTheLog(t *testing.T) {
	s := story{n: 500, arms: 2, edge: 0, floor: 1, seed: 5, horizon: 12 * time.Second}
	if got := judged(t, s, "random", false).Overlap; got != 12 {
		t.Errorf("got %d decisions that overlap, want 12", got)
	}
}

// Without a floor nothing is known of what was not chosen, and the judge says so.
func TestALogWithoutAFloorJudgesNobodyElse(t *testing.T) {
	got := judged(t, story{n: 2000, arms: 4, edge: 1, seed: 6}, "random", false)
	if e := got.Estimates; math.Abs(e.Unsupported-.75) > 1e-9 || !strings.Contains(e.Doubt, "had no chance of being recorded") {
		t.Errorf("got %v unsupported and %q, want three quarters and a doubt", e.Unsupported, e.Doubt)
	}
	if got.Priced == nil || !inside(got.Priced.Target, 0) {
		t.Errorf("by the prices of all arms: got %+v, want 0 inside", got.Priced)
	}
}

func TestTradesAreJudgedByThemselves(t *testing.T) {
	got := judged(t, story{n: 1000, arms: 3, edge: 1, floor: .3, trade: .1, seed: 7}, "greedy", true)
	if got.Judged != 1000 || got.Priced != nil || got.Estimates.Doubt != "" {
		t.Errorf("got %+v, want all judged, and nothing by prices", got)
	}
	_, err := eval.JudgeLog(story{n: 10, arms: 3, floor: .3, seed: 7}.decided(), mustTarget(t, "greedy"), true)
	if err == nil || !strings.Contains(err.Error(), "got 10 decisions, 0 of them with an outcome") {
		t.Errorf("without trades: got %v, want an error", err)
	}
}

func mustTarget(t *testing.T, name string) eval.Target {
	t.Helper()
	target, err := eval.NewTarget(name, false, 1)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func TestTargetsThatCannotBe(t *testing.T) {
	if _, err := eval.NewTarget("magic", false, 1); err == nil || !strings.HasPrefix(err.Error(), `got target "magic", want one of random, greedy, formula, logged, `) {
		t.Errorf("got %v, want an error with the targets", err)
	}
	_, err := eval.JudgeLog(story{n: 10, arms: 3, floor: .3, bare: true}.decided(), mustTarget(t, "linucb"), false)
	if err == nil || !strings.Contains(err.Error(), "has no features, want them recorded for linucb") {
		t.Errorf("without features: got %v, want an error", err)
	}
	broken := errors.New("the disk is gone")
	_, err = eval.JudgeLog(func(yield func(*bandit.Decided, error) bool) { yield(nil, broken) }, mustTarget(t, "random"), false)
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want that the disk is gone", err)
	}
}

// Revalue goes by the raw outcomes alone.
func TestAnotherRewardOfTheSameOutcomes(t *testing.T) {
	s := story{n: 3, arms: 2, edge: 1, floor: .5, trade: .5, seed: 8}
	decided, err := eval.Revalue(s.decided(), "binary")
	if err != nil {
		t.Fatal(err)
	}
	for d := range decided {
		for _, o := range d.Outcomes {
			won := o.Outcome.Move > 0
			if o.Outcome.Traded {
				won = o.Outcome.PnL > 0
			}
			if want := map[bool]float64{true: 1}[won]; *o.Reward != want {
				t.Errorf("decision %d: %+v: got %v, want %v", d.ID, o.Outcome, *o.Reward, want)
			}
		}
	}
	if _, err := eval.Revalue(s.decided(), "profit"); err == nil {
		t.Error("got no error for a reward that is none")
	}
}

func TestReplayOfABeliefThatIsTrue(t *testing.T) {
	s := story{n: 2000, arms: 4, edge: .5, floor: .2, trade: .1, seed: 9}
	got, err := eval.ReplayLog(s.decided())
	if err != nil {
		t.Fatal(err)
	}
	// The prediction is half of the mean, whose variance is a fifth of the reward's.
	if p := got.Prequential; p.N != 8000 || math.Abs(p.Correlation-math.Sqrt(.2)) > .03 || math.Abs(p.R2-.15) > .03 {
		t.Errorf("prequential: got %+v, want a correlation of .447 and an R² of .15", p)
	}
	if len(got.Deciles) != 10 {
		t.Fatalf("got %d deciles, want 10", len(got.Deciles))
	}
	for i, d := range got.Deciles {
		if d.N != 800 || math.Abs(d.Realised.Mean-2*d.Predicted) > 4*d.Realised.SE {
			t.Errorf("tenth %d: got %+v, want 800 that realise twice as much as was predicted", i+1, d)
		}
	}
	names := map[string]bandit.Estimate{}
	for _, c := range got.Choices {
		names[c.Name] = c.Reward
	}
	for name, worth := range map[string]float64{"chosen": .8 * .5 * 1.0294, "highest mean": .5 * 1.0294, "formula": 0, "any arm alike": 0} {
		if !inside(names[name], worth) {
			t.Errorf("%s: got %+v, want %.3f inside", name, names[name], worth)
		}
	}
	if !got.Gate.Open() || !got.Chosen.Open() || got.Executed.N != 2000 || got.Executed.Correlation < .99 || got.Executed.Warning != "" {
		t.Errorf("got gates %q and %q, trades %+v, want both open and no warning", got.Gate.Sentence(), got.Chosen.Sentence(), got.Executed)
	}
	if math.Abs(got.Explored-.15) > .03 || got.Known != 2000 || got.Overlap != 1 {
		t.Errorf("got %v explored, %d known, an overlap of %d, want .15, 2000 and 1", got.Explored, got.Known, got.Overlap)
	}
}

// Where there is nothing to know, the replay says no evidence of an edge, however long
// the log is, and that trades are something else than the prices.
func TestReplayOfNothing(t *testing.T) {
	s := story{n: 3000, arms: 4, edge: 0, floor: .2, trade: 2, seed: 10, horizon: 5 * time.Second}
	got, err := eval.ReplayLog(s.decided())
	if err != nil {
		t.Fatal(err)
	}
	if said := got.Gate.Sentence(); !strings.HasPrefix(said, "no evidence of an edge: mean ") || got.Gate.N() != 600 {
		t.Errorf("got %q, want no evidence after 600, one of five", said)
	}
	if !strings.Contains(got.Executed.Warning, "a correlation of 0.4") || !strings.Contains(got.Executed.Warning, "over 3000 trades, want 0.9 at least") {
		t.Errorf("got %q, want a warning", got.Executed.Warning)
	}
	few, err := eval.ReplayLog(story{n: 49, arms: 2, trade: 2, seed: 10}.decided())
	if err != nil || few.Executed.Warning != "" {
		t.Errorf("of 49 trades: got %v, %q, want no warning yet", err, few.Executed.Warning)
	}
	if _, err := eval.ReplayLog(story{}.decided()); err == nil {
		t.Error("of no decisions: got no error")
	}
}

func TestTheGateOfTheRankerTurns(t *testing.T) {
	open := func(i int64, open bool) *bandit.Decided {
		return &bandit.Decided{DecisionRecord: &bandit.DecisionRecord{
			ID: i, At: time.Unix(i, 0).UTC(), Policy: "ucb", Arms: []bandit.ArmRecord{{Name: "A", P: 1}}, Gate: &bandit.GateRecord{Open: open, N: i},
		}}
	}
	got, err := eval.ReplayLog(func(yield func(*bandit.Decided, error) bool) {
		for i, o := range []bool{false, false, true, true, false, true} {
			if !yield(open(int64(i), o), nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var turns []string
	for _, t := range got.Turns {
		turns = append(turns, fmt.Sprint(t.At.Unix(), t.Gate.Open))
	}
	if diff := cmp.Diff([]string{"2 true", "4 false", "5 true"}, turns); diff != "" || !got.Newest.Open {
		t.Errorf("newest %+v, turns (-want +got):\n%s", got.Newest, diff)
	}
}
