package hub

import (
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/problem"
)

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		problem.Write(w, http.StatusInternalServerError, "this answer cannot be put into words")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the peer is gone: nobody is left to tell
}

// question is what a query asks of a ranking.
type question struct {
	order quasar.Order
	limit int // -1 for all
}

// ask reads ?order= and ?limit=. Anything else in a query is a mistake that
// somebody wants to know of.
func ask(r *http.Request, allowed ...string) (question, error) {
	q := question{order: quasar.Desc, limit: -1}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return q, fmt.Errorf("query: got %s, want key=value pairs", printable(r.URL.RawQuery))
	}
	for key, values := range query {
		if !slices.Contains(allowed, key) {
			return q, fmt.Errorf("query: got %s, want %s", printable(key), wantedKeys(allowed))
		}
		if len(values) != 1 {
			return q, fmt.Errorf("%s: got it %d times, want it once", key, len(values))
		}
		if err := q.read(key, values[0]); err != nil {
			return q, err
		}
	}
	return q, nil
}

func wantedKeys(allowed []string) string {
	if len(allowed) == 0 {
		return "none"
	}
	return strings.Join(allowed, " or ")
}

func (q *question) read(key, value string) (err error) {
	switch key {
	case "order":
		q.order, err = quasar.ParseOrder(value)
	case "limit":
		q.limit, err = strconv.Atoi(value)
		if err != nil || q.limit < 0 {
			err = fmt.Errorf("limit: got %s, want an integer from 0", printable(value))
		}
	}
	return err
}

// badQuery answers a query that asks for something that is not to be had.
func badQuery(w http.ResponseWriter, r *http.Request, allowed ...string) (question, bool) {
	q, err := ask(r, allowed...)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
	}
	return q, err != nil
}

// rankings ranks what is known at the moment.
func (h *Hub) rankings(order quasar.Order, now time.Time) []rankingRow {
	h.mu.Lock()
	seen := h.sightings()
	h.mu.Unlock()
	return h.rank(seen, order, now)
}

type rankingsAnswer struct {
	HubTimestamp unixSeconds  `json:"hub_timestamp"`
	Order        quasar.Order `json:"order"`
	Formula      string       `json:"formula"`
	Count        int          `json:"count"`
	Rankings     []rankingRow `json:"rankings"`
}

func (h *Hub) serveRankings(w http.ResponseWriter, r *http.Request) {
	q, bad := badQuery(w, r, "order", "limit")
	if bad {
		return
	}
	now := time.Now()
	rows := h.rankings(q.order, now)
	count := len(rows)
	if q.limit >= 0 {
		rows = rows[:min(q.limit, count)]
	}
	writeJSON(w, http.StatusOK, rankingsAnswer{unixSeconds(now), q.order, quasar.Formula, count, rows})
}

type assetAnswer struct {
	HubTimestamp unixSeconds  `json:"hub_timestamp"`
	Order        quasar.Order `json:"order"`
	rankingRow   `json:",inline"`
}

func (h *Hub) serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	if err := quasar.CheckSpaceName(name); err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return
	}
	q, bad := badQuery(w, r, "order")
	if bad {
		return
	}
	now := time.Now()
	rows := h.rankings(q.order, now)
	i := slices.IndexFunc(rows, func(row rankingRow) bool { return row.SpaceName == name })
	if i < 0 {
		problem.Write(w, http.StatusNotFound, "space "+name+": no update of it was ever accepted")
		return
	}
	writeJSON(w, http.StatusOK, assetAnswer{unixSeconds(now), q.order, rows[i]})
}

type stateAnswer struct {
	HubTimestamp           unixSeconds                `json:"hub_timestamp"`
	Version                string                     `json:"version"`
	HubID                  string                     `json:"hub_id"`
	InsecureAllowAnonymous bool                       `json:"insecure_allow_anonymous"`
	StaleAfterSeconds      float64                    `json:"stale_after_seconds"`
	Snapshots              map[string]quasar.Snapshot `json:"snapshots"`
	Order                  quasar.Order               `json:"order"`
	Formula                string                     `json:"formula"`
	Rankings               []rankingRow               `json:"rankings"`
	Publishers             map[string]publisherRow    `json:"publishers"`
	Subscribers            []subscriberRow            `json:"subscribers"`
	Events                 []event                    `json:"events"`
	Stats                  stats                      `json:"stats"`
}

