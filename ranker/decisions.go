package ranker

import (
	"fmt"
	"net/http"
	"time"

	"github.com/karlquant/quasar/internal/rest"
)

// Decisions returns the newest decisions, the newest first: at most so many, and no
// more than two hundred.
func (r *Ranker) Decisions(most int) []Decision {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.learner.recent.copies(max(0, most))
}

type decisionsAnswer struct {
	HubTimestamp rest.UnixSeconds `json:"hub_timestamp"`
	Policy       policyAnswer     `json:"policy"`
	Count        int              `json:"count"`
	Decisions    []decisionAnswer `json:"decisions"`
	// Refused are the newest decisions that were not traded, and why.
	Refused []refusedAnswer `json:"refused"`
}

type decisionAnswer struct {
	ID         int64             `json:"id"`
	At         rest.UnixSeconds  `json:"timestamp"`
	Policy     string            `json:"policy"`
	Chosen     string            `json:"space_name"`
	Explored   bool              `json:"explored"`
	Eligible   int               `json:"eligible"`
	HeldBack   map[string]int    `json:"held_back"`
	Candidates []candidateAnswer `json:"candidates"`
}

type candidateAnswer struct {
	SpaceName  string         `json:"space_name"`
	Direction  int            `json:"direction"`
	Propensity float64        `json:"propensity"`
	Belief     *beliefAnswer  `json:"belief"`
	Outcome    *outcomeAnswer `json:"outcome"`
}

type outcomeAnswer struct {
	Reward  *float64 `json:"reward"`
	Move    *float64 `json:"move"`
	Dropped *string  `json:"dropped"`
}

func newOutcome(o *CandidateOutcome) *outcomeAnswer {
	if o == nil {
		return nil
	}
	return &outcomeAnswer{o.Reward, o.Move, some(o.Dropped)}
}

func newDecisionAnswer(d *Decision) decisionAnswer {
	a := decisionAnswer{
		ID: d.ID, At: rest.UnixSeconds(d.At), Policy: d.Policy, Chosen: d.Chosen, Explored: d.Explored,
		Eligible: d.Eligible, HeldBack: d.HeldBack, Candidates: make([]candidateAnswer, len(d.Candidates)),
	}
	for i := range d.Candidates {
		c := &d.Candidates[i]
		a.Candidates[i] = candidateAnswer{SpaceName: c.SpaceName, Direction: c.Direction, Propensity: c.Propensity, Belief: newBelief(c.Belief), Outcome: newOutcome(c.Outcome)}
	}
	return a
}

// serveDecisions answers with the newest decisions and what became of them: 50, or as
// many as ?limit says, of those that are kept.
func (r *Ranker) serveDecisions(w http.ResponseWriter, req *http.Request) {
	rows, ok := readRows(w, req)
	if !ok {
		return
	}
	answer := decisionsAnswer{HubTimestamp: rest.UnixSeconds(r.hubTime(time.Now())), Policy: r.policyAnswer()}
	for _, d := range r.Decisions(rows) {
		answer.Decisions = append(answer.Decisions, newDecisionAnswer(&d))
	}
	answer.Count, answer.Refused = len(answer.Decisions), r.refused(rows)
	rest.Write(w, answer)
}

func (r *Ranker) hubTime(now time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clock.at(now)
}

func (r *Ranker) policyAnswer() policyAnswer {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.learner
	a := policyAnswer{
		Active: r.opts.Policy, Reward: r.opts.Reward, Feedback: r.opts.Feedback, Model: some(r.opts.Model), OrderedBy: r.opts.Policy,
		Horizon: r.opts.Horizon.Seconds(), Every: r.opts.DecideEvery.Seconds(), Cost: r.opts.Cost,
		Labels:    labelsAnswer{l.counts.learned, l.counts.dropped, l.features.Outcomes().Pending},
		Decisions: l.counts.decisions, Gate: newGateAnswer(l.gate), Notes: l.notes(),
	}
	if n := l.counts.unrecorded; n > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("%d decisions and outcomes could not be recorded", n))
	}
	if r.keeper.problem != "" {
		a.Notes = append(a.Notes, "what was learned cannot be saved: "+r.keeper.problem)
	}
	if r.broken != "" {
		a.Notes = append(a.Notes, "who decides broke down, and nothing is decided until a restart: "+r.broken)
	}
	if r.broken != "" || !l.orders() {
		a.OrderedBy = formulaPolicy
	}
	return a
}

// notes say what whoever looks should know.
func (l *learner) notes() []string {
	var notes []string
	switch {
	case l.scorer == nil:
	case l.opts.Feedback == traded:
		if l.taught {
			break
		}
		notes = append(notes, "the policy learns from trades alone, and none has ended yet: the formula orders the assets")
	case !l.orders():
		notes = append(notes, "no outcome is known yet: the formula orders the assets until one is, "+l.opts.Horizon.String()+" after the first decision")
	}
	switch {
	case l.opts.Model == "":
		notes = append(notes, "what is learned is forgotten with the process: --model FILE keeps it")
	case l.model == nil && l.scorer != nil:
		notes = append(notes, "the model's file keeps the features and the gate; the policy "+l.opts.Policy+" itself starts anew with each process")
	}
	return notes
}
