package hub

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// visitors counts who came, who went and why, and who was refused.
type visitors struct {
	mu      sync.Mutex // guards what follows
	opened  map[Role]int64
	closed  map[closing]int64
	refused map[refusal]int64
}

// closing is the end of a WebSocket, as it is counted.
type closing struct {
	role  Role
	cause cause
}

// refusal is an answer that says no, as it is counted: few of each.
type refusal struct {
	endpoint string
	status   int
}

func newVisitors() *visitors {
	return &visitors{opened: make(map[Role]int64), closed: make(map[closing]int64), refused: make(map[refusal]int64)}
}

// logOf returns the log of one WebSocket: the attributes say whose it is.
func (h *Hub) logOf(s *socket, as Role, credential string, attrs ...any) *slog.Logger {
	return signed(h.opts.Logger.With(append([]any{"role", string(as), "address", s.address}, attrs...)...), credential)
}

// came enters that a peer has come, in the counters and in its log.
func (h *Hub) came(as Role, log *slog.Logger) {
	v := h.visitors
	v.mu.Lock()
	v.opened[as]++
	v.mu.Unlock()
	if as == RolePublisher { // two kinds of lines: who floods the one does not hide the other
		log.Info("publisher connected")
	} else {
		log.Info("subscriber connected")
	}
}

// went enters that the peer has gone. Its socket has closed.
func (h *Hub) went(s *socket, as Role, since time.Time, log *slog.Logger) {
	v := h.visitors
	v.mu.Lock()
	v.closed[closing{as, s.cause}]++
	v.mu.Unlock()
	log = log.With("reason", string(s.cause), "why", s.why, "lasted", time.Since(since).Round(time.Millisecond))
	if as == RolePublisher {
		log.Info("publisher disconnected")
	} else {
		log.Info("subscriber disconnected")
	}
}

// watched has every refusal of next counted and logged, whoever in there refuses.
func (h *Hub) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(&doorkeeper{w, h, r}, r) })
}

// doorkeeper is the http.ResponseWriter of one request. It implements
// problem.Noter.
type doorkeeper struct {
	http.ResponseWriter
	hub     *Hub
	request *http.Request
}

// Unwrap is for http.ResponseController.
func (d *doorkeeper) Unwrap() http.ResponseWriter { return d.ResponseWriter }

// NoteProblem counts and logs an answer that says no. What is a matter of
// credentials and manners is a warning; a handshake that fails is told; that
// somebody asked for a space that is not there is for who looks for it.
func (d *doorkeeper) NoteProblem(status int, detail string) {
	h, r := d.hub, d.request
	endpoint := endpointOf(r)
	h.visitors.mu.Lock()
	h.visitors.refused[refusal{endpoint, status}]++
	h.visitors.mu.Unlock()
	attrs := []slog.Attr{
		slog.String("endpoint", endpoint), slog.Int("status", status), slog.String("address", r.RemoteAddr),
		slog.String("client", printable(r.UserAgent())), slog.String("reason", detail),
	}
	log, ctx := h.opts.Logger, r.Context()
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusTooManyRequests:
		log.LogAttrs(ctx, slog.LevelWarn, "request refused", attrs...)
	case endpoint != endpointREST:
		log.LogAttrs(ctx, slog.LevelInfo, "handshake refused", attrs...)
	default:
		log.LogAttrs(ctx, slog.LevelDebug, "request answered with an error", attrs...)
	}
}

// The endpoints that are told apart in counters.
const (
	endpointPublish   = "publish"
	endpointSubscribe = "subscribe"
	endpointREST      = "rest"
)

func endpointOf(r *http.Request) string {
	switch {
	case strings.HasPrefix(r.URL.Path, publishPath):
		return endpointPublish
	case r.URL.Path == "/ws/subscribe":
		return endpointSubscribe
	}
	return endpointREST
}
