package ranker

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/rest"
	"github.com/karlquant/quasar/trade"
)

// stateAnswer is all that the page shows, but for the report of /performance.
type stateAnswer struct {
	healthAnswer      `json:",inline"`
	StaleAfterSeconds float64      `json:"stale_after_seconds"`
	Order             quasar.Order `json:"order"`
	OrderedBy         string       `json:"ordered_by"`
	Formula           string       `json:"formula"`
	Rankings          []row        `json:"rankings"`
	// Decisions are the newest, the newest first: at most maxShown.
	Decisions []choiceAnswer `json:"decisions"`
	// Trade is nil where nothing is traded.
	Trade *tradeAnswer `json:"trade"`
}

// maxShown is how many decisions, and how many orders that ended, the page is told of.
const maxShown = 50

// serveState answers with all that the page shows. It is made to be polled: while
// nothing has changed but the ages, which the client can count on by itself, the
// answer to a known ETag is 304.
func (r *Ranker) serveState(w http.ResponseWriter, req *http.Request) {
	query, ok := rest.ReadQuery(w, req, "", "order")
	if !ok {
		return
	}
	v := r.look(time.Now(), query.Order)
	if rest.NotModified(w, req, v.etag) {
		return
	}
	rest.Write(w, r.state(v))
}

// view is what there is to be shown at one moment.
type view struct {
	now     time.Time
	etag    string
	ranking Ranking
	trade   *tradeAnswer
}

// look returns what there is to be shown, with a tag that changes with whatever would
// show differently, apart from the clocks. The version is read first: what comes in
// between makes the tag old too early and never too late.
func (r *Ranker) look(now time.Time, order quasar.Order) *view {
	r.mu.Lock()
	version := r.version
	r.mu.Unlock()
	v := &view{now: now, ranking: r.at(now, order), trade: r.tradeAnswer()}
	sum := fnv.New64a()
	_, _ = fmt.Fprint(sum, r.started.UnixNano(), version, order, v.ranking.Connected, v.ranking.Since.UnixNano())
	for i := range v.ranking.Assets {
		_, _ = fmt.Fprint(sum, v.ranking.Assets[i].HeldBack)
	}
	if t := v.trade; t != nil {
		a := t.Account
		_, _ = fmt.Fprint(sum, t.Seq, t.Refusals, t.Used, a.Standing, a.Why, a.Connected, a.Reconciled, a.JournalError != nil)
		for i := range t.Positions {
			if p := &t.Positions[i]; p.RunningProfit != nil {
				_, _ = fmt.Fprint(sum, *p.RunningProfit, time.Time(*p.RunningAt).UnixNano())
			}
		}
	}
	v.etag = fmt.Sprintf(`W/"%016x"`, sum.Sum64())
	return v
}

func (r *Ranker) state(v *view) *stateAnswer {
	return &stateAnswer{
		healthAnswer: r.health(v.now, &v.ranking), StaleAfterSeconds: r.opts.StaleAfter.Seconds(),
		Order: v.ranking.Order, OrderedBy: v.ranking.orderedBy(), Formula: quasar.Formula, Rankings: newRows(v.ranking.Assets),
		Decisions: r.choices(maxShown), Trade: v.trade,
	}
}

// tradeAnswer is what the page shows of trading.
type tradeAnswer struct {
	Account accountAnswer  `json:"account"`
	Reasons []trade.Reason `json:"reasons"`
	Venue   venueAnswer    `json:"venue"`
	Limits  *limitsAnswer  `json:"limits"`
	Used    usedAnswer     `json:"used"`
	// Positions, Foreign and Recent are as in /positions.
	Positions []orderAnswer    `json:"positions"`
	Foreign   []trade.Contract `json:"foreign"`
	Recent    []orderAnswer    `json:"recent"`
	// Seq grows with the journal, and with it what /performance has to tell; Refusals
	// is the newest refusal's.
	Seq      int64 `json:"seq"`
	Refusals int64 `json:"refusals"`
	// Commands tells whether anybody can halt and resume here: there is an admin token.
	Commands bool `json:"commands"`
}

// venueAnswer is how well the venue is heard.
type venueAnswer struct {
	Connected  bool    `json:"connected"`
	Reconciled bool    `json:"reconciled"`
	Lag        float64 `json:"lag_seconds"`
	Offset     float64 `json:"offset_seconds"`
	// Speed is how many of its seconds pass in one of ours: 1 but for simulators.
	Speed float64 `json:"speed"`
}

