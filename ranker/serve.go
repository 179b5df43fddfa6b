package ranker

import (
	_ "embed" // for openapi.json
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/karlquant/quasar/internal/credential"
	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/internal/page"
	"github.com/karlquant/quasar/internal/problem"
	"github.com/karlquant/quasar/internal/rest"
)

const (
	uiPath = "/ui/"
	index  = "index.html"
)

func (r *Ranker) newRoutes() (http.Handler, error) {
	ui := &page.Site{} // has no file
	if r.opts.UI != nil {
		var err error
		if ui, err = page.New(r.opts.UI, uiPath, r.opts.FrameAncestors...); err != nil {
			return nil, fmt.Errorf("UI: %w", err)
		}
	}
	read, access := problem.GetOnly(r.readRoutes(ui)), r.accessRoutes()
	find := func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Cache-Control", "no-store") // unless the endpoint knows better
		if r.opts.Viewers == nil {
			r.showMoney(w)
		}
		if do, ok := commands[req.URL.Path]; ok {
			r.serveCommand(w, req, do)
			return
		}
		if serve, ok := access[req.URL.Path]; ok {
			serve(w, req)
			return
		}
		read.ServeHTTP(w, req)
	}
	return guard.Proxies(r.opts.TrustedProxies, guard.Hosts(r.opts.AllowedHosts, http.HandlerFunc(find))), nil
}

// readRoutes are the endpoints that change nothing, and the page.
func (r *Ranker) readRoutes(ui *page.Site) http.HandlerFunc {
	exact := map[string]http.HandlerFunc{
		"/rankings":     r.forViewers(r.serveRankings),
		"/decisions":    r.forViewers(r.serveDecisions),
		"/positions":    r.forViewers(r.servePositions),
		"/risk":         r.forViewers(r.serveRisk),
		"/performance":  r.forViewers(r.servePerformance),
		"/api/state":    r.forViewers(r.serveState),
		"/health":       r.serveHealth,
		"/metrics":      r.forViewers(r.newPrometheus().ServeHTTP),
		"/openapi.json": serveOpenAPI,
		"/ws/view":      r.serveView,
		"/livez":        serveLive,
		"/readyz":       r.serveReady,
		"/":             serveHint,
	}
	if ui.Has(index) {
		exact["/"] = func(w http.ResponseWriter, req *http.Request) { ui.Serve(w, req, index) }
	}
	return func(w http.ResponseWriter, req *http.Request) {
		switch serve, ok := exact[req.URL.Path]; {
		case ok:
			serve(w, req)
		case strings.HasPrefix(req.URL.Path, uiPath):
			ui.ServeHTTP(w, req)
		default:
			problem.Write(w, http.StatusNotFound, "path: got one that names nothing here, want /, /rankings, /decisions, /positions, /risk, /performance, /api/state, /health, /metrics, /openapi.json, /livez, /readyz or /trade/")
		}
	}
}

const (
	// usualRows is how many rows an answer has of what grows, unless ?limit says.
	usualRows = 50
	// mostRows is more than there ever are, and leaves room to add to it.
	mostRows = math.MaxInt32
)

// readRows reads how many rows are wanted. Where that cannot be read it has answered.
func readRows(w http.ResponseWriter, req *http.Request) (rows int, ok bool) {
	query, ok := rest.ReadQuery(w, req, "", "limit")
	if query.Limit < 0 {
		return usualRows, ok
	}
	return min(query.Limit, mostRows), ok
}

// accessRoutes are what does more than answer: whoever asks may have to show that they
// may.
func (r *Ranker) accessRoutes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/trade/limits":  r.serveTighten,
		"/trade/resolve": r.serveResolve,
		"/trade/session": r.serveSession,
		"/trade/login":   r.serveLogin,
		"/trade/logout":  r.serveLogout,
		"/view/session":  r.serveViewSession,
		"/view/login":    r.serveViewLogin,
		"/view/logout":   r.serveViewLogout,
	}
}

// serveHint says where the data is if there is no page.
func serveHint(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write([]byte("Quasar ranker. It was started without a page; the data is at /rankings, /decisions, /api/state, /health and /metrics.\n"))
}

