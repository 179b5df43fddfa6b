package ranker

import (
	"cmp"
	"slices"
	"time"

	"github.com/karlquant/quasar/bandit"
)

// Decision is a choice that the policy made, and what became of it. Nothing needs to
// have been traded for that: the prices tell what following each signal brought.
type Decision struct {
	// ID counts the decisions, also over restarts with a model file.
	ID int64
	// At is the hub's time.
	At     time.Time
	Policy string
	// Chosen is the asset, Explored tells that another had the higher mean.
	Chosen   string
	Explored bool
	// Eligible is how many assets the choice was among, HeldBack how many others
	// there were for each reason.
	Eligible int
	HeldBack map[string]int
	// Candidates are those that could have been chosen, the likeliest first: at most
	// MaxCandidates.
	Candidates []Candidate
}

// MaxCandidates is how many candidates of a decision are kept to be shown.
const MaxCandidates = 10

// Candidate is an asset that a decision was among.
type Candidate struct {
	SpaceName string
	// Direction is 1 for BUY and -1 for SELL.
	Direction int
	// Propensity is the probability with which it was chosen.
	Propensity float64
	// Belief is nil where the policy has none.
	Belief *Belief
	// Outcome says what became of it; nil while that is not known.
	Outcome *CandidateOutcome
}

// CandidateOutcome is what following a candidate's signal brought by its price alone.
type CandidateOutcome struct {
	// Reward is in the unit of the reward that the ranker learns from; nil where there
	// is none, and then Dropped says why.
	Reward  *float64
	Dropped string
	// Move is the logarithm of the price at the end over the price at the decision.
	Move *float64
}

func newDecision(l *learner, r *bandit.Round, c *bandit.Choice, now time.Time, held map[string]int) *Decision {
	d := &Decision{
		ID: l.round, At: now, Policy: l.opts.Policy, Chosen: l.features.Name(r.Arms[c.Arm]), Explored: c.Explored,
		Eligible: len(r.Arms), HeldBack: held, Candidates: make([]Candidate, 0, MaxCandidates),
	}
	for _, i := range likeliest(c) {
		candidate := Candidate{SpaceName: l.features.Name(r.Arms[i]), Direction: l.features.Direction(r.Arms[i]), Propensity: c.P[i]}
		if c.Mean != nil {
			candidate.Belief = &Belief{Score: c.Mean[i], Mean: c.Mean[i], SD: c.SD[i]}
		}
		d.Candidates = append(d.Candidates, candidate)
	}
	return d
}

// likeliest are the arms by their propensity, those alike by their mean: at most
// MaxCandidates of them, the chosen one always.
func likeliest(c *bandit.Choice) []int {
	arms := make([]int, len(c.P))
	for i := range arms {
		arms[i] = i
	}
	slices.SortFunc(arms, func(i, j int) int {
		if by := cmp.Compare(c.P[j], c.P[i]); by != 0 || c.Mean == nil {
			return cmp.Or(by, i-j)
		}
		return cmp.Or(cmp.Compare(c.Mean[j], c.Mean[i]), i-j)
	})
	if len(arms) <= MaxCandidates {
		return arms
	}
	if at := slices.Index(arms, c.Arm); at >= MaxCandidates {
		arms[MaxCandidates-1] = c.Arm
	}
	return arms[:MaxCandidates]
}

func (d *Decision) candidate(name string) *Candidate {
	at := slices.IndexFunc(d.Candidates, func(c Candidate) bool { return c.SpaceName == name })
	if at < 0 {
		return nil
	}
	return &d.Candidates[at]
}

// recent holds the newest decisions, the newest last.
type recent struct{ all []*Decision }

// maxRecent is how many decisions are kept to be shown.
const maxRecent = 200

func (r *recent) add(d *Decision) {
	if len(r.all) == maxRecent {
		r.all = slices.Delete(r.all, 0, 1)
	}
	r.all = append(r.all, d)
}

// find returns a decision that is still kept, or nil.
func (r *recent) find(id int64) *Decision {
	at, ok := slices.BinarySearchFunc(r.all, id, func(d *Decision, id int64) int { return cmp.Compare(d.ID, id) })
	if !ok {
		return nil
	}
	return r.all[at]
}

// copies returns the newest decisions, the newest first: at most so many.
func (r *recent) copies(most int) []Decision {
	out := make([]Decision, 0, min(most, len(r.all)))
	for i := len(r.all) - 1; i >= 0 && len(out) < most; i-- {
		d := *r.all[i]
		d.Candidates = slices.Clone(d.Candidates)
		out = append(out, d)
	}
	return out
}
