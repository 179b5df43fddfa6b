package ranker

import (
	"math/rand/v2"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/axrvi"
	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/rank"
)

// learner finds out, from what the hub sends alone, whose signal is worth following,
// and decides again and again whose to follow. It goes by the stamps of the hub's
// frames and by no clock: the same frames make the same decisions.
//
// A decision is followed for a horizon, for every asset that it was among: the
// price tells what became of each, whether or not anybody traded it.
type learner struct {
	opts     *Options
	features *rank.Features
	scale    *rank.Normaliser
	policy   bandit.Policy
	model    *axrvi.Model  // behind the policy; nil if it is another's
	scorer   bandit.Scorer // the policy, if it has an opinion of every asset; else nil
	reward   bandit.Reward
	gate     *bandit.Gate
	source   *rand.ChaCha8 // of the policy's chance
	board    rank.Board
	assets   []seen // by the number that features gives

	now   time.Time // of the newest frame
	due   time.Time // of the next decision
	round int64     // the number of the newest decision
	// horizons is the time of the policy, which forgets by it: how many horizons
	// decisions were made for. Its unit is that of independent outcomes.
	horizons float64
	open     map[int64]*decided // decisions whose outcomes are not all known
	trial    int64              // the round that the gate waits for; 0 for none
	// taught tells that the policy has learned from an outcome, now or before a restart.
	taught bool

	complete []int64 // of open: those whose outcomes are all known since settle

	log  *bandit.Log // of decisions; nil for none
	step int64       // of the checkpoint that it went on from

	recent recent
	counts counts
	one    single
	trades trades
}

// seen is what decides whether an asset may be followed.
type seen struct {
	updated, voted time.Time
	priced         bool
	belief         Belief
	propensity     float64 // in the newest decision; below 0 for none
	votes          [2]int64
	price          *float64
	steps          int64
	stepped        time.Time // when steps was first this; zero for never seen to grow
}

// counts are what became of outcomes.
type counts struct {
	decisions, learned, dropped int64
	full                        int64 // updates of assets for which there was no room
	unrecorded                  int64 // decisions and outcomes that did not get into the log
}

// single is what it takes to score one asset, kept for the next.
type single struct {
	round           bandit.Round
	row             [rank.Width]float64
	mean, sd, score [1]float64
}

// take takes a snapshot that came with a frame of the hub's time now.
func (l *learner) take(s *quasar.Snapshot, now time.Time) {
	if now.IsZero() {
		return // a hub that does not say when cannot be learned from
	}
	asset, ok := l.features.Update(s, now)
	if !ok {
		l.counts.full++
		return
	}
	for asset >= len(l.assets) {
		l.assets = append(l.assets, seen{propensity: -1})
	}
	a := &l.assets[asset]
	a.see(s, now)
	l.now = now
	if !l.settle() {
		l.place(asset, now)
	}
	if l.isDue(now) {
		l.decide(now)
	}
}

// see keeps what decides over a trade.
func (a *seen) see(s *quasar.Snapshot, now time.Time) {
	a.updated, a.voted = s.UpdatedAt, s.VotingAt
	a.price, a.priced = s.Voting.LastPrice, s.Voting.LastPrice != nil
	if s.Voting.BuyCount != nil && s.Voting.SellCount != nil {
		a.votes = [2]int64{*s.Voting.BuyCount, *s.Voting.SellCount}
	}
	if steps := s.Training.TrainingSteps; steps != nil && *steps != a.steps {
		if a.steps != 0 {
			a.stepped = now
		}
		a.steps = *steps
	}
}

// isDue tells whether it is time to decide: also where the hub's clock went back. The
// first time comes when all have had a chance to be seen.
func (l *learner) isDue(now time.Time) bool {
	if l.due.IsZero() {
		l.due = now.Add(l.opts.DecideEvery)
	}
	return !now.Before(l.due) || l.due.Sub(now) > l.opts.DecideEvery
}

// place works out anew what the policy expects of an asset.
func (l *learner) place(asset int, now time.Time) {
	if l.scorer == nil {
		return
	}
	l.assets[asset].belief = l.belief(asset, now)
	l.board.Set(asset, l.features.Name(asset), l.assets[asset].belief.Score)
}

// placeAll does so for all, when what is believed of one has changed for others too.
func (l *learner) placeAll() {
	for asset := range l.assets {
		l.place(asset, l.now)
	}
}

// Belief is what a policy thinks of following an asset's signal for the horizon. The
// unit is that of the reward.
type Belief struct {
	// Score orders the assets, the highest first.
	Score float64
	// Mean and SD are of the belief about the mean reward; SD is 0 where the policy
	// has none.
	Mean, SD float64
}

// interval is how many standard deviations 95 % of a normal belief lie within.
const interval = 1.959963984540054

// Low is the lower end of the interval that holds 95 % of the belief.
func (b *Belief) Low() float64 { return b.Mean - interval*b.SD }

// High is its upper end.
func (b *Belief) High() float64 { return b.Mean + interval*b.SD }

// belief asks the policy, which has an opinion, about one asset.
func (l *learner) belief(asset int, now time.Time) Belief {
	o := &l.one
	l.features.Row(asset, now, o.row[:])
	l.scale.Apply(o.row[:], o.row[:])
	o.round.T = int64(l.horizons)
	o.round.Arms, o.round.X = append(o.round.Arms[:0], asset), append(o.round.X[:0], o.row[:])
	l.scorer.Score(&o.round, o.mean[:], o.sd[:], o.score[:])
	return Belief{Score: o.score[0], Mean: o.mean[0], SD: o.sd[0]}
}

// orders tells whether the policy has learned enough to order the assets: one label.
func (l *learner) orders() bool { return l.scorer != nil && l.taught }

// opinion is what a policy thinks of an asset.
type opinion struct {
	belief     *Belief
	propensity *float64
}

// opinion returns what the policy thinks of an asset; nothing of one that it has not
// seen.
func (l *learner) opinion(name string) (o opinion) {
	asset, ok := l.features.Asset(name)
	if !ok {
		return o
	}
	a := &l.assets[asset]
	if l.scorer != nil {
		o.belief = new(a.belief)
	}
	if a.propensity >= 0 {
		o.propensity = new(a.propensity)
	}
	return o
}