func newVenue(s *trade.Status) venueAnswer {
	return venueAnswer{s.Connected, s.Reconciled, s.Health.Lag.Seconds(), s.Health.Offset.Seconds(), max(1, s.Health.Speed)}
}

// tradeAnswer returns what there is to be shown of trading; nil for nothing.
func (r *Ranker) tradeAnswer() *tradeAnswer {
	if r.opts.Trader == nil {
		return nil
	}
	status := r.opts.Trader.Status()
	a := &tradeAnswer{
		Account: newAccount(&status), Reasons: append([]trade.Reason{}, status.Why.Reasons...), Venue: newVenue(&status), Limits: newLimits(&status.Limits),
		Positions: []orderAnswer{}, Foreign: []trade.Contract{}, Recent: []orderAnswer{}, Commands: r.admin != nil,
	}
	worths := r.opts.Trader.Worths()
	r.opts.Trader.View(func(l *trade.Ledger) {
		a.Used, a.Seq = newUsed(l, status.At), l.Seq
		a.Foreign = append(a.Foreign, l.Foreign...)
		if refused := l.Refused(); len(refused) > 0 {
			a.Refusals = refused[len(refused)-1].At.UnixNano()
		}
		for _, o := range l.Active() {
			a.Positions = append(a.Positions, newPosition(o, worths))
		}
		orders := l.Orders()
		for i := len(orders) - 1; i >= 0 && len(a.Recent) < maxShown; i-- {
			if o := orders[i]; !o.State.Live() && !o.State.Unresolved() {
				a.Recent = append(a.Recent, newOrder(o))
			}
		}
	})
	return a
}

// choiceAnswer is a decision as the page shows it, and what became of it.
type choiceAnswer struct {
	ID        int64            `json:"id"`
	At        rest.UnixSeconds `json:"timestamp"`
	SpaceName string           `json:"space_name"`
	Side      trade.Side       `json:"side"`
	Explored  bool             `json:"explored"`
	Eligible  int              `json:"eligible"`
	// HeldBack is how many others there were for each reason.
	HeldBack   map[string]int `json:"held_back"`
	Propensity float64        `json:"propensity"`
	Belief     *beliefAnswer  `json:"belief"`
	// Outcome is what its price brought, whether or not it was traded.
	Outcome *outcomeAnswer `json:"outcome"`
	// Order is what was bought or tried, Refused why it was not; neither where nothing
	// is traded, and where a newer decision came before the trader was free.
	Order   *orderAnswer   `json:"order"`
	Refused *refusedAnswer `json:"refused"`
}

// choices are the newest decisions with what became of them, the newest first.
func (r *Ranker) choices(most int) []choiceAnswer {
	decisions := r.Decisions(most)
	answers := make([]choiceAnswer, 0, len(decisions))
	byName := make(map[string]*choiceAnswer, len(decisions))
	for i := range decisions {
		d := &decisions[i]
		c := d.candidate(d.Chosen)
		if c == nil {
			continue
		}
		answers = append(answers, choiceAnswer{
			ID: d.ID, At: rest.UnixSeconds(d.At), SpaceName: d.Chosen, Side: trade.Side(c.Direction), Explored: d.Explored, Eligible: d.Eligible, HeldBack: d.HeldBack,
			Propensity: c.Propensity, Belief: newBelief(c.Belief), Outcome: newOutcome(c.Outcome),
		})
		byName[d.name()] = &answers[len(answers)-1]
	}
	r.followUp(byName)
	return answers
}

// name is what the decision is called where it is traded.
func (d *Decision) name() string { return decisionName(d.At, d.Chosen) }

func decisionName(at time.Time, asset string) string {
	return strconv.FormatInt(at.UnixMilli(), 10) + "-" + asset
}

// looksBack is how many orders and refusals are searched for those of decisions.
const looksBack = 4 * maxShown

// followUp says of decisions what was bought, and what was refused.
func (r *Ranker) followUp(byName map[string]*choiceAnswer) {
	if r.opts.Trader == nil {
		return
	}
	r.opts.Trader.View(func(l *trade.Ledger) {
		for _, o := range newest(l.Orders()) {
			if o.Intent == nil {
				continue
			}
			if c := byName[o.Intent.Signal.Decision]; c != nil {
				c.Order = new(newOrder(o))
			}
		}
		for _, e := range newest(l.Refused()) {
			if c := byName[e.Refused.Signal.Decision]; c != nil && c.Order == nil {
				c.Refused = new(newRefused(e))
			}
		}
	})
}

func newest[T any](all []T) []T { return all[max(0, len(all)-looksBack):] }
