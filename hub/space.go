package hub

import (
	"slices"
	"time"

	"github.com/karlquant/quasar"
)

// space is what a hub knows of one asset space. It is guarded by Hub.mu.
type space struct {
	name   string
	record Record
	ledger ledger
	// sessions are the live connections of publishers here, oldest first.
	sessions []*session
	// claims are those that other hubs announced, by hub.
	claims map[string]Claim
	// rejectionEventAt is when a rejection was last put among the events.
	rejectionEventAt time.Time
}

// session is one live connection of a publisher.
type session struct {
	space *space
	claim Claim
	// took tells that the session has the space from a newer one that closed.
	took bool
}

// known tells whether any update of the space was ever accepted.
func (s *space) known() bool { return s.record.Snapshot.Seq > 0 }

// owner returns the live connection with the highest claim. It is nil where that
// connection is at another hub, or where there is none.
func (s *space) owner() *session {
	if len(s.sessions) == 0 {
		return nil
	}
	newest := s.sessions[0]
	for _, other := range s.sessions[1:] {
		if other.claim.newer(newest.claim) {
			newest = other
		}
	}
	for _, remote := range s.claims {
		if remote.newer(newest.claim) {
			return nil
		}
	}
	return newest
}

func (s *space) connected() bool { return len(s.sessions) > 0 || len(s.claims) > 0 }

func (s *space) drop(gone *session) {
	s.sessions = slices.DeleteFunc(s.sessions, func(other *session) bool { return other == gone })
}

// stale tells whether no update came for longer than limit.
func (s *space) stale(now time.Time, limit time.Duration) bool {
	return now.Sub(s.record.Snapshot.UpdatedAt) > limit
}

// open takes a publisher's new connection in. Guarded by h.mu.
func (h *Hub) open(s *space, now time.Time) *session {
	h.epoch = quasar.NextSeq(h.epoch, now)
	opened := &session{space: s, claim: Claim{Space: s.name, Hub: h.id, Epoch: h.epoch, Live: true}}
	if before := s.owner(); before != nil {
		h.event(now, eventSuperseded, s.name, "superseded by a newer connection: the older one's frames are dropped until the newer closes")
	}
	s.sessions = append(s.sessions, opened)
	s.ledger.connects++
	s.ledger.connectedAt = now
	h.event(now, eventConnected, s.name, "publisher connected")
	h.engine.Announce(opened.claim)
	return opened
}

// close takes a publisher's connection out. If it owned its space and another
// lives on here, that one gets a new epoch and goes on, wherever it was accepted.
func (h *Hub) close(gone *session, why string, now time.Time) {
	s := gone.space
	owned := s.owner() == gone
	s.drop(gone)
	s.ledger.disconnectedAt = now
	closed := gone.claim
	closed.Live = false
	h.engine.Announce(closed)
	h.event(now, eventDisconnected, s.name, "publisher disconnected: "+why)
	if owned {
		h.takeOver(s, now)
	}
}

// takeOver gives a space that lost its owner to the newest connection that is
// left, under a new epoch.
func (h *Hub) takeOver(s *space, now time.Time) {
	survivor := s.owner()
	if survivor == nil {
		return
	}
	h.epoch = quasar.NextSeq(h.epoch, now)
	survivor.claim.Epoch = h.epoch
	survivor.took = true
	h.engine.Announce(survivor.claim)
	h.event(now, eventConnected, s.name, "the older connection has the space again: the newer one closed")
}

// MergeRecord implements Receiver.
func (h *Hub) MergeRecord(r Record) {
	name := r.Snapshot.SpaceName
	if quasar.CheckSpaceName(name) != nil {
		return
	}
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.spaceNamed(name)
	if s == nil || !s.record.Merge(&r) {
		return
	}
	h.broadcast(s, now)
}

// MergeClaim implements Receiver.
func (h *Hub) MergeClaim(c Claim) {
	if quasar.CheckSpaceName(c.Space) != nil || c.Hub == h.id {
		return
	}
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.spaceNamed(c.Space)
	if s == nil {
		return
	}
	h.epoch = max(h.epoch, c.Epoch)
	if c.Live {
		h.addClaim(s, c)
		return
	}
	if old, ok := s.claims[c.Hub]; ok && !old.newer(c) {
		h.dropClaim(s, c.Hub, now)
	}
}

// dropClaim forgets another hub's claim. If that owned the space and a
// connection lives on here, this one goes on.
func (h *Hub) dropClaim(s *space, hub string, now time.Time) {
	before := s.owner()
	delete(s.claims, hub)
	h.version++
	if before == nil {
		h.takeOver(s, now)
	}
}

func (h *Hub) addClaim(s *space, c Claim) {
	if old, ok := s.claims[c.Hub]; ok && old.newer(c) {
		return
	}
	if s.claims == nil {
		s.claims = make(map[string]Claim)
	}
	s.claims[c.Hub] = c
	h.version++
}

// HubLost implements Receiver.
func (h *Hub) HubLost(hub string) {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.spaces {
		if _, ok := s.claims[hub]; ok {
			h.dropClaim(s, hub, now)
		}
	}
}
