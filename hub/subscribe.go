package hub

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/time/rate"

	"github.com/karlquant/quasar"
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
	connectedAt time.Time
	mailbox     *mailbox
}

// serveSubscriber sends a subscriber the state and then every update. What it
// sends is thrown away unread.
func (h *Hub) serveSubscriber(w http.ResponseWriter, r *http.Request) {
	assets, err := assetsAsked(r)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return
	}
	if !h.maySocket(w, r) {
		return
	}
	socket, err := upgrade(w, r, h.opts)
	if err != nil {
		return
	}
	if !h.admit(socket) {
		socket.close(ws.StatusGoingAway, "the hub is shutting down", "")
		return
	}
	defer h.release(socket)
	socket.growSendBuffer(subscriberBuffer)
	socket.frames = rate.NewLimiter(subscriberFrames, subscriberBurst)
	h.attend(socket, &subscription{client: printable(r.UserAgent()), assets: assets, mailbox: newMailbox(set(assets))})
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

// attend serves a subscriber until its connection ends.
func (h *Hub) attend(socket *socket, sub *subscription) {
	first := h.join(sub)
	log := h.opts.Logger.With("subscriber", sub.id, "client", sub.client)
	log.Info("subscriber connected")

	delivering := make(chan struct{})
	go func() { defer close(delivering); socket.deliver(first, sub.mailbox) }()
	socket.finish(socket.read(wire.MaxPublish, nil))
	<-delivering

	h.leave(sub, socket.why)
	log.Info("subscriber disconnected", "why", socket.why)
}

// join lets a subscription take part and returns the frame of the state that its
// mailbox goes on from.
func (h *Hub) join(sub *subscription) []byte {
	now := time.Now()
	h.mu.Lock()
	h.nextID++
	sub.id, sub.connectedAt = h.nextID, now
	snapshots := h.snapshots()
	h.fanout.join(sub.mailbox)
	h.members[sub] = struct{}{}
	h.event(now, eventSubscriber, "", "subscriber "+strconv.FormatInt(sub.id, 10)+" connected")
	h.mu.Unlock()

	wanted := slices.DeleteFunc(snapshots, func(s quasar.Snapshot) bool {
		return sub.mailbox.only != nil && !sub.mailbox.only[s.SpaceName]
	})
	slices.SortFunc(wanted, func(a, b quasar.Snapshot) int { return strings.Compare(a.SpaceName, b.SpaceName) })
	return ws.MustCompileFrame(ws.NewTextFrame(wire.AppendInitialState(nil, wanted, now)))
}

func (h *Hub) leave(sub *subscription, why string) {
	h.fanout.leave(sub.mailbox)
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.members, sub)
	h.event(time.Now(), eventSubscriber, "", fmt.Sprintf("subscriber %d disconnected: %s", sub.id, why))
}

// maxWrite bounds the frames that go out in one write, in bytes, unless one frame
// alone is larger.
const maxWrite = 64 << 10

// deliver writes the first frame, then whatever comes into the mailbox, and pings
// in between, until the socket closes.
func (s *socket) deliver(first []byte, m *mailbox) {
	ticker := time.NewTicker(s.opts.PingInterval)
	defer ticker.Stop()
	err := s.send([][]byte{first}, ticker.C)
	var batch [][]byte
	for err == nil {
		select {
		case <-s.closed:
			return
		case <-m.wake:
			batch = m.take(batch[:0])
			err = s.send(batch, ticker.C)
			clear(batch)
		case <-ticker.C:
			err = s.writeControl(ws.OpPing, nil)
		}
	}
	s.fail(err)
}

// send writes frames, as many at a time as fit into one write, and a ping in
// between when it is time for one: a peer that takes long is not silent.
func (s *socket) send(frames [][]byte, ping <-chan time.Time) error {
	var chunk []byte
	var ends []int
	for i, frame := range frames {
		chunk = append(chunk, frame...)
		ends = append(ends, len(chunk))
		if i+1 < len(frames) && len(chunk)+len(frames[i+1]) <= maxWrite {
			continue
		}
		if err := s.write(chunk, ends); err != nil {
			return err
		}
		chunk, ends = chunk[:0], ends[:0]
		select {
		case <-ping:
			if err := s.writeControl(ws.OpPing, nil); err != nil {
				return err
			}
		default:
		}
	}
	return nil
}
