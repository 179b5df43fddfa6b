package ranker

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/internal/page"
	"github.com/karlquant/quasar/internal/problem"
	"github.com/karlquant/quasar/internal/rest"
)

const uiPath = "/ui/"

func (r *Ranker) newRoutes() (http.Handler, error) {
	var ui *page.Site
	if r.opts.UI != nil {
		var err error
		if ui, err = page.New(r.opts.UI, uiPath, r.opts.FrameAncestors...); err != nil {
			return nil, err
		}
	}
	exact := map[string]http.HandlerFunc{
		"/rankings":  r.serveRankings,
		"/api/state": r.serveState,
		"/health":    r.serveHealth,
		"/livez":     func(w http.ResponseWriter, _ *http.Request) { rest.Write(w, map[string]string{"status": "ok"}) },
		"/readyz":    r.serveReady,
	}
	find := func(w http.ResponseWriter, req *http.Request) {
		serve, ok := exact[req.URL.Path]
		switch {
		case ok:
			serve(w, req)
		case ui != nil && req.URL.Path == "/":
			ui.Serve(w, req, "index.html")
		case ui != nil && strings.HasPrefix(req.URL.Path, uiPath):
			ui.ServeHTTP(w, req)
		default:
			problem.Write(w, http.StatusNotFound, "path: got one that names nothing here, want /, /rankings, /api/state, /health, /livez or /readyz")
		}
	}
	return guard.Hosts(r.opts.AllowedHosts, problem.GetOnly(http.HandlerFunc(find))), nil
}

// The shapes of the answers. Every key is always there; what does not exist is null.

type unixSeconds time.Time

// MarshalJSON writes the time as the hub's wire has it.
func (t unixSeconds) MarshalJSON() ([]byte, error) {
	return quasar.AppendUnixTime(nil, time.Time(t)), nil
}

type row struct {
	Rank             *int            `json:"rank"`
	SpaceName        string          `json:"space_name"`
	Score            *float64        `json:"score"`
	SignalConfidence *float64        `json:"signal_confidence"`
	AVNAccuracy      *float64        `json:"avn_accuracy"`
	DominantSignal   *quasar.Signal  `json:"dominant_signal"`
	Reason           *string         `json:"reason"`
	Tradable         bool            `json:"tradable"`
	HeldBack         []string        `json:"held_back"`
	Stale            bool            `json:"stale"`
	AgeSeconds       float64         `json:"age_seconds"`
	VotingAgeSeconds *float64        `json:"voting_age_seconds"`
	Snapshot         quasar.Snapshot `json:"snapshot"`
}

func newRow(a *Asset) row {
	out := row{
		SpaceName: a.Snapshot.SpaceName, Score: a.Score.Value, SignalConfidence: a.Score.SignalConfidence,
		AVNAccuracy: a.Snapshot.Training.AVNAccuracy, DominantSignal: a.Snapshot.Voting.DominantSignal,
		Tradable: a.Tradable(), HeldBack: a.HeldBack, Stale: a.Stale, AgeSeconds: a.Age.Seconds(), Snapshot: a.Snapshot,
	}
	if a.Rank > 0 {
		out.Rank = &a.Rank
	}
	if a.Score.Reason != "" {
		out.Reason = &a.Score.Reason
	}
	if a.VotingAge != nil {
		out.VotingAgeSeconds = new(a.VotingAge.Seconds())
	}
	return out
}

func newRows(assets []Asset) []row {
	rows := make([]row, len(assets))
	for i := range assets {
		rows[i] = newRow(&assets[i])
	}
	return rows
}

type hubAnswer struct {
	URL       string      `json:"url"`
	Connected bool        `json:"connected"`
	Since     unixSeconds `json:"since"`
	LastFrame unixSeconds `json:"last_frame_at"`
	Connects  int64       `json:"connects"`
	LastError *string     `json:"last_error"`
}

type policyAnswer struct {
	Requested *string  `json:"requested"`
	Active    string   `json:"active"`
	Reward    *string  `json:"reward"`
	Model     *string  `json:"model"`
	Notes     []string `json:"notes"`
}

// tradingAnswer says honestly what there is of trading.
type tradingAnswer struct {
	Enabled bool   `json:"enabled"`
	Note    string `json:"note"`
}

type rankingsAnswer struct {
	HubTimestamp unixSeconds  `json:"hub_timestamp"`
	Connected    bool         `json:"connected"`
	Order        quasar.Order `json:"order"`
	Formula      string       `json:"formula"`
	Count        int          `json:"count"`
	Rankings     []row        `json:"rankings"`
}

type healthAnswer struct {
	Status                 string        `json:"status"`
	Version                string        `json:"version"`
	HubTimestamp           unixSeconds   `json:"hub_timestamp"`
	Timestamp              unixSeconds   `json:"timestamp"`
	UptimeSeconds          float64       `json:"uptime_seconds"`
	InsecureAllowAnonymous bool          `json:"insecure_allow_anonymous"`
	Hub                    hubAnswer     `json:"hub"`
	Policy                 policyAnswer  `json:"policy"`
	Trading                tradingAnswer `json:"trading"`
	Assets                 int           `json:"assets"`
	Waiting                []string      `json:"waiting"`
	Updates                int64         `json:"updates"`
}

