package ranker

import (
	"slices"
	"time"

	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/rank"
)

// decided is a decision whose outcomes are not all known.
type decided struct {
	id, t    int64
	waits    int   // for so many outcomes
	top      int   // the asset of the highest mean, which the gate follows
	arms     int   // how many the decision was among
	among    []int // the arms that it was among
	slate    []int // of them, those that could have been chosen
	outcomes []rank.Outcome
}

// decide chooses whose signal to follow, and follows all of them on paper.
func (l *learner) decide(now time.Time) {
	l.due = now.Add(l.opts.DecideEvery)
	l.features.Expire(now)
	l.settle()
	arms, held := l.eligible(now)
	if len(arms) == 0 {
		return
	}
	all := l.newRound(arms, now)
	r := l.free(all)
	choice := l.policy.Choose(r)
	l.counts.decisions++
	for asset := range l.assets {
		l.assets[asset].propensity = -1
	}
	for i, asset := range r.Arms {
		l.assets[asset].propensity = choice.P[i]
	}
	d := newDecision(l, r, &choice, now, held)
	l.recordDecision(r, &choice, now)
	l.follow(d, all, r, &choice, now)
	l.recent.add(d)
	l.placeAll()
	l.signal(r, &choice, now)
}

// eligible are the assets that could be followed, and why the others are held back.
func (l *learner) eligible(now time.Time) (arms []int, held map[string]int) {
	held = make(map[string]int)
	for asset := range l.assets {
		if why := l.against(asset, now); why != "" {
			held[why]++
			continue
		}
		arms = append(arms, asset)
	}
	return arms, held
}

// against says what speaks against following an asset, by the hub's time alone; "" if
// nothing does.
func (l *learner) against(asset int, now time.Time) string {
	a := &l.assets[asset]
	updated, voted := age(now, a.updated), age(now, a.voted)
	switch {
	case l.features.Direction(asset) == 0:
		return "no signal"
	case !a.priced:
		return "no price"
	case updated == nil || *updated > l.opts.StaleAfter:
		return "stale"
	case voted == nil || *voted > l.opts.StaleAfter:
		return "stale votes"
	}
	return ""
}

// newRound puts the rows of the assets together, all scaled alike.
func (l *learner) newRound(arms []int, now time.Time) *bandit.Round {
	l.round++
	l.horizons += l.opts.DecideEvery.Seconds() / l.opts.Horizon.Seconds()
	r := &bandit.Round{T: int64(l.horizons), Arms: arms, X: make([][]float64, len(arms))}
	rows := make([]float64, len(arms)*rank.Width)
	l.features.CrossSection(arms)
	for i, asset := range arms {
		r.X[i] = rows[i*rank.Width : (i+1)*rank.Width : (i+1)*rank.Width]
		l.features.Row(asset, now, r.X[i])
		l.scale.Observe(r.X[i])
	}
	l.scale.Freeze()
	if l.opts.Policy == formulaPolicy {
		return r // the formula knows no standard deviations
	}
	for _, x := range r.X {
		l.scale.Apply(x, x)
	}
	return r
}

// follow waits for what becomes of every asset of a round, whether or not it could be
// chosen. The gate follows one
// decision at a time, as somebody would who trades one contract after the other:
// outcomes that overlap would count the same luck twice.
func (l *learner) follow(d *Decision, all, r *bandit.Round, choice *bandit.Choice, now time.Time) {
	w := &decided{id: l.round, t: r.T, arms: len(r.Arms), among: r.Arms, top: r.Arms[best(choice)]}
	for i, p := range choice.P {
		if p > 0 {
			w.slate = append(w.slate, r.Arms[i])
		}
	}
	for i, asset := range all.Arms {
		if _, why := l.features.Open(asset, l.round, now, all.X[i]); why == "" {
			w.waits++
		} else if c := d.candidate(l.features.Name(asset)); c != nil {
			c.Outcome = &CandidateOutcome{Dropped: string(why)}
		}
	}
	if w.waits == 0 {
		return
	}
	l.open[w.id] = w
	if l.trial == 0 {
		l.trial = w.id
	}
}

// best is the arm of the highest mean, or what was chosen where there is no belief.
func best(c *bandit.Choice) int {
	if c.Mean == nil {
		return c.Arm
	}
	return slices.Index(c.Mean, slices.Max(c.Mean))
}
