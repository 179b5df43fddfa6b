package ranker

import (
	"math"
	"time"

	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/trade"
)

// trades joins what was bought with the decision behind it.
type trades struct {
	last string               // the newest decision's name for the trader
	row  followed             // and what it was made on
	open map[string]*followed // those that became orders, by that name
	// active are the assets of orders that have not ended, by the order's name.
	active map[string]string
	// settled counts the orders that ended, lost those that a process before this one
	// decided: nobody knows any more on what.
	settled, lost int64
}

// followed is what a policy needs to learn from a trade.
type followed struct {
	t   int64
	arm int
	x   []float64
}

// free is the part of a round that can be traded: what is open takes an asset out. Where
// nothing is free it is the whole round, so that what is shown goes on.
func (l *learner) free(all *bandit.Round) *bandit.Round {
	if len(l.trades.active) == 0 {
		return all
	}
	busy := make(map[string]int)
	for _, asset := range l.trades.active {
		busy[asset]++
	}
	r := &bandit.Round{T: all.T}
	for i, asset := range all.Arms {
		if busy[l.features.Name(asset)] < l.opts.MaxOpenAsset {
			r.Arms, r.X = append(r.Arms, asset), append(r.X, all.X[i])
		}
	}
	if len(r.Arms) == 0 {
		return all
	}
	return r
}

// signal tells whoever trades what was decided.
func (l *learner) signal(r *bandit.Round, c *bandit.Choice, now time.Time) {
	if l.opts.OnSignal == nil {
		return
	}
	asset := r.Arms[c.Arm]
	a, name := &l.assets[asset], l.features.Name(asset)
	s := trade.Signal{
		Decision: decisionName(now, name), Asset: name, Side: trade.Side(l.features.Direction(asset)), Votes: a.votes,
		Price: a.price, SnapshotAge: max(0, now.Sub(a.updated)), VotesAge: max(0, now.Sub(a.voted)),
		Proven: l.gate.Open(), Propensity: c.P[c.Arm], Policy: l.opts.Policy,
	}
	if !a.stepped.IsZero() {
		s.TrainingAge = new(max(0, now.Sub(a.stepped)))
	}
	if c.Mean != nil {
		s.Mean, s.SD = finite(c.Mean[c.Arm]), finite(c.SD[c.Arm])
	}
	if l.gate.N() > 0 {
		low, _ := l.gate.Bounds()
		s.Edge = finite(low)
	}
	l.trades.last, l.trades.row = s.Decision, followed{r.T, asset, r.X[c.Arm]}
	l.opts.OnSignal(s)
}

// Traded takes what became of an order. It is what trade.Options.OnChange is for.
func (r *Ranker) Traded(o trade.Order) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.version++
	if o.Intent == nil {
		return
	}
	if o.State.Live() || o.State.Unresolved() {
		r.learner.trades.active[o.ID()] = o.Asset()
	} else {
		delete(r.learner.trades.active, o.ID())
	}
	r.guarded(func(l *learner) { l.traded(&o) })
}

// traded keeps the row behind an order until it has ended, and learns from its end.
func (l *learner) traded(o *trade.Order) {
	name := o.Intent.Signal.Decision
	switch o.State {
	case trade.StatePlanned:
		if l.trades.last == name {
			l.trades.open[name] = new(l.trades.row)
		}
	case trade.StateRejected, trade.StateAbandoned:
		delete(l.trades.open, name)
	case trade.StateSettled:
		l.executed(o, l.trades.open[name])
		delete(l.trades.open, name)
	}
}

// executed learns what a trade brought. Feedback of both takes it as a label beside
// those of the prices: it is of the same decision, and counts like one of them.
func (l *learner) executed(o *trade.Order, f *followed) {
	if f == nil { // of a process before this one
		l.trades.lost++
		return
	}
	l.trades.settled++
	if l.opts.Feedback == shadow {
		return
	}
	out := []bandit.Outcome{{
		Direction: int(o.Intent.Signal.Side), Traded: true, Stake: o.Price().Float(), PnL: o.Profit().Float(), Cost: l.opts.Cost,
	}}
	reward := []float64{math.NaN()}
	l.reward.All(out, reward)
	if math.IsNaN(reward[0]) {
		l.counts.dropped++
		return
	}
	l.policy.Learn([]bandit.Label{{T: f.t, Arm: f.arm, X: f.x, Reward: reward[0], Weight: 1}})
	l.taught = true
	l.counts.learned++
}