type stateAnswer struct {
	healthAnswer      `json:",inline"`
	StaleAfterSeconds float64      `json:"stale_after_seconds"`
	Order             quasar.Order `json:"order"`
	Formula           string       `json:"formula"`
	Rankings          []row        `json:"rankings"`
}

func (r *Ranker) serveRankings(w http.ResponseWriter, req *http.Request) {
	order, limit, err := r.ask(req, "order", "limit")
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return
	}
	ranking := r.at(time.Now(), order)
	rows := newRows(ranking.Assets)
	count := len(rows)
	if limit >= 0 {
		rows = rows[:min(limit, count)]
	}
	rest.Write(w, rankingsAnswer{unixSeconds(ranking.HubTime), ranking.Connected, order, quasar.Formula, count, rows})
}

// ask reads a query: an order, the ranker's own by default, and a limit, -1 for none.
func (r *Ranker) ask(req *http.Request, allowed ...string) (order quasar.Order, limit int, err error) {
	order, limit = r.opts.Order, -1
	for key, values := range req.URL.Query() {
		switch {
		case !slices.Contains(allowed, key):
			return order, limit, fmt.Errorf("query: got %+q, want one of %q", key, allowed)
		case key == "order":
			order, err = quasar.ParseOrder(values[0])
		case key == "limit":
			if limit, err = strconv.Atoi(values[0]); err != nil || limit < 0 {
				err = fmt.Errorf("limit: got %+q, want an integer from 0", values[0])
			}
		}
		if err != nil {
			return order, limit, err
		}
	}
	return order, limit, nil
}

// serveState answers with all that the page shows. While nothing has changed but
// the ages the answer to a known ETag is 304.
func (r *Ranker) serveState(w http.ResponseWriter, req *http.Request) {
	order, _, err := r.ask(req, "order")
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return
	}
	ranking := r.at(time.Now(), order)
	if rest.NotModified(w, req, r.etag(&ranking)) {
		return
	}
	rest.Write(w, stateAnswer{
		healthAnswer: r.health(&ranking), StaleAfterSeconds: r.opts.StaleAfter.Seconds(),
		Order: order, Formula: quasar.Formula, Rankings: newRows(ranking.Assets),
	})
}

// etag changes with whatever state would show differently, apart from the clock.
func (r *Ranker) etag(ranking *Ranking) string {
	r.mu.Lock()
	version := r.version
	r.mu.Unlock()
	sum := fnv.New64a()
	_, _ = fmt.Fprint(sum, r.started.UnixNano(), version, ranking.Order, ranking.Connected, ranking.Since.UnixNano())
	for i := range ranking.Assets {
		_, _ = fmt.Fprint(sum, ranking.Assets[i].HeldBack)
	}
	return fmt.Sprintf(`W/"%016x"`, sum.Sum64())
}

func (r *Ranker) serveHealth(w http.ResponseWriter, req *http.Request) {
	if _, _, err := r.ask(req); err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return
	}
	ranking := r.Ranking()
	rest.Write(w, r.health(&ranking))
}

func (r *Ranker) health(ranking *Ranking) healthAnswer {
	r.mu.Lock()
	updates, lost := r.updates, r.lost
	r.mu.Unlock()
	status, now := r.client.Status(), time.Now()
	out := healthAnswer{
		Status: "ok", Version: r.opts.Version, HubTimestamp: unixSeconds(ranking.HubTime), Timestamp: unixSeconds(now),
		UptimeSeconds: now.Sub(r.started).Seconds(), InsecureAllowAnonymous: r.opts.InsecureAllowAnonymous,
		Hub: hubAnswer{URL: r.opts.HubURL, Connected: ranking.Connected, Since: unixSeconds(ranking.Since),
			LastFrame: unixSeconds(status.LastFrameAt), Connects: status.Connects},
		Policy: policyAnswer{Requested: some(r.opts.Policy), Active: Formula, Reward: some(r.opts.Reward),
			Model: some(r.opts.Model), Notes: r.opts.notes()},
		Trading: tradingAnswer{Note: "off: the trader is not there yet"},
		Assets:  len(ranking.Assets), Waiting: ranking.Waiting, Updates: updates,
	}
	if lost != nil {
		out.Hub.LastError = some(lost.Error())
	}
	return out
}

func some(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// serveReady tells whether the ranking can be relied on: there is a hub behind it.
func (r *Ranker) serveReady(w http.ResponseWriter, _ *http.Request) {
	if ranking := r.Ranking(); !ranking.Connected {
		w.Header().Set("Retry-After", "1")
		problem.Write(w, http.StatusServiceUnavailable, "not ready: no connection to the hub since "+ranking.Since.UTC().Format(time.RFC3339))
		return
	}
	rest.Write(w, map[string]string{"status": "ready"})
}
