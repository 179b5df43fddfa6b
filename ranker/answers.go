package ranker

import (
	"math"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/bandit"
	"github.com/karlquant/quasar/internal/rest"
	"github.com/karlquant/quasar/trade"
)

// The shapes of the answers. Every key is always there; what does not exist is
// null, and a list without members [].

// row is a row of the hub's /rankings, and what the ranker makes of it.
type row struct {
	Rank             *int           `json:"rank"`
	FormulaRank      *int           `json:"formula_rank"`
	SpaceName        string         `json:"space_name"`
	Score            *float64       `json:"score"`
	SignalConfidence *float64       `json:"signal_confidence"`
	AVNAccuracy      *float64       `json:"avn_accuracy"`
	DominantSignal   *quasar.Signal `json:"dominant_signal"`
	Reason           *string        `json:"reason"`
	// Belief is what the policy expects of following the signal.
	Belief     *beliefAnswer `json:"belief"`
	Propensity *float64      `json:"propensity"`
	// Connected is whether the space is connected to the hub, which tells that to
	// no subscriber: always null.
	Connected        *bool           `json:"connected"`
	Tradable         bool            `json:"tradable"`
	HeldBack         []string        `json:"held_back"`
	Stale            bool            `json:"stale"`
	AgeSeconds       *float64        `json:"age_seconds"`
	VotingAgeSeconds *float64        `json:"voting_age_seconds"`
	Snapshot         quasar.Snapshot `json:"snapshot"`
}

func newRow(a *Asset) row {
	return row{
		Rank: some(a.Rank), FormulaRank: some(a.FormulaRank), Belief: newBelief(a.Belief), Propensity: a.Propensity, SpaceName: a.Snapshot.SpaceName, Score: a.Score.Value, SignalConfidence: a.Score.SignalConfidence,
		AVNAccuracy: a.Snapshot.Training.AVNAccuracy, DominantSignal: a.Snapshot.Voting.DominantSignal,
		Reason: some(a.Score.Reason), Tradable: a.Tradable(), HeldBack: a.HeldBack, Stale: a.Stale,
		AgeSeconds: seconds(a.Age), VotingAgeSeconds: seconds(a.VotingAge), Snapshot: a.Snapshot,
	}
}

type beliefAnswer struct {
	Score    float64    `json:"score"`
	Mean     float64    `json:"mean"`
	SD       float64    `json:"sd"`
	Interval [2]float64 `json:"interval"`
}

func newBelief(b *Belief) *beliefAnswer {
	if b == nil {
		return nil
	}
	return &beliefAnswer{b.Score, b.Mean, b.SD, [2]float64{b.Low(), b.High()}}
}

func newRows(assets []Asset) []row {
	rows := make([]row, len(assets))
	for i := range assets {
		rows[i] = newRow(&assets[i])
	}
	return rows
}

// some is nil for what stands for nothing: "" and the rank 0.
func some[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

func seconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	return new(d.Seconds())
}

type rankingsAnswer struct {
	HubTimestamp rest.UnixSeconds `json:"hub_timestamp"`
	Connected    bool             `json:"connected"`
	Since        rest.UnixSeconds `json:"since"`
	Policy       string           `json:"policy"`
	OrderedBy    string           `json:"ordered_by"`
	Order        quasar.Order     `json:"order"`
	Formula      string           `json:"formula"`
	Count        int              `json:"count"`
	Waiting      []string         `json:"waiting"`
	Rankings     []row            `json:"rankings"`
}

func newRankings(k *Ranking) rankingsAnswer {
	return rankingsAnswer{
		HubTimestamp: rest.UnixSeconds(k.HubTime), Connected: k.Connected, Since: rest.UnixSeconds(k.Since),
		Policy: k.Policy, OrderedBy: k.orderedBy(), Order: k.Order,
		Formula: quasar.Formula, Count: len(k.Assets), Waiting: k.Waiting, Rankings: newRows(k.Assets),
	}
}

