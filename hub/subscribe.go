package hub

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/fanout"
	"github.com/karlquant/quasar/internal/problem"
	"github.com/karlquant/quasar/internal/wire"
)

// subscription is one live connection of a subscriber.
type subscription struct {
	id          int64
	client      string // what it calls itself, safe to show
	assets      []string
	compressed  bool // what it is sent, as it agreed to
	connectedAt time.Time
	member      *fanout.Member

	hub        *Hub
	socket     *socket
	in         intake
	frames     allowance
	credential string      // the ID of the token that let it in; "" for none
	forget     func() bool // the token
	seat       *seat
}

// serveSubscriber sends a subscriber the state and then every update. What it
// sends is thrown away unread.
func (h *Hub) serveSubscriber(w http.ResponseWriter, r *http.Request) {
	assets, err := assetsAsked(r)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return
	}
	grant, ok := h.maySocket(w, r, subscribing, "")
	if !ok {
		return
	}
	extensions, err := h.agree(r)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return
	}
	seat := h.seats.take(w, r, subscribing)
	if seat == nil {
		return
	}
	sub := &subscription{
		hub: h, id: h.newID(), client: printable(r.UserAgent()), assets: assets, compressed: extensions != "", credential: grant.ID, seat: seat,
	}
	if !h.welcome(w, r, sub, extensions) {
		seat.leave()
		h.mu.Lock()
		defer h.mu.Unlock()
		h.doneWith(sub)
		return
	}
	sub.forget = sub.socket.closeAfter(&grant)
	h.came(RoleSubscriber, sub.log())
	h.listen(sub)
}

// agree returns the extensions to answer a subscriber's handshake with.
func (h *Hub) agree(r *http.Request) (string, error) {
	if !h.opts.Compression {
		return "", nil
	}
	return agreeToDeflate(r.Header)
}

// welcome makes a subscriber a member. Where that is not to be it has seen to the
// answer.
func (h *Hub) welcome(w http.ResponseWriter, r *http.Request, sub *subscription, extensions string) bool {
	// Before the peer is told that it is in: what comes from here on it will get.
	fan := h.fanoutFor(sub)
	start := fan.Begin(set(sub.assets))
	socket, err := upgrade(w, r, h.opts, extensions)
	if err != nil {
		return false
	}
	socket.growSendBuffer(subscriberBuffer)
	socket.conn = h.watcher.Wrap(socket.conn)
	sub.in = intake{socket: socket, limit: wire.MaxPublish, frames: &sub.frames, compressed: sub.compressed}
	if !h.enroll(sub, socket, fan, start) {
		socket.close(ws.StatusGoingAway, "the hub is shutting down", "")
		return false
	}
	return true
}

// assetsAsked reads ?assets=A,B; nil is all.
func assetsAsked(r *http.Request) ([]string, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("query: got %s, want assets=A,B", printable(r.URL.RawQuery))
	}
	for key := range query {
		if key != "assets" {
			return nil, fmt.Errorf("query: got %s, want assets", printable(key))
		}
	}
	var assets []string
	for _, list := range query["assets"] {
		for name := range strings.SplitSeq(list, ",") {
			if err := quasar.CheckSpaceName(name); err != nil {
				return nil, fmt.Errorf("assets: %w", err)
			}
			assets = append(assets, name)
		}
	}
	slices.Sort(assets)
	return slices.Compact(assets), nil
}

func set(names []string) map[string]bool {
	if names == nil {
		return nil
	}
	s := make(map[string]bool, len(names))
	for _, name := range names {
		s[name] = true
	}
	return s
}

// listen has a subscriber's connection read from until it ends, by others: the
// goroutine of net/http that calls this, with its stack and its buffers, is not to
// live as long as the connection.
func (h *Hub) listen(sub *subscription) {
	early := sub.socket.early
	sub.socket.early = nil
	if err := sub.Take(early); err != nil {
		go sub.End(err)
		return
	}
	h.watcher.Read(sub.socket.conn, sub)
}

// Take implements watch.Reader: it throws away what came. The time that a
// subscriber has for a sign of life is the fan-out's business, which gives up those
// that are silent.
func (s *subscription) Take(p []byte) error {
	err := s.in.feed(p)
	if s.in.progress {
		s.member.Seen()
	}
	return err
}

// End implements watch.Reader.
func (s *subscription) End(err error) {
	defer s.hub.release(s.socket)
	defer s.forget()
	s.socket.finish(err)
	s.hub.strike(s, s.socket.why)
	s.hub.went(s.socket, RoleSubscriber, s.connectedAt, s.log())
}

// log returns a log of the subscriber. It is not kept: there are many, and they say
// little.
func (s *subscription) log() *slog.Logger {
	return s.hub.logOf(s.socket, RoleSubscriber, s.credential, "subscriber", s.id, "client", s.client)
}

func (h *Hub) newID() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.nextID++
	return h.nextID
}

// enroll lets a subscriber take part and enters it into the books before it is
// sent anything, or tells that the hub is going.
func (h *Hub) enroll(sub *subscription, socket *socket, fan *fanout.Fanout, start fanout.Start) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing {
		return false
	}
	socket.direct = nil // before anybody else knows the socket
	socket.member = fan.Join(socket.conn, start, socket.left)
	h.sockets[socket] = struct{}{}
	h.handlers.Add(1)
	sub.connectedAt, sub.member, sub.socket = time.Now(), socket.member, socket
	h.members[sub] = struct{}{}
	h.event(sub.connectedAt, eventSubscriber, "", "subscriber "+strconv.FormatInt(sub.id, 10)+" connected")
	return true
}

func (h *Hub) strike(sub *subscription, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.members, sub)
	h.doneWith(sub)
	sub.seat.leave()
	h.event(time.Now(), eventSubscriber, "", fmt.Sprintf("subscriber %d disconnected: %s", sub.id, why))
}

// left takes note that the fan-out writes to the socket no more, and why. If
// nobody has decided to close it, that closes it.
func (s *socket) left(err error) {
	if s.decide(s.leftBecause(err)) {
		_ = s.conn.Close()
	}
	s.quiet.Done()
}
