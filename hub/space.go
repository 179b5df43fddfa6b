package hub

import (
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/wire"
)

// space is what a hub knows of one asset space. It is guarded by Hub.mu.
type space struct {
	name   string
	record Record
	// restored tells that the record is all of an earlier life of the hub.
	restored bool
	ledger   ledger
	// sessions are the live connections of publishers here, oldest first.
	sessions []*session
	// claims are what other hubs said last, by hub.
	claims map[string]Claim
	// refused, stripped and suspected keep events of one kind apart.
	refused, stripped, suspected seldom
	plausibility                 plausibility
	judged                       Stamp      // the epoch of the connection that plausibility judged last
	suspicion                    *suspicion // nil while there never was one
	// throttle holds back what comes faster than it may be handed on.
	throttle throttle
}

// session is one live connection of a publisher.
type session struct {
	space  *space
	socket *socket
	// epoch is when the connection was accepted, or got the space back.
	epoch Stamp
	// took tells that the session has the space from a newer one that closed.
	took bool
	// takesOver tells that the space had another connection when this one came.
	takesOver bool
	// decoder and log are used by the goroutine that reads the connection, without a lock.
	decoder wire.Decoder
	log     *slog.Logger
}

// known tells whether any update of the space was ever accepted.
func (s *space) known() bool { return s.record.Snapshot.Seq > 0 }

// newest returns the live connection here with the highest epoch, or nil.
func (s *space) newest() *session {
	if len(s.sessions) == 0 {
		return nil
	}
	return slices.MaxFunc(s.sessions, func(a, b *session) int { return a.epoch.Compare(b.epoch) })
}

// owner returns the live connection with the highest epoch of all hubs. It is nil
// where that connection is at another hub, or where there is none.
func (s *space) owner() *session {
	newest := s.newest()
	if newest == nil {
		return nil
	}
	for _, remote := range s.claims {
		if remote.Live && newest.epoch.Compare(Stamp{remote.Epoch, remote.Hub}) < 0 {
			return nil
		}
	}
	return newest
}

func (s *space) connected() bool {
	if len(s.sessions) > 0 {
		return true
	}
	for _, remote := range s.claims {
		if remote.Live {
			return true
		}
	}
	return false
}

func (s *space) drop(gone *session) {
	s.sessions = slices.DeleteFunc(s.sessions, func(other *session) bool { return other == gone })
}

// tick returns a time that is later than all others of this hub, and of those
// whose claims it saw. Guarded by h.mu.
func (h *Hub) tick(now time.Time) int64 {
	h.clock = quasar.NextSeq(h.clock, now)
	return h.clock
}

// maxSessions is how many connections of publishers a space has here: each of its
// frames looks at all of them, and all but one of them are forgotten ones.
const maxSessions = 16

// open takes a publisher's new connection in. It returns nil if there is no room
// for its space. The connection that is one too many is the caller's to close.
func (h *Hub) open(socket *socket, name string, now time.Time) (opened, tooMany *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.spaceNamed(name)
	if s == nil {
		return nil, nil
	}
	opened = &session{space: s, socket: socket, log: h.opts.Logger, epoch: Stamp{h.tick(now), h.id}, takesOver: s.owner() != nil}
	if opened.takesOver {
		h.event(now, eventSuperseded, s.name, "superseded by a newer connection: the older one's frames are dropped until the newer closes")
	}
	if len(s.sessions) >= maxSessions {
		tooMany = s.sessions[0]
		s.drop(tooMany)
	}
	s.sessions = append(s.sessions, opened)
	s.ledger.connects++
	s.ledger.connectedAt = now
	h.event(now, eventConnected, s.name, "publisher connected")
	h.announce(s, now)
	return opened, tooMany
}

// close takes a publisher's connection out, which ended with err. If it owned its
// space and another lives on here, that one gets a new epoch and goes on.
func (h *Hub) close(gone *session, err error, why string, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := gone.space
	owned := s.owner() == gone
	s.drop(gone)
	s.ledger.disconnectedAt = now
	var broke *closeError
	if errors.As(err, &broke) { // a frame that no connection survives is a rejected one, too
		s.ledger.reject(broke, now)
		h.totals.reject(broke)
	}
	h.event(now, eventDisconnected, s.name, "publisher disconnected: "+why)
	if !owned || !h.takeOver(s, now) {
		h.announce(s, now)
	}
}

// announce tells the other hubs which connection here is the newest, if any.
// Guarded by h.mu.
func (h *Hub) announce(s *space, now time.Time) {
	c := Claim{Space: s.name, Hub: h.id, Seq: h.tick(now)}
	if newest := s.newest(); newest != nil {
		c.Live, c.Epoch = true, newest.epoch.Seq
	}
	h.engine.Announce(c)
}

// takeOver gives a space that lost its owner to the newest connection that is
// left, under a new epoch, unless that is at another hub: then it is the other's
// to do. Guarded by h.mu.
func (h *Hub) takeOver(s *space, now time.Time) bool {
	survivor := s.owner()
	if survivor == nil {
		return false
	}
	survivor.epoch.Seq = h.tick(now)
	survivor.took = true
	h.event(now, eventConnected, s.name, "the older connection has the space again: the newer one closed")
	h.announce(s, now)
	return true
}
