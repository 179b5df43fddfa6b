package app

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/internal/wire"
)

func TestTheSelfTestPasses(t *testing.T) {
	got := quasarCommand(t, "", "rank", "--test", "--hub", "ws://127.0.0.1:1")
	if n := strings.Count(got.stdout, "  ok\n"); got.code != exitOK || n != 8 || strings.Contains(got.stdout, "FAILED") {
		t.Errorf("got %d with %d checks of 8 that passed:\n%s%s", got.code, n, got.stdout, got.stderr)
	}
}

// stuck is an index that knows no order.
type stuck struct{ all []quasar.Ranking }

func (s *stuck) Set(snapshot quasar.Snapshot) {
	s.all = append(s.all, quasar.Ranking{Snapshot: snapshot})
}
func (s *stuck) Rankings() []quasar.Ranking          { return s.all }
func noRanking(*quasar.Snapshot) (none quasar.Score) { return none }

// A self-test that cannot fail says nothing: each component is broken once, and the
// check of it, and no other, finds that.
func TestTheSelfTestFindsABrokenComponent(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*components)
		want  string // the line of the table

		patience time.Duration // 0 for a minute
	}{
		{name: "a formula without an answer", spoil: func(c *components) { c.score = noRanking },
			want: "formula: a known answer  FAILED: 7 to 3 votes at 0.86: got –, want -0.160"},
		{name: "a formula that takes 0/0 for 0", spoil: func(c *components) {
			c.score = func(s *quasar.Snapshot) quasar.Score {
				if score := s.Score(); score.Value != nil {
					return score
				}
				return quasar.Score{Value: new(0.0)}
			}
		}, want: `formula: a known answer  FAILED: no votes: got 0.000 "", want none`},
		{name: "an order upside down", spoil: func(c *components) {
			c.rank = func(s []quasar.Snapshot, _ quasar.Order) []quasar.Ranking { return quasar.Rank(s, quasar.Asc) }
		}, want: "orders: desc, asc and balanced  FAILED: desc: got B C A D, want A C B D"},
		{name: "a merge that forgets", spoil: func(c *components) {
			c.apply = func(s quasar.Snapshot, u quasar.Update, now time.Time) (quasar.Snapshot, error) {
				return quasar.Snapshot{SpaceName: s.SpaceName, Seq: s.Seq}.Apply(u, now)
			}
		}, want: "merge: partial updates, NaN is unknown  FAILED: votes after an update without: got –, want 7 as before"},
		{name: "a merge that keeps a NaN from being seen", spoil: func(c *components) {
			c.apply = func(s quasar.Snapshot, u quasar.Update, now time.Time) (quasar.Snapshot, error) {
				before := s.Training.ActorLoss
				s, err := s.Apply(u, now)
				if before != nil {
					s.Training.ActorLoss = before
				}
				return s, err
			}
		}, want: "merge: partial updates, NaN is unknown  FAILED: NaN: got 0.25, want unknown"},
		{name: "a merge that does not count", spoil: func(c *components) {
			c.apply = func(s quasar.Snapshot, u quasar.Update, now time.Time) (quasar.Snapshot, error) {
				s, err := s.Apply(u, now)
				s.Seq = 1
				return s, err
			}
		}, want: "merge: partial updates, NaN is unknown  FAILED: seq: got 1 after 1, want more"},
		{name: "a merge that clamps nothing", spoil: func(c *components) {
			c.apply = func(s quasar.Snapshot, u quasar.Update, now time.Time) (quasar.Snapshot, error) {
				s, err := s.Apply(u, now)
				s.Training.AVNAccuracy = new(1.5)
				return s, err
			}
		}, want: "merge: partial updates, NaN is unknown  FAILED: an accuracy of 1.5: got 1.5, want 1"},
		{name: "a merge that panics", spoil: func(c *components) {
			c.apply = func(quasar.Snapshot, quasar.Update, time.Time) (quasar.Snapshot, error) { panic("no way") }
		}, want: "merge: partial updates, NaN is unknown  FAILED: panic: no way"},
		{name: "a policy that is another", spoil: func(c *components) {
			c.policy = func(name string, config *bandit.Config) (bandit.Policy, error) {
				if name == "linucb" {
					name = "random"
				}
				return bandit.New(name, config)
			}
		}, want: "policies: each finds the better of two arms  FAILED: linucb: chose the better of two arms in "},
		{name: "a gate that stakes too little", spoil: func(c *components) {
			c.gate = func(o *bandit.GateOptions) (*bandit.Gate, error) {
				with := *o
				with.Low = -2
				return bandit.NewGate(&with)
			}
		}, want: "gate: a known answer, shut for luck, open for an edge  FAILED: two bets against 0: got a capital of "},
		{name: "an encoder that loses the last", spoil: func(c *components) {
			c.encode = func(dst []byte, s []quasar.Snapshot, now time.Time) []byte {
				return wire.AppendInitialState(dst, s[:len(s)-1], now)
			}
		}, want: "wire: frames survive the way  FAILED: an initial state: got A C B, want A C B D"},
		{name: "a decoder that takes anything", spoil: func(c *components) {
			c.decode = func(data []byte) (wire.HubFrame, error) {
				frame, _ := wire.DecodeHub(data)
				return frame, nil
			}
		}, want: "wire: frames survive the way  FAILED: a duplicate key was taken"},
		{name: "a decoder that takes nothing", spoil: func(c *components) {
			c.decode = func([]byte) (wire.HubFrame, error) { return wire.HubFrame{}, errors.New("not mine") }
		}, want: "wire: frames survive the way  FAILED: not mine"},
		{name: "an index that knows no order", spoil: func(c *components) { c.index = func(quasar.Order) index { return &stuck{} } },
			want: "index: equals a full sort  FAILED: got A000 A000 A071"},
		{name: "a hub that is not there", spoil: func(c *components) {
			c.hub = func(*hub.Options) (*hub.Hub, error) { return nil, errors.New("out of hubs") }
		}, want: "the whole way: published, carried and ranked in memory  FAILED: out of hubs"},
		{name: "a hub that takes one space", spoil: func(c *components) {
			c.hub = func(*hub.Options) (*hub.Hub, error) { return hub.New(&hub.Options{MaxSpaces: 1}) }
		}, want: "the whole way: published, carried and ranked in memory  FAILED: ", patience: 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(c.patience, time.Minute))
			defer cancel()
			broken := ourComponents()
			c.spoil(broken)
			var out strings.Builder
			err := selfTest(ctx, &out, broken.checks())
			if err == nil || err.Error() != "1 of 8 checks failed" {
				t.Errorf("got the error %v, want 1 of 8 checks failed", err)
			}
			if got := withoutTimes(out.String()); !strings.Contains(got, "\n"+c.want) {
				t.Errorf("no %q in\n%s", c.want, got)
			}
		})
	}
}

// withoutTimes leaves out the middle column of the table.
func withoutTimes(table string) string {
	var out strings.Builder
	for line := range strings.Lines(table) {
		name, rest, _ := strings.Cut(line, "  ")
		_, result, _ := strings.Cut(strings.TrimLeft(rest, " "), "  ")
		out.WriteString(name + "  " + result)
	}
	return out.String()
}

func TestAFailedSelfTestIsAFailure(t *testing.T) {
	if code := exitCode(t.Context(), errors.New("1 of 8 checks failed")); code != exitFailure {
		t.Errorf("got the exit code %d, want %d", code, exitFailure)
	}
}
