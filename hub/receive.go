package hub

import (
	"time"

	"github.com/karlquant/quasar"
)

var _ Receiver = (*Hub)(nil)

// maxClock bounds the clock of another hub, in Unix microseconds: the year 2112.
// One that is beyond it is broken, and would take every seq with it to where
// there is no room for a next one.
const maxClock = 1 << 52

// MergeRecord implements Receiver.
func (h *Hub) MergeRecord(r Record) {
	seq := r.Snapshot.Seq
	if quasar.CheckSpaceName(r.Snapshot.SpaceName) != nil || seq <= 0 || seq > maxClock {
		return
	}
	now := time.Now()
	h.mu.Lock()
	defer h.unlock()
	s := h.spaceNamed(r.Snapshot.SpaceName)
	if s == nil {
		return
	}
	before := s.record.Snapshot.Seq
	if !s.record.Merge(&r) {
		return
	}
	s.restored = false
	if s.record.Snapshot.Seq == before {
		// Two hubs took updates of the space in each other's absence. Subscribers
		// were promised that seq rises, so what is now in both is a new one.
		s.record.Snapshot.Seq++
		h.engine.Offer(s.record)
	}
	h.broadcast(s, now)
}

// MergeClaim implements Receiver.
func (h *Hub) MergeClaim(c Claim) {
	if c.Valid() != nil || c.Hub == h.id {
		return
	}
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = max(h.clock, c.Seq, c.Epoch)
	s := h.spaceNamed(c.Space)
	if s == nil || c.Seq <= s.claims[c.Hub].Seq {
		return
	}
	owner := s.owner()
	if s.claims == nil {
		s.claims = make(map[string]Claim)
	}
	s.claims[c.Hub] = c // also when it is of the dead: an older one may come late
	h.ownerMayChange(s, owner, now)
}

// ownerMayChange notes what other hubs' claims made of a space's owner. Guarded
// by h.mu.
func (h *Hub) ownerMayChange(s *space, before *session, now time.Time) {
	h.version++
	switch {
	case before == nil:
		h.takeOver(s, now)
	case s.owner() == nil:
		h.event(now, eventSuperseded, s.name, "superseded by a newer connection at another hub: frames that come here are dropped until that closes")
	}
}

// HubLost implements Receiver.
func (h *Hub) HubLost(hub string) {
	now := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.spaces {
		if _, ok := s.claims[hub]; ok {
			owner := s.owner()
			delete(s.claims, hub)
			h.version++
			h.hasItBack(s, owner, now)
		}
	}
}

// hasItBack notes that a connection here has its space again because the hub of a
// newer one is out of sight. Its epoch stays: if that hub comes back, and its
// connection was there all the time, that is still the newer one. Guarded by h.mu.
func (h *Hub) hasItBack(s *space, before *session, now time.Time) {
	if owner := s.owner(); before == nil && owner != nil {
		owner.took = true
		h.event(now, eventConnected, s.name, "the older connection has the space again: the hub of the newer one is out of sight")
	}
}
