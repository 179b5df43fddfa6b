package natsengine

import "time"

// hearsay takes note of whom another hub hears. It tells whether there is one among
// them that we do not hear, and who of them began a new life meanwhile. Guarded by
// e.mu.
func (e *Engine) hearsay(b *beat, now time.Time) (relays bool, reborn []string) {
	for i := range b.heard {
		h := &b.heard[i]
		if h.hub == e.hub || h.ago >= lostAfter {
			continue
		}
		m := e.members[h.hub]
		if m != nil && h.instance > m.instance && !m.hears(now) {
			e.replica.forget(h.hub)
			delete(e.members, h.hub)
			m, reborn = nil, append(reborn, h.hub)
		}
		if m == nil && len(e.members) < maxMembers {
			m = &member{hub: h.hub, instance: h.instance}
			e.members[h.hub] = m
		}
		if m == nil || m.left || m.instance != h.instance {
			continue
		}
		if at := now.Add(-h.ago); at.After(m.seen) {
			m.seen, m.alive = at, true
		}
		relays = relays || !m.hears(now)
	}
	return relays, reborn
}
