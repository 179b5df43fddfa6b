package ranker

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/subscriber"
)

// Ranking is the state of all assets at one moment. As JSON it is what /rankings
// answers.
type Ranking struct {
	// HubTime is the moment by the hub's clock, which all ages go by; it is the
	// local one before the first frame.
	HubTime time.Time
	// Connected tells whether the hub is there; Since is since when it is or is
	// not, by the local clock. Lost says why it is not; nil while it is, and until
	// something went wrong.
	Connected bool
	Since     time.Time
	Lost      error
	// Updates counts the snapshots that came so far.
	Updates int64
	// Policy orders the assets; Order is that of the formula, which does so until
	// the policy has learned from an outcome, and where it has no opinion.
	Policy string
	Order  quasar.Order
	// ByFormula tells that the formula orders the assets.
	ByFormula bool
	// Assets are in order, those without a score of the formula last.
	Assets []Asset
	// Waiting are the assets that were asked for and that the hub never sent.
	Waiting []string
}

// Names returns the names of the assets in order.
func (k *Ranking) Names() []string {
	names := make([]string, len(k.Assets))
	for i := range k.Assets {
		names[i] = k.Assets[i].Snapshot.SpaceName
	}
	return names
}

// Asset is one asset of a ranking.
type Asset struct {
	// Ranking has the policy's rank, and the formula's score.
	quasar.Ranking
	// FormulaRank is where the formula puts the asset; 0 for nowhere.
	FormulaRank int
	// Belief is what the policy expects of following the asset's signal; nil if it
	// expects nothing of any.
	Belief *Belief
	// Propensity is with which probability the newest decision could have chosen the
	// asset; nil if it was not among those that it could.
	Propensity *float64
	// Age is the time since its newest update, VotingAge since its newest votes;
	// nil if the hub never said when that was, or named a time yet to come.
	Age, VotingAge *time.Duration
	// Stale tells that Age is above the limit, or unknown.
	Stale bool
	// HeldBack says why the asset must not be traded; empty if nothing speaks
	// against it.
	HeldBack []string
}

// Tradable tells that nothing speaks against following the asset's signal.
func (a *Asset) Tradable() bool { return len(a.HeldBack) == 0 }

// Ranking returns the ranking as it is now. The answer is the caller's own; what
// its pointers point to is shared and must not be written to.
func (r *Ranker) Ranking() Ranking { return r.at(time.Now(), "") }

// at returns the ranking at the local time now, in the order of the policy for "", or
// in an order of the formula.
func (r *Ranker) at(now time.Time, order quasar.Order) Ranking {
	status := r.client.Status()
	r.mu.Lock()
	rankings := r.index.Rankings()
	out := Ranking{HubTime: r.clock.at(now), Policy: r.opts.Policy, Order: cmp.Or(order, r.opts.Order), Updates: r.updates, Waiting: r.waiting()}
	out.ByFormula = order != "" || r.broken != "" || !r.learner.orders()
	r.connection(&status, &out)
	if out.Order != r.opts.Order {
		rankings = reorder(rankings, out.Order)
	}
	opinions := make([]opinion, len(rankings))
	for i := range rankings {
		if r.broken != "" {
			break
		}
		opinions[i] = r.learner.opinion(rankings[i].Snapshot.SpaceName)
	}
	r.mu.Unlock()
	out.Assets = make([]Asset, len(rankings))
	for i := range rankings {
		out.Assets[i] = r.asset(&rankings[i], opinions[i], &out)
	}
	if !out.ByFormula {
		byBelief(out.Assets)
	}
	return out
}

// orderedBy names what orders the assets.
func (k *Ranking) orderedBy() string {
	if k.ByFormula {
		return formulaPolicy
	}
	return k.Policy
}

// byBelief puts the assets that have a rank in the order of the policy's scores;
// those alike stay in the formula's order.
func byBelief(assets []Asset) {
	ranked := slices.IndexFunc(assets, func(a Asset) bool { return a.Rank == 0 })
	if ranked < 0 {
		ranked = len(assets)
	}
	slices.SortStableFunc(assets[:ranked], func(a, b Asset) int { return cmp.Compare(score(&b), score(&a)) })
	for i := range assets[:ranked] {
		assets[i].Rank = i + 1
	}
}

