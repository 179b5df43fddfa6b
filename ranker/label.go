package ranker

import (
	"math"
	"slices"

	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/rank"
)

// settled is told by features what became of one asset of a decision.
func (l *learner) settled(o *rank.Outcome) {
	w, ok := l.open[o.Decision]
	if !ok {
		return
	}
	out := *o
	out.X = slices.Clone(o.X) // it is the features' own
	w.outcomes = append(w.outcomes, out)
	if w.waits--; w.waits == 0 {
		l.complete = append(l.complete, o.Decision)
	}
}

// settle learns from the decisions whose outcomes are all known by now, the oldest
// first, and tells whether there were any.
func (l *learner) settle() bool {
	if len(l.complete) == 0 {
		return false
	}
	slices.Sort(l.complete)
	for _, id := range l.complete {
		w := l.open[id]
		delete(l.open, id)
		l.learn(w)
	}
	l.complete = l.complete[:0]
	l.placeAll()
	return true
}

// learn takes the outcomes of one decision together.
func (l *learner) learn(w *decided) {
	slices.SortFunc(w.outcomes, func(a, b rank.Outcome) int { return a.Asset - b.Asset })
	known := slices.DeleteFunc(slices.Clone(w.outcomes), func(o rank.Outcome) bool { return o.Dropped != "" })
	labels := l.labels(w.t, known)
	l.counts.learned += int64(len(labels))
	l.counts.dropped += int64(len(w.outcomes) - len(labels))
	if l.opts.Feedback != traded && len(labels) > 0 {
		l.policy.Learn(labels)
		l.taught = true
	}
	l.tryGate(w, known)
	l.recordOutcomes(w, labels, l.now)
	l.show(w, labels)
}

// labels are what the policy learns from. Labels of one asset that overlap in time
// share their luck, and count for no more than the part of it that is new.
func (l *learner) labels(t int64, known []rank.Outcome) []bandit.Label {
	outcomes, rewards := make([]bandit.Outcome, len(known)), make([]float64, len(known))
	for i, o := range known {
		outcomes[i] = bandit.Outcome{Direction: o.Direction, Move: o.Move, Volatility: o.Volatility, Cost: l.opts.Cost}
	}
	l.reward.All(outcomes, rewards)
	labels := make([]bandit.Label, 0, len(known))
	for i, o := range known {
		if !math.IsNaN(rewards[i]) {
			labels = append(labels, bandit.Label{T: t, Arm: o.Asset, X: o.X, Reward: rewards[i], Weight: o.Fresh})
		}
	}
	return labels
}

// tryGate shows the gate what the asset of the highest mean brought, net of the cost
// and in standard deviations, whatever the policy learns from.
func (l *learner) tryGate(w *decided, known []rank.Outcome) {
	if w.id != l.trial {
		return
	}
	l.trial = 0 // the next decision is the next trial
	for i := range known {
		if known[i].Asset == w.top {
			l.gate.Observe(known[i].Label)
		}
	}
}

// show enters what became of a decision, for whoever looks at it.
func (l *learner) show(w *decided, labels []bandit.Label) {
	d := l.recent.find(w.id)
	if d == nil {
		return
	}
	for i := range w.outcomes {
		o := &w.outcomes[i]
		c := d.candidate(l.features.Name(o.Asset))
		if c == nil {
			continue
		}
		c.Outcome = &CandidateOutcome{Dropped: string(o.Dropped)}
		if at := slices.IndexFunc(labels, func(l bandit.Label) bool { return l.Arm == o.Asset }); at >= 0 {
			c.Outcome.Reward, c.Outcome.Move = new(labels[at].Reward), new(o.Move)
		}
	}
}
