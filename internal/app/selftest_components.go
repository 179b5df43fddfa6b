package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/internal/wire"
	"github.com/karlquant/quasar/rank"
)

// components are what `rank --test` checks against known answers. A test breaks
// one at a time.
type components struct {
	score  func(*quasar.Snapshot) quasar.Score
	rank   func([]quasar.Snapshot, quasar.Order) []quasar.Ranking
	apply  func(quasar.Snapshot, quasar.Update, time.Time) (quasar.Snapshot, error)
	encode func([]byte, []quasar.Snapshot, time.Time) []byte
	decode func([]byte) (wire.HubFrame, error)
	index  func(quasar.Order) index
	policy func(string, *bandit.Config) (bandit.Policy, error)
	gate   func(*bandit.GateOptions) (*bandit.Gate, error)
	hub    func(*hub.Options) (*hub.Hub, error)
}

// index is what is checked of rank.Index.
type index interface {
	Set(quasar.Snapshot)
	Rankings() []quasar.Ranking
}

func ourComponents() *components {
	return &components{
		score: (*quasar.Snapshot).Score, rank: quasar.Rank, apply: quasar.Snapshot.Apply,
		encode: wire.AppendInitialState, decode: wire.DecodeHub,
		index:  func(o quasar.Order) index { return rank.New(o) },
		policy: bandit.New, gate: bandit.NewGate, hub: hub.New,
	}
}

// checks need no network: the hub of the last one lives in memory.
func (c *components) checks() []check {
	return []check{
		{"formula: a known answer", c.checkFormula},
		{"orders: desc, asc and balanced", c.checkOrders},
		{"merge: partial updates, NaN is unknown", c.checkMerge},
		{"wire: frames survive the way", c.checkWire},
		{"index: equals a full sort", c.checkIndex},
		{"policies: each finds the better of two arms", c.checkPolicies},
		{"gate: a known answer, shut for luck, open for an edge", c.checkGate},
		{"the whole way: published, carried and ranked in memory", c.checkTheWay},
	}
}

// example makes a snapshot of the three numbers that the formula reads.
func example(name string, buys, sells int64, accuracy float64) quasar.Snapshot {
	return quasar.Snapshot{SpaceName: name, Seq: 1, Training: quasar.Training{AVNAccuracy: &accuracy},
		Voting: quasar.Voting{BuyCount: &buys, SellCount: &sells, DominantSignal: new(quasar.Buy)}}
}

// examples stand in the order B C A D by the formula, asc.
func examples() []quasar.Snapshot {
	return []quasar.Snapshot{example("A", 9, 1, 0.5), example("B", 6, 4, 0.9), example("C", 5, 5, 0.45), example("D", 0, 0, 0.5)}
}

func (c *components) checkFormula(context.Context) error {
	s := example("V75", 7, 3, 0.86)
	if score := c.score(&s); score.Value == nil || math.Abs(*score.Value+0.16) > 1e-12 {
		return fmt.Errorf("7 to 3 votes at 0.86: got %s, want -0.160", showFloat(score.Value, "%.3f"))
	}
	s = example("V75", 0, 0, 0.86)
	if score := c.score(&s); score.Value != nil || score.Reason != quasar.NoVotes {
		return fmt.Errorf("no votes: got %s %q, want none", showFloat(score.Value, "%.3f"), score.Reason)
	}
	return nil
}

func (c *components) checkOrders(context.Context) error {
	for _, o := range []struct {
		order quasar.Order
		want  string
	}{{quasar.Desc, "A C B D"}, {quasar.Asc, "B C A D"}, {quasar.Balanced, "C B A D"}} {
		if got := namesOf(c.rank(examples(), o.order)); got != o.want {
			return fmt.Errorf("%s: got %s, want %s", o.order, got, o.want)
		}
	}
	return nil
}

func namesOf(rankings []quasar.Ranking) string {
	names := make([]string, len(rankings))
	for i := range rankings {
		names[i] = rankings[i].Snapshot.SpaceName
	}
	return strings.Join(names, " ")
}

func (c *components) checkMerge(context.Context) error {
	now := time.UnixMicro(1_760_000_000_000_000)
	first, err := c.apply(example("V75", 7, 3, 0.5), quasar.UpdateOf(&quasar.Training{ActorLoss: new(0.25), AVNAccuracy: new(1.5)}, nil), now)
	if err != nil {
		return err
	}
	second, err := c.apply(first, quasar.UpdateOf(&quasar.Training{ActorLoss: new(math.NaN())}, nil), now)
	switch {
	case err != nil:
		return err
	case showFloat(first.Training.AVNAccuracy, "%v") != "1":
		return fmt.Errorf("an accuracy of 1.5: got %s, want 1", showFloat(first.Training.AVNAccuracy, "%v"))
	case second.Training.ActorLoss != nil:
		return fmt.Errorf("NaN: got %v, want unknown", *second.Training.ActorLoss)
	case showInt(second.Voting.BuyCount) != "7":
		return fmt.Errorf("votes after an update without: got %s, want 7 as before", showInt(second.Voting.BuyCount))
	case second.Seq <= first.Seq:
		return fmt.Errorf("seq: got %d after %d, want more", second.Seq, first.Seq)
	}
	return nil
}

func (c *components) checkWire(context.Context) error {
	frame, err := c.decode(c.encode(nil, examples(), time.Now()))
	if err != nil {
		return err
	}
	if got := namesOf(quasar.Rank(frame.Snapshots, quasar.Desc)); got != "A C B D" {
		return fmt.Errorf("an initial state: got %s, want A C B D", got)
	}
	if _, err := c.decode([]byte(`{"type":"a","type":"b"}`)); err == nil {
		return errors.New("a duplicate key was taken")
	}
	return nil
}

func (c *components) checkIndex(context.Context) error {
	const n = 200
	index := c.index(quasar.Asc)
	var all []quasar.Snapshot
	for i := range int64(n) {
		s := example(fmt.Sprintf("A%03d", i*71%n), i*37%11, i*53%7, float64(i*29%97)/97)
		all = append(all, s)
		index.Set(example(s.SpaceName, 1, 1, 0.5)) // a place to be moved from
		index.Set(s)
	}
	got, want := index.Rankings(), quasar.Rank(all, quasar.Asc)
	if namesOf(got) != namesOf(want) {
		return fmt.Errorf("got %s, want the order of a full sort, %s", namesOf(got), namesOf(want))
	}
	return nil
}
