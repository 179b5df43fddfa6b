package bandit_test

import (
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/bandit"
)

// said is a log that says so.
func said(what ...any) iter.Seq2[bandit.Record, error] {
	return func(yield func(bandit.Record, error) bool) {
		for _, x := range what {
			var r bandit.Record
			var err error
			switch x := x.(type) {
			case *bandit.DecisionRecord:
				r.Decision = x
			case *bandit.OutcomeRecord:
				r.Outcome = x
			case *bandit.LostRecord:
				r.Lost = x
			case error:
				err = x
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// joined says of each decision in its order whose outcomes it has.
func joined(t *testing.T, j *bandit.Join, records iter.Seq2[bandit.Record, error]) []string {
	t.Helper()
	var out []string
	for d, err := range j.All(records) {
		must(t, err)
		text := fmt.Sprint(d.ID, ":")
		for _, o := range d.Outcomes {
			text += " " + o.Arm
		}
		out = append(out, text)
	}
	return out
}

func TestOutcomesFindTheirDecisions(t *testing.T) {
	late := func(id int64, arm string, by time.Duration) *bandit.OutcomeRecord {
		o := outcome(id, arm)
		o.At = noon.Add(by)
		return o
	}
	dropped := &bandit.OutcomeRecord{Decision: 2, Arm: "V75", At: noon, Dropped: "no price"}
	tests := []struct {
		name   string
		join   bandit.Join
		log    []any
		want   []string
		counts bandit.JoinCounts
	}{
		{
			"in any order, each once it is known",
			bandit.Join{}, []any{decision(1), decision(2), outcome(2, "V75"), outcome(1, "V100"), outcome(1, "V75"), outcome(2, "V100")},
			[]string{"1: V100 V75", "2: V75 V100"},
			bandit.JoinCounts{Decisions: 2, Outcomes: 4},
		},
		{
			"those that never come, or are dropped, are counted",
			bandit.Join{}, []any{decision(1), decision(2), outcome(1, "V75"), dropped},
			[]string{"1: V75", "2: V75"},
			bandit.JoinCounts{Decisions: 2, Outcomes: 1, Dropped: map[string]int64{"no price": 1}, Never: 2},
		},
		{
			"those that come after the timeout are late",
			bandit.Join{Timeout: time.Minute}, []any{decision(1), late(1, "V75", time.Minute), decision(62), late(1, "V100", 2*time.Minute)},
			[]string{"1: V75", "62:"},
			bandit.JoinCounts{Decisions: 2, Outcomes: 2, Late: 1, Never: 3},
		},
		{
			"so many wait and no more",
			bandit.Join{Most: 2}, []any{decision(1), decision(2), decision(3), outcome(1, "V75"), outcome(3, "V75")},
			[]string{"1:", "2:", "3: V75"},
			bandit.JoinCounts{Decisions: 3, Outcomes: 2, Late: 1, Never: 5},
		},
		{
			"a new count is not mixed with the one before",
			bandit.Join{}, []any{decision(1), decision(2), decision(1), outcome(1, "V75"), outcome(2, "V75")},
			[]string{"1:", "2:", "1: V75"},
			bandit.JoinCounts{Decisions: 3, Outcomes: 2, Late: 1, Never: 5},
		},
		{
			"no decision takes more than two outcomes for each arm",
			bandit.Join{}, []any{decision(1), outcome(1, "V75"), outcome(1, "V75"), outcome(1, "V75"), outcome(1, "V75"), outcome(1, "V75"), outcome(1, "V75"), outcome(1, "V75")},
			[]string{"1: V75 V75 V75 V75 V75 V75"},
			bandit.JoinCounts{Decisions: 1, Outcomes: 7, Late: 1, Never: 1},
		},
		{
			"what is missing is counted",
			bandit.Join{}, []any{&bandit.LostRecord{Records: 4}, &bandit.LogDamage{Line: 2, Reason: "rot"}, decision(1), &bandit.LogDamage{Line: 3, Torn: true}},
			[]string{"1:"},
			bandit.JoinCounts{Decisions: 1, Never: 2, Lost: 4, Damaged: 1, Torn: 1},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, joined(t, &tt.join, said(tt.log...))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if tt.counts.Dropped == nil {
				tt.counts.Dropped = map[string]int64{}
			}
			if diff := cmp.Diff(tt.counts, tt.join.Counts()); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestJoiningEndsWithWhatCannotBeRead(t *testing.T) {
	broken := errors.New("the disk is gone")
	var j bandit.Join
	n := 0
	for d, err := range j.All(said(decision(1), broken, decision(2))) {
		if n++; n > 1 || d != nil || !errors.Is(err, broken) {
			t.Errorf("got %v, %v, want the error alone", d, err)
		}
	}
}

// Whoever has seen enough stops.
func TestJoiningStops(t *testing.T) {
	j := bandit.Join{Most: 1}
	for d := range j.All(said(decision(1), decision(2), decision(3))) {
		if d.ID != 1 {
			t.Errorf("got decision %d after the first", d.ID)
		}
		break
	}
}

func TestAnArmHasAnOutcomeOfEachKind(t *testing.T) {
	shadow, traded, dropped := outcome(1, "V75"), outcome(1, "V75"), outcome(1, "V100")
	traded.Outcome.Traded, dropped.Dropped = true, "late"
	d := bandit.Decided{DecisionRecord: decision(1), Outcomes: []bandit.OutcomeRecord{*traded, *dropped, *shadow}}
	if diff := cmp.Diff([]*bandit.OutcomeRecord{shadow, traded, nil}, []*bandit.OutcomeRecord{d.Outcome("V75", false), d.Outcome("V75", true), d.Outcome("V100", false)}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLogsThatAreNotThere(t *testing.T) {
	_, said := collect(bandit.ReadLogs(filepath.Join(t.TempDir(), "nowhere")))
	if len(said) != 1 {
		t.Errorf("got %q, want one error", said)
	}
}