func (r *Ranker) serveRankings(w http.ResponseWriter, req *http.Request) {
	query, ok := rest.ReadQuery(w, req, "", "order", "limit")
	if !ok {
		return
	}
	ranking := r.at(time.Now(), query.Order)
	answer := newRankings(&ranking)
	answer.Rankings = rest.Cut(query, answer.Rankings)
	rest.Write(w, answer)
}

func (r *Ranker) serveHealth(w http.ResponseWriter, req *http.Request) {
	if _, ok := rest.ReadQuery(w, req, r.opts.Order); !ok {
		return
	}
	now := time.Now()
	ranking := r.at(now, "")
	if _, ok := r.viewer(req); ok {
		rest.Write(w, r.health(now, &ranking))
		return
	}
	if credential.Presented(req, "") != "" {
		r.slow(req) // or this would be the place to try tokens
	}
	rest.Write(w, strangerAnswer{lifeSigns: r.lifeSigns(now, &ranking)})
}

func (r *Ranker) health(now time.Time, ranking *Ranking) healthAnswer {
	return healthAnswer{r.lifeSigns(now, ranking), books{
		Hub:     r.hub(ranking),
		Policy:  r.policyAnswer(),
		Trading: r.trading(),
		Assets:  len(ranking.Assets), Waiting: ranking.Waiting, Updates: ranking.Updates,
	}}
}

func (r *Ranker) lifeSigns(now time.Time, ranking *Ranking) lifeSigns {
	return lifeSigns{
		Status: "ok", Version: r.opts.Version, HubTimestamp: rest.UnixSeconds(ranking.HubTime), Timestamp: rest.UnixSeconds(now),
		UptimeSeconds: now.Sub(r.started).Seconds(), InsecureAllowAnonymous: r.opts.InsecureAllowAnonymous,
	}
}

// moneyHeader is in each answer to a viewer of a ranker that trades with real money.
const moneyHeader = "X-Quasar-Live"

func (r *Ranker) showMoney(w http.ResponseWriter) {
	if money := r.realMoney(); money != "" {
		w.Header().Set(moneyHeader, money)
	}
}

// realMoney says so where there is any; else it is "".
func (r *Ranker) realMoney() string {
	if r.opts.Trader == nil {
		return ""
	}
	a := r.opts.Trader.Account()
	return a.Banner()
}

// trading says in a line whether anything is traded, and with whose money.
func (r *Ranker) trading() tradingAnswer {
	if r.opts.Trader == nil {
		return tradingAnswer{Note: "off: --trade paper trades on paper"}
	}
	s := r.opts.Trader.Status()
	a := tradingAnswer{Enabled: true, Mode: new(s.Account.Mode), Standing: new(s.Standing), Note: s.Account.String()}
	if banner := s.Account.Banner(); banner != "" {
		a.Note = banner
	}
	if len(s.Why.Details) > 0 {
		a.Note += ": " + s.Why.Details[0]
	}
	return a
}

func (r *Ranker) hub(ranking *Ranking) hubAnswer {
	status := r.client.Status()
	out := hubAnswer{
		URL: r.opts.HubURL, Connected: ranking.Connected, Since: rest.UnixSeconds(ranking.Since),
		LastFrameAt: rest.UnixSeconds(status.LastFrameAt), Connects: status.Connects,
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lastError != nil {
		out.LastError, out.LastErrorAt = new(r.lastError.Error()), rest.UnixSeconds(r.lastErrorAt)
	}
	return out
}

//go:embed openapi.json
var openAPI []byte

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI)
}

type lifeAnswer struct {
	Status string `json:"status"`
}

func serveLive(w http.ResponseWriter, _ *http.Request) { rest.Write(w, lifeAnswer{"ok"}) }

// serveReady tells whether the ranking can be relied on: there is a hub behind it.
func (r *Ranker) serveReady(w http.ResponseWriter, _ *http.Request) {
	if ranking := r.Ranking(); !ranking.Connected {
		w.Header().Set("Retry-After", "1")
		problem.Write(w, http.StatusServiceUnavailable, "not ready: no connection to the hub since "+ranking.Since.UTC().Format(time.RFC3339))
		return
	}
	rest.Write(w, lifeAnswer{"ready"})
}
