package ranker

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/rank"
)

// market is a few assets whose prices walk at random, a step a second. Where a space
// has skill the price drifts as well, and its signal is right about that as often as
// its skill says; without, there is nothing to know. (A drift that nobody knows can
// be learned from the price alone: it lasts.) Whatever a space says of its accuracy
// is its own affair.
type market struct {
	random *rand.Rand
	now    time.Time
	all    []*listed
}

type listed struct {
	name     string
	skill    float64 // how often the signal is right; 0.5 for a price without a drift
	accuracy float64 // that it claims
	price    float64
	next     float64 // the move to come, in the horizon's deviations
	left     int     // steps until another begins
	s        quasar.Snapshot
}

// hold is for how many seconds a signal is followed; a market goes one way for three
// times as long.
const hold = 10

func newMarket(seed uint64, all ...*listed) *market {
	m := &market{random: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1_800_000_000, 0), all: all}
	for i, a := range all {
		a.price, a.left = 1000, 1+7*i
		a.begin(m.random)
	}
	return m
}

// step is one second: it gives each asset's snapshot to take.
func (m *market) step(take func(*quasar.Snapshot, time.Time)) {
	m.now = m.now.Add(time.Second)
	for _, a := range m.all {
		if a.left == 0 {
			a.begin(m.random)
		}
		a.left--
		drift := 0.0
		if a.skill != 0.5 {
			drift = a.next / hold
		}
		a.price *= math.Exp((drift + 0.1*m.random.NormFloat64()) * 1e-3)
		a.s.SpaceName, a.s.UpdatedAt, a.s.VotingAt, a.s.TrainingAt = a.name, m.now, m.now, m.now
		a.s.Seq = m.now.UnixMicro()
		a.s.Voting.LastPrice, a.s.Training.AVNAccuracy = new(a.price), new(a.accuracy)
		take(&a.s, m.now)
	}
}

func (a *listed) begin(random *rand.Rand) {
	a.left, a.next = 3*hold, random.NormFloat64()
	signal, buys := quasar.Buy, int64(7)
	if (a.next > 0) != (random.Float64() < a.skill) {
		signal, buys = quasar.Sell, 3
	}
	a.s.Voting.DominantSignal, a.s.Voting.BuyCount, a.s.Voting.SellCount = &signal, &buys, new(10-buys)
}

