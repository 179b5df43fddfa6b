package eval

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/karlquant/quasar/bandit"
)

// Judged is what a target would have brought, by a decision log.
type Judged struct {
	// Decisions are all, Judged those of which the outcome of the chosen arm is known.
	// Silent have nothing recorded that the target goes by.
	Decisions, Judged, Silent int
	// Arms is how many arms a decision was among on average, Overlap how many decisions
	// in a row share their luck.
	Arms    float64
	Overlap int
	// Estimates go by the outcome of the chosen arm alone.
	Estimates *bandit.Estimates
	// Priced goes by the outcomes of all arms, where those are known without a trade: no
	// weights are needed. Known is of how many decisions.
	Known  int
	Priced *Priced
}

// Priced is what the target and the recorded policy are worth by the outcomes of all
// arms, and the difference between them, decision by decision.
type Priced struct{ Target, Logged, Lift bandit.Estimate }

// judge gathers what the decisions say.
type judge struct {
	target  Target
	traded  bool
	ope     bandit.OPE
	arms    map[string]int
	out     Judged
	spans   spans
	p       []float64
	worth   []float64 // of the target, by the outcomes of all arms
	brought []float64 // of the recorded policy
}

// Revalue makes another reward of the outcomes of decisions than was recorded.
func Revalue(decided iter.Seq2[*bandit.Decided, error], reward string) (iter.Seq2[*bandit.Decided, error], error) {
	var rewards [2]bandit.Reward // of outcomes without a trade, and of trades
	for i := range rewards {
		var err error
		if rewards[i], err = bandit.NewReward(reward); err != nil {
			return nil, err
		}
	}
	return func(yield func(*bandit.Decided, error) bool) {
		for d, err := range decided {
			if err == nil {
				revalue(d, rewards[0], false)
				revalue(d, rewards[1], true)
			}
			if !yield(d, err) {
				return
			}
		}
	}, nil
}

func revalue(d *bandit.Decided, reward bandit.Reward, traded bool) {
	var at []int
	var outcomes []bandit.Outcome
	for i := range d.Outcomes {
		if o := &d.Outcomes[i]; o.Dropped == "" && o.Outcome.Traded == traded {
			at, outcomes = append(at, i), append(outcomes, o.Outcome)
		}
	}
	values := make([]float64, len(outcomes))
	reward.All(outcomes, values)
	for k, i := range at {
		if d.Outcomes[i].Reward = nil; !math.IsNaN(values[k]) {
			d.Outcomes[i].Reward = &values[k]
		}
	}
}

// JudgeLog judges a target by decisions and their outcomes, traded ones or those that
// the price alone tells.
func JudgeLog(decided iter.Seq2[*bandit.Decided, error], target Target, traded bool) (*Judged, error) {
	j := &judge{target: target, traded: traded, arms: make(map[string]int)}
	for d, err := range decided {
		if err != nil {
			return nil, err
		}
		if err := j.add(d); err != nil {
			return nil, err
		}
	}
	return j.finish()
}

func (j *judge) add(d *bandit.Decided) error {
	j.out.Decisions++
	j.out.Arms += (float64(len(d.Arms)) - j.out.Arms) / float64(j.out.Decisions)
	j.p = slices.Grow(j.p[:0], len(d.Arms))[:len(d.Arms)]
	err := j.target.Chances(d, j.p)
	if errors.Is(err, errSilent) {
		j.out.Silent++
		return nil
	}
	if err != nil {
		return err
	}
	j.price(d)
	defer j.target.Learn(d)
	o := d.Outcome(d.Arms[d.Chosen].Name, j.traded)
	if o == nil || o.Reward == nil {
		return nil
	}
	j.spans.add(d.At, o.At)
	if err := j.ope.Add(j.trial(d, *o.Reward)); err != nil {
		return fmt.Errorf("decision %d: %w", d.ID, err)
	}
	return nil
}

func (j *judge) trial(d *bandit.Decided, reward float64) *bandit.Trial {
	t := &bandit.Trial{Chosen: d.Chosen, P: d.Arms[d.Chosen].P, Reward: reward, Target: j.p}
	for i := range d.Arms {
		a := &d.Arms[i]
		n, ok := j.arms[a.Name]
		if !ok {
			n = len(j.arms)
			j.arms[a.Name] = n
		}
		t.Arms, t.All = append(t.Arms, n), append(t.All, a.P)
		if len(a.X) > 0 {
			t.X = append(t.X, a.X.Floats())
		}
	}
	return t
}

// price takes a decision of which the outcomes of all arms are known by their price.
func (j *judge) price(d *bandit.Decided) {
	if j.traded {
		return
	}
	var worth, brought float64
	for i := range d.Arms {
		o := d.Outcome(d.Arms[i].Name, false)
		switch {
		case o != nil && o.Reward != nil:
			worth, brought = worth+j.p[i]**o.Reward, brought+d.Arms[i].P**o.Reward
		case j.p[i] > 0 || d.Arms[i].P > 0:
			return
		}
	}
	j.worth, j.brought = append(j.worth, worth), append(j.brought, brought)
}

func (j *judge) finish() (*Judged, error) {
	out := &j.out
	out.Judged, out.Known, out.Overlap = j.ope.N(), len(j.worth), j.spans.overlap()
	if out.Judged < 2 {
		return nil, fmt.Errorf("got %d decisions, %d of them with an outcome of the chosen arm and something that the target goes by, want two at least", out.Decisions, out.Judged)
	}
	var err error
	if out.Estimates, err = j.ope.Estimate(&bandit.OPEOptions{Overlap: out.Overlap}); err != nil {
		return nil, err
	}
	if out.Known >= 2 {
		lift := make([]float64, out.Known)
		for i := range lift {
			lift[i] = j.worth[i] - j.brought[i]
		}
		out.Priced = &Priced{
			bandit.Average(j.worth, out.Overlap), bandit.Average(j.brought, out.Overlap), bandit.Average(lift, out.Overlap),
		}
	}
	return out, nil
}

// spans are the times of decisions, in their order, and those of their outcomes.
type spans struct{ from, to []time.Time }

func (s *spans) add(from, to time.Time) {
	s.from, s.to = append(s.from, from), append(s.to, to)
}

// overlap is how many decisions, itself among them, are made before the outcome of one
// is known: nine in ten have no more.
func (s *spans) overlap() int {
	counts := make([]int, len(s.from))
	next := 0
	for i := range s.from {
		next = max(next, i)
		for next < len(s.from) && s.from[next].Before(s.to[i]) {
			next++
		}
		counts[i] = max(1, next-i)
	}
	if len(counts) == 0 {
		return 1
	}
	slices.Sort(counts)
	return counts[(len(counts)*9-1)/10]
}