// MarshalJSON writes the ranking as /rankings answers it.
func (k Ranking) MarshalJSON() ([]byte, error) {
	return json.Marshal(newRankings(&k), json.Deterministic(true))
}

type healthAnswer struct {
	lifeSigns `json:",inline"`
	books     `json:",inline"`
}

// strangerAnswer is what those get of /health who may not look.
type strangerAnswer struct {
	lifeSigns `json:",inline"`
	Hub       *hubAnswer     `json:"hub"`
	Policy    *policyAnswer  `json:"policy"`
	Trading   *tradingAnswer `json:"trading"`
	Assets    *int           `json:"assets"`
	Waiting   *[]string      `json:"waiting"`
	Updates   *int64         `json:"updates"`
}

// lifeSigns are what of a ranker's health is for anybody.
type lifeSigns struct {
	Status                 string           `json:"status"`
	Version                string           `json:"version"`
	HubTimestamp           rest.UnixSeconds `json:"hub_timestamp"`
	Timestamp              rest.UnixSeconds `json:"timestamp"`
	UptimeSeconds          float64          `json:"uptime_seconds"`
	InsecureAllowAnonymous bool             `json:"insecure_allow_anonymous"`
}

// books are what of it is for viewers.
type books struct {
	Hub     hubAnswer     `json:"hub"`
	Policy  policyAnswer  `json:"policy"`
	Trading tradingAnswer `json:"trading"`
	Assets  int           `json:"assets"`
	Waiting []string      `json:"waiting"`
	Updates int64         `json:"updates"`
}

type hubAnswer struct {
	URL         string           `json:"url"`
	Connected   bool             `json:"connected"`
	Since       rest.UnixSeconds `json:"since"`
	LastFrameAt rest.UnixSeconds `json:"last_frame_at"`
	Connects    int64            `json:"connects"`
	LastError   *string          `json:"last_error"`
	LastErrorAt rest.UnixSeconds `json:"last_error_at"`
}

type policyAnswer struct {
	Active   string  `json:"active"`
	Reward   string  `json:"reward"`
	Feedback string  `json:"feedback"`
	Model    *string `json:"model"`
	// OrderedBy is the policy, or the formula while it has not learned anything.
	OrderedBy string       `json:"ordered_by"`
	Horizon   float64      `json:"horizon_seconds"`
	Every     float64      `json:"decide_every_seconds"`
	Cost      float64      `json:"cost"`
	Labels    labelsAnswer `json:"labels"`
	Decisions int64        `json:"decisions"`
	Gate      gateAnswer   `json:"gate"`
	Notes     []string     `json:"notes"`
}

type labelsAnswer struct {
	Learned int64 `json:"learned"`
	Dropped int64 `json:"dropped"`
	Pending int64 `json:"pending"`
}

type gateAnswer struct {
	Open bool  `json:"open"`
	N    int64 `json:"n"`
	// Least is how many outcomes it takes whatever they are, Needed about how many if
	// the true mean is what was seen; null where no number would do, or too little is
	// seen to say.
	Least    int64       `json:"least"`
	Needed   *int64      `json:"needed"`
	Mean     *float64    `json:"mean"`
	Interval *[2]float64 `json:"interval"`
	Sentence string      `json:"sentence"`
}

func newGateAnswer(g *bandit.Gate) gateAnswer {
	a := gateAnswer{Open: g.Open(), N: g.N(), Least: g.Least(), Sentence: g.Sentence()}
	if n, ok := g.Needed(); ok && g.N() >= g.Least() {
		a.Needed = &n
	}
	if low, high := g.Bounds(); g.N() > 0 && !math.IsInf(high-low, 0) {
		a.Mean, a.Interval = new(g.Mean()), &[2]float64{low, high}
	}
	return a
}

// tradingAnswer says honestly what there is of trading.
type tradingAnswer struct {
	Enabled  bool            `json:"enabled"`
	Mode     *trade.Mode     `json:"mode"`
	Standing *trade.Standing `json:"standing"`
	Note     string          `json:"note"`
}