// score is the policy's; of an asset that it has no opinion of, the lowest.
func score(a *Asset) float64 {
	if a.Belief == nil {
		return math.Inf(-1)
	}
	return a.Belief.Score
}

func reorder(rankings []quasar.Ranking, order quasar.Order) []quasar.Ranking {
	snapshots := make([]quasar.Snapshot, len(rankings))
	for i := range rankings {
		snapshots[i] = rankings[i].Snapshot
	}
	return quasar.Rank(snapshots, order)
}

// connection says whether the hub is there, and since when. Guarded by r.mu.
func (r *Ranker) connection(status *subscriber.Status, out *Ranking) {
	switch {
	case status.Connected:
		out.Connected, out.Since = true, status.ConnectedAt
	case r.lost < status.Connects: // lost this moment: noteLoss comes next
		out.Since, out.Lost = later(status.ConnectedAt, status.LastFrameAt), status.LastError
	default:
		out.Since, out.Lost = r.lostAt, status.LastError
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (r *Ranker) asset(ranking *quasar.Ranking, o opinion, all *Ranking) Asset {
	s := &ranking.Snapshot
	a := Asset{
		Ranking: *ranking, FormulaRank: ranking.Rank, Belief: o.belief, Propensity: o.propensity,
		Age: age(all.HubTime, s.UpdatedAt), VotingAge: age(all.HubTime, s.VotingAt),
	}
	a.Stale = a.Age == nil || *a.Age > r.opts.StaleAfter
	a.HeldBack = r.heldBack(&a, all)
	return a
}

// maxAhead is how far a stamp may be ahead of the hub's clock: what two hubs of
// one cluster may differ by.
const maxAhead = 2 * time.Second

// age is nil if the time is unknown. So it is of a stamp from the future: the
// hub's clock went back, or another hub's is behind, and the asset would look new
// until the clock has caught up, whether or not anything comes from it.
func age(now, at time.Time) *time.Duration {
	if at.IsZero() || at.Sub(now) > maxAhead {
		return nil
	}
	return new(max(0, now.Sub(at)))
}

// heldBack says everything that speaks against trading an asset.
func (r *Ranker) heldBack(a *Asset, all *Ranking) []string {
	var why []string
	if !all.Connected {
		why = append(why, "no connection to the hub since "+all.Since.UTC().Format(time.TimeOnly)+" UTC")
	}
	if a.Score.Reason != "" {
		why = append(why, a.Score.Reason)
	}
	switch signal := a.Snapshot.Voting.DominantSignal; {
	case signal == nil:
		why = append(why, "no signal")
	case *signal == quasar.Neutral:
		why = append(why, "neutral signal")
	}
	if a.Snapshot.Voting.LastPrice == nil {
		why = append(why, "no price")
	}
	if old := r.old(a); old != "" {
		why = append(why, old)
	}
	if r.opts.NeverTraded != nil {
		if never := r.opts.NeverTraded(a.Snapshot.SpaceName); never != "" {
			why = append(why, never)
		}
	}
	return why
}

// old says what of an asset is too old, or cannot be dated. Frozen votes do not
// hide behind flowing training.
func (r *Ranker) old(a *Asset) string {
	limit := r.opts.StaleAfter
	switch {
	case a.Age == nil:
		return "stale: the time of its update is unknown"
	case a.Stale:
		return "stale: no update for " + limit.String()
	case a.VotingAge == nil && a.Score.SignalConfidence != nil:
		return "stale votes: their time is unknown"
	case a.VotingAge != nil && *a.VotingAge > limit:
		return "stale votes: none for " + limit.String()
	}
	return ""
}

// waiting lists what was asked for and never came. Guarded by r.mu.
func (r *Ranker) waiting() []string {
	var waiting []string
	for _, name := range r.opts.Assets {
		if !r.index.Has(name) {
			waiting = append(waiting, name)
		}
	}
	return waiting
}
