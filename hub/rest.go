package hub

import (
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/problem"
	"github.com/karlquant/quasar/internal/rest"
)

// unixSeconds is a time in answers.
type unixSeconds = rest.UnixSeconds

// rankings ranks what is known at the moment.
func (h *Hub) rankings(order quasar.Order, now time.Time) []rankingRow {
	h.mu.Lock()
	seen := h.sightings(now)
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
	q, ok := rest.ReadQuery(w, r, quasar.Desc, "order", "limit")
	if !ok {
		return
	}
	now := time.Now()
	rows := h.rankings(q.Order, now)
	rest.Write(w, rankingsAnswer{unixSeconds(now), q.Order, quasar.Formula, len(rows), rest.Cut(q, rows)})
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
	q, ok := rest.ReadQuery(w, r, quasar.Desc, "order")
	if !ok {
		return
	}
	now := time.Now()
	row, ok := h.rankOf(name, q.Order, now)
	if !ok {
		problem.Write(w, http.StatusNotFound, "space "+name+": no update of it was ever accepted")
		return
	}
	rest.Write(w, assetAnswer{unixSeconds(now), q.Order, row})
}

type stateAnswer struct {
	HubTimestamp           unixSeconds                `json:"hub_timestamp"`
	Version                string                     `json:"version"`
	HubID                  string                     `json:"hub_id"`
	InsecureAllowAnonymous bool                       `json:"insecure_allow_anonymous"`
	StaleAfterSeconds      float64                    `json:"stale_after_seconds"`
	RankerURL              *string                    `json:"ranker_url"`
	Snapshots              map[string]quasar.Snapshot `json:"snapshots"`
	Order                  quasar.Order               `json:"order"`
	Formula                string                     `json:"formula"`
	Rankings               []rankingRow               `json:"rankings"`
	Publishers             map[string]publisherRow    `json:"publishers"`
	Owners                 map[string]ownerRow        `json:"owners"`
	Engine                 engineRow                  `json:"engine"`
	Subscribers            []subscriberRow            `json:"subscribers"`
	Events                 []event                    `json:"events"`
	Stats                  stats                      `json:"stats"`
	FanoutLatency          latencyRow                 `json:"fanout_latency"`
}

// serveState answers with everything the dashboard needs. It is made to be
// polled: while nothing has changed but the ages, which the client can count on
// by itself, the answer to a known ETag is 304.
func (h *Hub) serveState(w http.ResponseWriter, r *http.Request) {
	q, ok := rest.ReadQuery(w, r, quasar.Desc, "order")
	if !ok {
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	state, seen := h.state(w, r, q.Order, time.Now())
	if state == nil {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	state.Rankings = h.rank(seen, q.Order, time.Time(state.HubTimestamp))
	state.Snapshots = make(map[string]quasar.Snapshot, len(seen))
	for i := range seen {
		state.Snapshots[seen[i].snapshot.SpaceName] = seen[i].snapshot
	}
	rest.Write(w, state)
}

// state collects the answer, all of it from one moment, save for what is left to
// do with the sightings. It is nil if the client knows it already.
func (h *Hub) state(w http.ResponseWriter, r *http.Request, order quasar.Order, now time.Time) (*stateAnswer, []sighting) {
	h.mu.Lock()
	defer h.mu.Unlock()
	subscribers, engine := h.subscribers(), newEngineRow(h.engine.Status())
	etag := h.etag(order, subscribers, &engine, now)
	w.Header().Set("Etag", etag)
	if rest.Known(r, etag) {
		return nil, nil
	}
	return &stateAnswer{
		HubTimestamp: unixSeconds(now), Version: h.opts.Version, HubID: h.id,
		InsecureAllowAnonymous: h.opts.InsecureAllowAnonymous, StaleAfterSeconds: h.opts.StaleAfter.Seconds(), RankerURL: notZero(h.opts.RankerURL),
		Order: order, Formula: quasar.Formula,
		Publishers: h.publishers(now), Owners: h.owners(), Engine: engine, Subscribers: subscribers, Events: h.newestEvents(), Stats: h.stats(now),
		FanoutLatency: newLatencyRow(h.latency.Stats()),
	}, h.sightings(now)
}

// etag changes with whatever state would show differently, apart from the clock.
// Guarded by h.mu.
func (h *Hub) etag(order quasar.Order, subscribers []subscriberRow, engine *engineRow, now time.Time) string {
	sum := fnv.New64a()
	_, _ = fmt.Fprintln(sum, h.started.UnixNano(), h.id, h.version, order, h.rate.perSecond(now), h.flags(now))
	_, _ = fmt.Fprintln(sum, engine.Ready, engine.Members, engine.Problem != nil, engine.Hubs)
	for i := range subscribers {
		_, _ = fmt.Fprintln(sum, subscribers[i].ID, subscribers[i].Sent, subscribers[i].Pending, subscribers[i].Conflated)
	}
	return fmt.Sprintf(`W/"%016x"`, sum.Sum64())
}

type healthAnswer struct {
	Status                 string      `json:"status"`
	Version                string      `json:"version"`
	HubTimestamp           unixSeconds `json:"hub_timestamp"`
	HubID                  string      `json:"hub_id"`
	UptimeSeconds          float64     `json:"uptime_seconds"`
	InsecureAllowAnonymous bool        `json:"insecure_allow_anonymous"`
	healthBooks            `json:",inline"`
}

// healthBooks are what of a hub's health is for viewers. To others they are null.
type healthBooks struct {
	Publishers  *map[string]publisherRow `json:"publishers"`
	Subscribers *int                     `json:"subscribers"`
	Assets      *int                     `json:"assets"`
	Engine      *engineRow               `json:"engine"`
	Digest      *string                  `json:"digest"`
	Stats       *stats                   `json:"stats"`
}

func (h *Hub) serveHealth(w http.ResponseWriter, r *http.Request) {
	if _, ok := rest.ReadQuery(w, r, quasar.Desc); !ok {
		return
	}
	view, now, engine := h.mayView(r), time.Now(), h.engine.Status()
	answer := healthAnswer{
		Status: healthOf(engine), Version: h.opts.Version, HubTimestamp: unixSeconds(now), HubID: h.id,
		UptimeSeconds: now.Sub(h.started).Seconds(), InsecureAllowAnonymous: h.opts.InsecureAllowAnonymous,
	}
	if view {
		answer.healthBooks = h.books(now, engine)
	}
	rest.Write(w, answer)
}

func (h *Hub) books(now time.Time, status EngineStatus) healthBooks {
	engine := newEngineRow(status)
	h.mu.Lock()
	publishers, stats := h.publishers(now), h.stats(now)
	h.mu.Unlock()
	return healthBooks{&publishers, &stats.Subscribers, &stats.Assets, &engine, notZero(status.Digest), &stats}
}

// healthOf is "ok" only where nothing needs a person to look.
func healthOf(engine EngineStatus) string {
	if engine.Problem != "" {
		return "degraded"
	}
	return "ok"
}

type lifeAnswer struct {
	Status string `json:"status"`
}

func serveLive(w http.ResponseWriter, _ *http.Request) {
	rest.Write(w, lifeAnswer{"ok"})
}

// serveReady tells a balancer whether to send people here.
func (h *Hub) serveReady(w http.ResponseWriter, _ *http.Request) {
	if err := h.ready(); err != nil {
		w.Header().Set("Retry-After", "1")
		problem.Write(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
		return
	}
	rest.Write(w, lifeAnswer{"ready"})
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