// serveState answers with everything the dashboard needs. It is made to be
// polled: while nothing has changed but the ages, which the client can count on
// by itself, the answer to a known ETag is 304.
func (h *Hub) serveState(w http.ResponseWriter, r *http.Request) {
	q, bad := badQuery(w, r, "order")
	if bad {
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	state, seen := h.state(w, r, q.order, time.Now())
	if state == nil {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	state.Rankings = h.rank(seen, q.order, time.Time(state.HubTimestamp))
	state.Snapshots = make(map[string]quasar.Snapshot, len(seen))
	for i := range seen {
		state.Snapshots[seen[i].snapshot.SpaceName] = seen[i].snapshot
	}
	writeJSON(w, http.StatusOK, state)
}

// state collects the answer, all of it from one moment, save for what is left to
// do with the sightings. It is nil if the client knows it already.
func (h *Hub) state(w http.ResponseWriter, r *http.Request, order quasar.Order, now time.Time) (*stateAnswer, []sighting) {
	h.mu.Lock()
	defer h.mu.Unlock()
	subscribers := h.subscribers()
	etag := h.etag(order, subscribers, now)
	w.Header().Set("Etag", etag)
	if matches(r.Header.Get("If-None-Match"), etag) {
		return nil, nil
	}
	return &stateAnswer{
		HubTimestamp: unixSeconds(now), Version: h.opts.Version, HubID: h.id,
		InsecureAllowAnonymous: h.opts.InsecureAllowAnonymous, StaleAfterSeconds: h.opts.StaleAfter.Seconds(),
		Order: order, Formula: quasar.Formula,
		Publishers: h.publishers(), Subscribers: subscribers, Events: h.newestEvents(), Stats: h.stats(now),
	}, h.sightings()
}

// etag changes with whatever state would show differently, apart from the clock.
// Guarded by h.mu.
func (h *Hub) etag(order quasar.Order, subscribers []subscriberRow, now time.Time) string {
	sum := fnv.New64a()
	_, _ = fmt.Fprintln(sum, h.started.UnixNano(), h.id, h.version, order, h.rate.perSecond(now), h.staleNames(now))
	for i := range subscribers {
		_, _ = fmt.Fprintln(sum, subscribers[i].ID, subscribers[i].Sent, subscribers[i].Pending, subscribers[i].Conflated)
	}
	return fmt.Sprintf(`W/"%016x"`, sum.Sum64())
}

// matches compares weakly (RFC 9110, section 13.1.2).
func matches(ifNoneMatch, etag string) bool {
	for candidate := range strings.SplitSeq(ifNoneMatch, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

type healthAnswer struct {
	Status                 string                  `json:"status"`
	Version                string                  `json:"version"`
	HubTimestamp           unixSeconds             `json:"hub_timestamp"`
	HubID                  string                  `json:"hub_id"`
	UptimeSeconds          float64                 `json:"uptime_seconds"`
	InsecureAllowAnonymous bool                    `json:"insecure_allow_anonymous"`
	Publishers             map[string]publisherRow `json:"publishers"`
	Subscribers            int                     `json:"subscribers"`
	Assets                 int                     `json:"assets"`
	Engine                 EngineStatus            `json:"engine"`
	Stats                  stats                   `json:"stats"`
}

func (h *Hub) serveHealth(w http.ResponseWriter, r *http.Request) {
	if _, bad := badQuery(w, r); bad {
		return
	}
	now := time.Now()
	answer := healthAnswer{
		Status: "ok", Version: h.opts.Version, HubTimestamp: unixSeconds(now), HubID: h.id,
		InsecureAllowAnonymous: h.opts.InsecureAllowAnonymous, Engine: h.engine.Status(),
	}
	h.mu.Lock()
	answer.Publishers, answer.Stats = h.publishers(), h.stats(now)
	h.mu.Unlock()
	answer.UptimeSeconds, answer.Subscribers, answer.Assets = answer.Stats.UptimeSeconds, answer.Stats.Subscribers, answer.Stats.Assets
	writeJSON(w, http.StatusOK, answer)
}

type lifeAnswer struct {
	Status string `json:"status"`
}

func serveLive(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, lifeAnswer{"ok"})
}

// serveReady tells a balancer whether to send people here.
func (h *Hub) serveReady(w http.ResponseWriter, _ *http.Request) {
	if err := h.ready(); err != nil {
		w.Header().Set("Retry-After", "1")
		problem.Write(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
		return
	}
	writeJSON(w, http.StatusOK, lifeAnswer{"ready"})
}

func (h *Hub) ready() error {
	if h.isClosing() {
		return errors.New("the hub is shutting down")
	}
	if status := h.engine.Status(); !status.Ready {
		return errors.New("engine: " + status.Problem)
	}
	return nil
}

//go:embed openapi.json
var openAPI []byte

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI)
}
