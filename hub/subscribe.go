package hub

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/time/rate"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/fanout"
	"github.com/karlquant/quasar/internal/problem"
	"github.com/karlquant/quasar/internal/wire"
)

// What a subscriber may send, though nobody looks at it: more is a flood.
const (
	subscriberFrames = rate.Limit(50) // a second
	subscriberBurst  = 500
)

// subscription is one live connection of a subscriber.
type subscription struct {
	id          int64
	client      string // what it calls itself, safe to show
	assets      []string
	compressed  bool // what it is sent, as it agreed to
	connectedAt time.Time
	member      *fanout.Member
	seat        *seat
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
	sub := &subscription{id: h.newID(), client: printable(r.UserAgent()), assets: assets, seat: seat, compressed: extensions != ""}
	socket := h.welcome(w, r, sub, extensions)
	if socket == nil {
		seat.leave()
		h.mu.Lock()
		defer h.mu.Unlock()
		h.doneWith(sub)
		return
	}
	// Not in net/http's own goroutine, whose stack and buffers would live as long
	// as the connection.
	go h.attend(socket, sub, &grant)
}

// agree returns the extensions to answer a subscriber's handshake with.
func (h *Hub) agree(r *http.Request) (string, error) {
	if !h.opts.Compression {
		return "", nil
	}
	return agreeToDeflate(r.Header)
}

// welcome makes a subscriber a member. Where that is not to be it has seen to the
// answer and returns nil.
func (h *Hub) welcome(w http.ResponseWriter, r *http.Request, sub *subscription, extensions string) *socket {
	// Before the peer is told that it is in: what comes from here on it will get.
	fan := h.fanoutFor(sub)
	start := fan.Begin(set(sub.assets))
	socket, err := upgrade(w, r, h.opts, extensions)
	if err != nil {
		return nil
	}
	if err := socket.slim(); err != nil {
		socket.abort(causeLost, "connection lost: "+err.Error())
		return nil
	}
	socket.growSendBuffer(subscriberBuffer)
	socket.frames = rate.NewLimiter(subscriberFrames, subscriberBurst)
	socket.compressed = sub.compressed
	if !h.enroll(sub, socket, fan, start) {
		socket.close(ws.StatusGoingAway, "the hub is shutting down", "")
		return nil
	}
	return socket
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

// attend reads what a subscriber sends until its connection ends.
func (h *Hub) attend(socket *socket, sub *subscription, grant *Grant) {
	defer h.release(socket)
	defer socket.closeAfter(grant)()
	visit := h.came(socket, RoleSubscriber, grant, "subscriber", sub.id, "client", sub.client)
	socket.finish(socket.read(wire.MaxPublish, nil))
	h.strike(sub, socket.why)
	visit.went()
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
	socket.member = fan.Join(socket.conn, start, socket.left)
	h.sockets[socket] = struct{}{}
	h.handlers.Add(1)
	sub.connectedAt, sub.member = time.Now(), socket.member
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

// slimBuffer is what a subscriber's bytes are read through: it sends pongs, if
// anything, and there are many of it.
const slimBuffer = 32

// slim swaps the reading buffer that net/http made for a small one.
func (s *socket) slim() error {
	rest, err := s.in.Peek(s.in.Buffered())
	if err != nil {
		return err
	}
	var from io.Reader = s.conn
	if len(rest) > 0 {
		from = io.MultiReader(bytes.NewReader(bytes.Clone(rest)), s.conn)
	}
	s.in = bufio.NewReaderSize(from, slimBuffer)
	return nil
}

// left takes note that the fan-out writes to the socket no more, and why. If
// nobody has decided to close it, that closes it.
func (s *socket) left(err error) {
	if s.decide(s.leftBecause(err)) {
		_ = s.conn.Close()
	}
	close(s.quiet)
}
