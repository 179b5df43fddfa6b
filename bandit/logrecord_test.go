package bandit_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/bandit"
)

func TestRecordsThatNobodyCanJudgeByAreRefused(t *testing.T) {
	change := func(f func(d *bandit.DecisionRecord)) *bandit.DecisionRecord {
		d := decision(4)
		f(d)
		return d
	}
	nan := func() float64 { zero := 0.; return zero / zero }()
	for want, d := range map[string]*bandit.DecisionRecord{
		"decision 4: got no time":                                                             change(func(d *bandit.DecisionRecord) { d.At = time.Time{} }),
		"decision 4: chosen: got place 3 of 3 arms, want one of them":                         change(func(d *bandit.DecisionRecord) { d.Chosen = 3 }),
		"decision 4: CRASH500 was chosen with probability 0, want the one that it really had": change(func(d *bandit.DecisionRecord) { d.Chosen = 2 }),
		`decision 4: got the arm "V75" in place 1, want a name that no other has`:             change(func(d *bandit.DecisionRecord) { d.Arms[1].Name = "V75" }),
		"decision 4: V75: got the probability NaN, want 0 to 1":                               change(func(d *bandit.DecisionRecord) { d.Arms[0].P = nan }),
		"decision 4: got probabilities that add up to 1.03, want 1":                           change(func(d *bandit.DecisionRecord) { d.Arms[0].P = .98 }),
		"decision 4: V75: got the belief NaN ± 0.5, want finite numbers":                      change(func(d *bandit.DecisionRecord) { d.Arms[0].Belief.Mean = nan }),
		"decision 4: CRASH500: got the key NaN, want a finite number or none":                 change(func(d *bandit.DecisionRecord) { d.Arms[2].Key = new(nan) }),
		"decision 4: V100: got 1 features, want 2 as the first has":                           change(func(d *bandit.DecisionRecord) { d.Arms[1].X = bandit.Row{1} }),
		"feature 1: got NaN, want a finite number of 32 bits":                                 change(func(d *bandit.DecisionRecord) { d.Arms[0].X = bandit.NewRow([]float64{1, nan}) }),
		"feature 0: got +Inf, want a finite number of 32 bits":                                change(func(d *bandit.DecisionRecord) { d.Arms[0].X = bandit.NewRow([]float64{1e300, 0}) }),
		"decision 4: chosen: got place 0 of 0 arms, want one of them":                         {ID: 4, At: noon},
	} {
		l := openLog(t, filepath.Join(t.TempDir(), "decisions.log"), nil)
		if err := l.Decision(d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if stats := l.Stats(); stats != (bandit.LogStats{}) {
			t.Errorf("%s: got %+v, want nothing recorded", want, stats)
		}
	}
}

func TestOutcomesThatAreNoneAreRefused(t *testing.T) {
	change := func(f func(o *bandit.OutcomeRecord)) *bandit.OutcomeRecord {
		o := outcome(4, "V75")
		f(o)
		return o
	}
	nan := func() float64 { zero := 0.; return zero / zero }()
	for want, o := range map[string]*bandit.OutcomeRecord{
		`an outcome of decision 4: got the arm "" at`:                                           change(func(o *bandit.OutcomeRecord) { o.Arm = "" }),
		"decision 4: V75: got the reward 0.47 of an outcome that was dropped (late), want none": change(func(o *bandit.OutcomeRecord) { o.Dropped = "late" }),
		"decision 4: V75: got the weight -1, want 0 to 1":                                       change(func(o *bandit.OutcomeRecord) { o.Weight = -1 }),
		"decision 4: V75: got the direction 3, want -1, 0 or 1":                                 change(func(o *bandit.OutcomeRecord) { o.Outcome.Direction = 3 }),
		"decision 4: V75: got the reward NaN, want a finite number or none":                     change(func(o *bandit.OutcomeRecord) { o.Reward = new(nan) }),
		"want finite numbers": change(func(o *bandit.OutcomeRecord) { o.Outcome.PnL = nan }),
	} {
		l := openLog(t, filepath.Join(t.TempDir(), "decisions.log"), nil)
		if err := l.Outcome(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

func TestARecordOfAChoice(t *testing.T) {
	r := &bandit.Round{T: 9, Arms: []int{4, 7}, X: [][]float64{{.5}, {.25}}}
	c := &bandit.Choice{Arm: 1, P: []float64{0, 1}, Mean: []float64{2, 1}, SD: []float64{.5, 3}, Explored: true}
	want := &bandit.DecisionRecord{
		T: 9, Chosen: 1, Explored: true,
		Arms: []bandit.ArmRecord{
			{Name: "arm 4", P: 0, Belief: &bandit.BeliefRecord{Mean: 2, SD: .5}, X: bandit.Row{.5}},
			{Name: "arm 7", P: 1, Belief: &bandit.BeliefRecord{Mean: 1, SD: 3}, X: bandit.Row{.25}},
		},
	}
	got := bandit.NewDecisionRecord(r, c, func(arm int) string { return fmt.Sprint("arm ", arm) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{.25}, got.Arms[1].X.Floats()); diff != "" {
		t.Errorf("the row again (-want +got):\n%s", diff)
	}
}