func newTestLearner(t *testing.T, o *Options) *learner {
	t.Helper()
	if o == nil {
		o = &Options{}
	}
	o.HubURL, o.Horizon, o.DecideEvery = "ws://hub", hold*time.Second, hold*time.Second
	settled, err := o.settle()
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLearner(&settled)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// places names the assets in the order of the policy.
func (l *learner) places() (names []string) {
	for i := range l.board.Len() {
		asset, _ := l.board.At(i)
		names = append(names, l.features.Name(asset))
	}
	return names
}

// A space that claims to be always right and guesses is found out; one that claims
// little and is right is found too. The default policy hardly ever puts the first one
// first; one that explores nothing no more often than chance.
func TestALiarDoesNotStandFirst(t *testing.T) {
	for policy, most := range map[string]int{"ucb": 5 * hold, "greedy": 35 * hold} {
		for seed := range uint64(2) {
			t.Run(fmt.Sprintf("%s, seed %d", policy, seed), func(t *testing.T) {
				t.Parallel()
				l := newTestLearner(t, &Options{Policy: policy, Seed: seed})
				m := newMarket(seed, &listed{name: "LIAR", skill: 0.5, accuracy: 1}, &listed{name: "HONEST", skill: 0.8, accuracy: 0.55}, &listed{name: "COIN", skill: 0.5, accuracy: 0.5})
				first := make(map[string]int)
				for i := range 600 * hold {
					if m.step(l.take); i >= 500*hold {
						first[l.places()[0]]++
					}
				}
				if first["HONEST"] < 50*hold || first["LIAR"] > most {
					t.Errorf("after %d labels: stood first in the last %d seconds: %v, want HONEST for half of them and LIAR for %d at most", l.counts.learned, 100*hold, first, most)
				}
				if !l.gate.Open() {
					t.Errorf("the gate: got %q, want it open", l.gate.Sentence())
				}
			})
		}
	}
}

// Where nobody knows anything there is no evidence of an edge.
func TestTheGateStaysClosedWithoutAnEdge(t *testing.T) {
	opened := 0
	for seed := range uint64(5) {
		l := newTestLearner(t, &Options{Seed: seed})
		m := newMarket(seed, &listed{name: "A", skill: 0.5, accuracy: 0.9}, &listed{name: "B", skill: 0.5, accuracy: 0.6})
		for range 300 * hold {
			m.step(l.take)
		}
		if l.gate.Open() {
			opened++
		}
	}
	if opened > 1 {
		t.Errorf("opened in %d of 5 runs, want 1 at most", opened)
	}
}

// The same frames and the same seed make the same decisions, and the same outcomes.
func TestTheSameFramesMakeTheSameDecisions(t *testing.T) {
	for _, policy := range Policies {
		run := func() ([]Decision, []string) {
			l := newTestLearner(t, &Options{Policy: policy, Seed: 3})
			m := newMarket(3, &listed{name: "A", skill: 0.6, accuracy: 0.9}, &listed{name: "B", skill: 0.4, accuracy: 0.6}, &listed{name: "C", skill: 0.5, accuracy: 0.1})
			for range 24 * hold { // networks are trained after 20 outcomes
				m.step(l.take)
			}
			return l.recent.copies(maxRecent), l.places()
		}
		decisions, places := run()
		again, placesAgain := run()
		if diff := cmp.Diff(decisions, again); diff != "" {
			t.Errorf("%s: decisions (-first +second):\n%s", policy, diff)
		}
		if diff := cmp.Diff(places, placesAgain); diff != "" {
			t.Errorf("%s: places (-first +second):\n%s", policy, diff)
		}
		if len(decisions) < 20 {
			t.Errorf("%s: got %d decisions, want one every %d s for %d s", policy, len(decisions), hold, 24*hold)
		}
	}
}

// What is recorded of a decision is a distribution over the slate, with a floor.
func TestPropensities(t *testing.T) {
	for _, policy := range Policies {
		l := newTestLearner(t, &Options{Policy: policy, Floor: 0.2})
		m := newMarket(1, &listed{name: "A", skill: 0.6, accuracy: 0.9}, &listed{name: "B", skill: 0.4, accuracy: 0.6}, &listed{name: "C", skill: 0.5, accuracy: 0.1}, &listed{name: "D", skill: 0.5, accuracy: 0.1})
		for range 8 * hold {
			m.step(l.take)
		}
		for _, d := range l.recent.copies(maxRecent) {
			sum, least := 0.0, 1.0
			for _, c := range d.Candidates {
				sum, least = sum+c.Propensity, min(least, c.Propensity)
			}
			if math.Abs(sum-1) > 1e-9 || least < 0.2/4-1e-12 {
				t.Fatalf("%s: decision %d: propensities of the sum %v, the least %v, want 1 and at least 0.05", policy, d.ID, sum, least)
			}
		}
	}
}

// What must not be followed is in no decision, and the decision says why.
func TestWhatIsHeldBackIsNotDecidedOn(t *testing.T) {
	l := newTestLearner(t, &Options{StaleAfter: 5 * time.Second})
	m := newMarket(1, &listed{name: "A", skill: 0.5}, &listed{name: "NEUTRAL", skill: 0.5}, &listed{name: "UNPRICED", skill: 0.5}, &listed{name: "QUIET", skill: 0.5})
	for i := range 3 * hold {
		m.step(func(s *quasar.Snapshot, now time.Time) {
			out := *s
			switch s.SpaceName {
			case "NEUTRAL":
				out.Voting.DominantSignal = new(quasar.Neutral)
			case "UNPRICED":
				out.Voting.LastPrice = nil
			case "QUIET":
				if i > hold {
					return
				}
			}
			l.take(&out, now)
		})
	}
	d := l.recent.copies(1)[0]
	if d.Eligible != 1 || d.Chosen != "A" {
		t.Errorf("chose %s of %d, want A of 1", d.Chosen, d.Eligible)
	}
	if diff := cmp.Diff(map[string]int{"no signal": 1, "no price": 1, "stale": 1}, d.HeldBack); diff != "" {
		t.Errorf("held back (-want +got):\n%s", diff)
	}
}

// A hub whose clock goes back must not stop decisions until it has caught up.
func TestDecisionsGoOnAfterTheClockWentBack(t *testing.T) {
	l := newTestLearner(t, nil)
	m := newMarket(1, &listed{name: "A", skill: 0.5})
	for range 3 * hold {
		m.step(l.take)
	}
	before := l.counts.decisions
	m.now = m.now.Add(-time.Hour)
	for range 3 * hold {
		m.step(l.take)
	}
	if got := l.counts.decisions - before; got < 2 {
		t.Errorf("got %d decisions in %d s after the clock went back, want one every %d s", got, 3*hold, hold)
	}
}

// What is recorded is every decision with what became of it, and says itself whether
// it is whole.
func TestDecisionsAreRecorded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.log")
	l := newTestLearner(t, &Options{Seed: 1, Floor: 0.3})
	log, err := bandit.OpenLog(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.log = log
	m := newMarket(1, &listed{name: "A", skill: 0.6, accuracy: 0.9}, &listed{name: "B", skill: 0.4, accuracy: 0.6})
	for range 20 * hold {
		m.step(l.take)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	decisions, outcomes := 0, 0
	for record, err := range bandit.ReadLogs(path) {
		switch {
		case err != nil:
			t.Fatal(err)
		case record.Decision != nil:
			decisions++
			d := record.Decision
			if len(d.Arms) != 2 || len(d.Arms[0].X) != rank.Width || d.Arms[0].Key == nil || d.Arms[0].Belief == nil || d.Policy != "ucb" || d.Gate == nil {
				t.Fatalf("decision %d: got %+v, want two arms with rows, keys and beliefs, the policy and the gate", d.ID, d)
			}
		case record.Outcome != nil:
			outcomes++
		}
	}
	if int64(decisions) != l.counts.decisions || int64(outcomes) != l.counts.learned+l.counts.dropped || outcomes < 30 {
		t.Errorf("recorded %d decisions and %d outcomes, want %d and %d", decisions, outcomes, l.counts.decisions, l.counts.learned+l.counts.dropped)
	}
}

// A large round is recorded with the arms that could have been chosen.
func TestALargeDecisionIsRecordedInShort(t *testing.T) {
	d := &bandit.DecisionRecord{Chosen: 299}
	for i := range 300 {
		a := bandit.ArmRecord{Name: fmt.Sprint(i)}
		if i >= 290 {
			a.P = 0.1
		}
		d.Arms = append(d.Arms, a)
	}
	if shorten(d); len(d.Arms) != 10 || d.Arms[d.Chosen].Name != "299" {
		t.Errorf("got %d arms, chosen %s, want 10 and 299", len(d.Arms), d.Arms[d.Chosen].Name)
	}
}
