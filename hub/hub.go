// Package hub is the middle of Quasar: publishers send the metrics of their
// spaces to it, it keeps the newest of each, and subscribers get every update at
// once. It serves the same over REST, and a dashboard.
//
// A hub never answers a publisher and never listens to a subscriber. It ranks by
// the root package's formula and knows nothing of trading.
package hub

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/credential"
	"github.com/karlquant/quasar/internal/fanout"
	"github.com/karlquant/quasar/internal/loglimit"
	"github.com/karlquant/quasar/internal/watch"
	"github.com/karlquant/quasar/internal/wire"
)

// Hub is one hub. It is an http.Handler; its endpoints are those of
// spec/protocol.md.
type Hub struct {
	opts     *Options
	id       string
	engine   Engine
	routes   http.Handler
	latency  fanout.Latency // of all subscribers
	fanout   *fanout.Fanout
	visitors *visitors
	seats    *seats
	lines    *loglimit.Handler // of opts.Logger
	started  time.Time

	mu         sync.Mutex // guards what follows, and the order of what is published
	spaces     map[string]*space
	clock      int64 // the newest epoch or claim, so that the next is newer
	events     []event
	version    uint64 // grows with whatever /api/state shows
	totals     totals
	rate       rateMeter
	sockets    map[*socket]struct{}
	members    map[*subscription]struct{}
	nextID     int64
	closing    bool
	payload    []byte // of the newest broadcast, to be written over
	frame      []byte // likewise
	compressed compressed

	handlers sync.WaitGroup // of the sockets
	watcher  watch.Watcher  // reads what subscribers send

	attempts credential.Attempts
	failed   atomic.Int64 // attempts without a valid token, where one is needed
}

// totals count what all publishers together did since the hub started.
type totals struct {
	accepted, rejected, fieldErrors, nonFinite, stripped, superseded, throttled, signsOfLife int64
	implausible                                                                              [quasar.NumFields]int64
	// rejectedFor has the rejected by their reasons, of which there are few.
	rejectedFor map[string]int64
}

// New returns a hub. It starts no goroutine; a hub that no Run stands behind
// serves all the same, but not to other hubs.
func New(opts *Options) (*Hub, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	lines := loglimit.New(o.Logger.Handler())
	o.Logger = slog.New(lines)
	h := &Hub{
		opts: o, id: o.ID, engine: o.Engine, started: now, rate: rateMeter{start: now}, visitors: newVisitors(), lines: lines,
		spaces:  make(map[string]*space),
		sockets: make(map[*socket]struct{}),
		members: make(map[*subscription]struct{}),
		totals:  totals{rejectedFor: make(map[string]int64)},
	}
	h.fanout = fanout.New(h.fanoutOptions())
	h.seats = newSeats(o)
	if h.routes, err = h.newRoutes(); err != nil {
		return nil, err
	}
	if kept, ok := h.engine.(Restorer); ok {
		h.restore(kept.Restored(), now)
	}
	return h, nil
}

// ServeHTTP serves the endpoints of spec/protocol.md.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.routes.ServeHTTP(w, r) }

// Run does what a hub has to do besides answering, until ctx ends. Then it closes
// every WebSocket as Shutdown does, within five seconds, and returns nil; or the
// error that made its engine stop. The engine works until the last WebSocket is
// gone: what came in until then is for it, too.
func (h *Hub) Run(ctx context.Context) error {
	always := context.WithoutCancel(ctx)
	working, end := context.WithCancel(always)
	defer end()
	var failed error
	ended := make(chan struct{})
	go func() { defer close(ended); failed = h.engine.Run(working, h) }()
	select {
	case <-ctx.Done():
	case <-ended:
	}
	grace, cancel := context.WithTimeout(always, 5*time.Second)
	defer cancel()
	err := h.Shutdown(grace)
	end()
	<-ended
	return errors.Join(failed, err)
}

// Shutdown refuses new WebSockets, closes those that are open with 1001 and waits
// until they are gone or ctx ends, which cuts them off and is the error. REST
// goes on: whoever serves the hub ends that.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	h.closing = true
	open := make([]*socket, 0, len(h.sockets))
	for s := range h.sockets {
		open = append(open, s)
	}
	h.mu.Unlock()

	gone := make(chan struct{})
	go func() {
		defer close(gone)
		h.sayGoodbye(open)
		h.handlers.Wait()
		h.watcher.Wait()
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		for _, s := range open {
			_ = s.conn.Close()
		}
		<-gone
		return ctx.Err()
	}
}

// sayGoodbye closes sockets side by side: one that does not listen takes its
// time, though not for long.
func (h *Hub) sayGoodbye(open []*socket) {
	var wg sync.WaitGroup
	for _, s := range open {
		wg.Go(func() { s.close(ws.StatusGoingAway, "the hub is shutting down", "hub shut down") })
	}
	wg.Wait()
}

// admit takes a socket in, or tells that the hub is going.
func (h *Hub) admit(s *socket) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing {
		return false
	}
	h.sockets[s] = struct{}{}
	h.handlers.Add(1)
	return true
}

func (h *Hub) isClosing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closing
}

func (h *Hub) release(s *socket) {
	h.mu.Lock()
	delete(h.sockets, s)
	h.mu.Unlock()
	h.handlers.Done()
}

// hasRoom tells whether there is a space of that name or may be one.
func (h *Hub) hasRoom(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.spaces[name] != nil || len(h.spaces) < h.opts.MaxSpaces || h.idleSpace() != nil
}

// idleSpace returns the space that is missed least: one without an update and
// without a publisher. It is nil where there is none. Guarded by h.mu.
func (h *Hub) idleSpace() *space {
	var idle *space
	for _, s := range h.spaces {
		if s.known() || s.connected() {
			continue
		}
		if idle == nil || s.ledger.disconnectedAt.Before(idle.ledger.disconnectedAt) {
			idle = s
		}
	}
	return idle
}

// spaceNamed returns a space, made anew if there is room for another and nil if
// there is not. Guarded by h.mu.
func (h *Hub) spaceNamed(name string) *space {
	if s, ok := h.spaces[name]; ok {
		return s
	}
	if len(h.spaces) >= h.opts.MaxSpaces {
		idle := h.idleSpace()
		if idle == nil {
			return nil
		}
		delete(h.spaces, idle.name)
	}
	s := &space{name: name}
	s.record.Snapshot.SpaceName = name
	h.spaces[name] = s
	h.version++
	return s
}

// broadcast hands the space's snapshot to every subscriber. Guarded by h.mu, which is
// to be ended by unlock: what is merged is sent in the same step, so that seq rises for
// everybody and a subscriber who joins misses nothing and gets nothing twice.
func (h *Hub) broadcast(s *space, now time.Time) {
	h.version++
	if s.throttle.held { // all of it goes out here
		s.throttle.held = false
		h.engine.Offer(s.record)
	}
	h.payload = wire.AppendMetricsUpdate(h.payload[:0], &s.record.Snapshot, now)
	h.frame = appendTextFrame(h.frame[:0], h.payload)
	h.fanout.Publish(s.name, h.frame)
	h.compressed.take(s.name, h.payload)
}
