package natsengine

import (
	"errors"
	"slices"
	"time"

	"github.com/karlquant/quasar/hub"
)

// take handles a message. Whatever it is, the engine goes on.
func (e *Engine) take(message []byte) {
	e.handling.Lock()
	defer e.handling.Unlock()
	now := time.Now()
	r := &reader{rest: message}
	h, err := r.header(e.newest)
	if err != nil && !errors.Is(err, errFormat) {
		e.count(func(c *Counts) { c.Bad++ })
		return
	}
	if h.hub == e.hub {
		e.own(&h, now)
		return
	}
	if h.kind == kindBye {
		e.goodbye(&h)
		return
	}
	if !e.see(&h, now) {
		e.count(func(c *Counts) { c.Late++ })
		return
	}
	if err != nil {
		e.count(func(c *Counts) { c.Unknown++ })
		return
	}
	if err := e.read(&h, r, now); err != nil {
		e.count(func(c *Counts) { c.Bad++ })
		e.log.Debug("message refused", "hub", h.hub, "err", err)
	}
}

func (e *Engine) count(f func(*Counts)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f(&e.counts)
}

func (e *Engine) read(h *header, r *reader, now time.Time) error {
	switch h.kind {
	case kindBeat:
		return e.takeBeat(h, r, now)
	case kindDelta:
		return e.takeDelta(h, r)
	case kindPull:
		return e.takePull(h, r)
	case kindPush:
		return e.takePush(h, r, now)
	}
	e.count(func(c *Counts) { c.Unknown++ })
	return nil
}

// own takes what we sent ourselves, or somebody in our name.
func (e *Engine) own(h *header, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case h.instance != e.instance:
		e.twin = now
	case h.kind == kindBeat:
		e.echo = now
		if e.echoed.IsZero() {
			e.echoed = now
		}
	}
}

// see takes note of a sign of life, and tells whether it is one of the hub's
// present life.
func (e *Engine) see(h *header, now time.Time) bool {
	e.mu.Lock()
	m := e.members[h.hub]
	if m != nil && (h.instance < m.instance && m.hears(now) || m.left && h.instance == m.instance) {
		e.mu.Unlock()
		return false
	}
	born := m == nil || m.instance != h.instance
	if born && m == nil && len(e.members) >= maxMembers {
		e.mu.Unlock()
		return false
	}
	was := m != nil
	if born {
		m = &member{hub: h.hub, instance: h.instance}
		e.members[h.hub] = m
		e.forgetOthers(h)
	}
	if !m.alive || born {
		m.alive, m.counting = true, false
		m.sync.wanted, m.sync.useless = true, 0
	}
	fresh := m.direct.IsZero() || !m.hears(now)
	if fresh {
		m.sync.wanted, m.sync.useless = true, 0
	}
	m.direct, m.seen = now, now
	e.mu.Unlock()
	if born && was {
		e.from.HubLost(h.hub) // what it claimed in its earlier life
	}
	if fresh {
		e.log.Info("hub seen", "hub", h.hub)
		e.pullDue(now)
	}
	return true
}

// forgetOthers drops the claims of other lives of a hub. Guarded by e.mu.
func (e *Engine) forgetOthers(h *header) {
	if l := e.replica.claims[h.hub]; l != nil && l.instance != h.instance {
		e.replica.forget(h.hub)
	}
}

// goodbye takes a hub out that has ended.
func (e *Engine) goodbye(h *header) {
	e.mu.Lock()
	m := e.members[h.hub]
	gone := m != nil && m.instance == h.instance && !m.left
	if gone {
		m.alive, m.left = false, true
		e.replica.forget(h.hub)
	}
	e.mu.Unlock()
	if gone {
		e.log.Info("hub left", "hub", h.hub)
		e.from.HubLost(h.hub)
	}
}

func (e *Engine) takeBeat(h *header, r *reader, now time.Time) error {
	b, err := r.beat()
	if err != nil {
		return err
	}
	for _, id := range e.note(h, &b, now) {
		e.from.HubLost(id) // what it claimed in its earlier life
	}
	return nil
}

// note takes note of a beat, and tells who began a new life out of our hearing.
func (e *Engine) note(h *header, b *beat, now time.Time) (reborn []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := e.members[h.hub]
	if m.counting && b.sent > m.last {
		e.gap(m)
		m.last = b.sent
	}
	m.beat = *b
	relays, reborn := e.hearsay(b, now)
	m.sync.compare(&b.digests, e.replica.digests(), relays)
	if b.hello {
		e.hurry = true
		poke(e.wake)
	}
	return reborn
}

// gap notes that deltas of a hub are missing. Guarded by e.mu.
func (e *Engine) gap(m *member) {
	e.counts.Gaps++
	m.sync.wanted, m.sync.useless = true, 0
}

func (e *Engine) takeDelta(h *header, r *reader) error {
	number := r.uvarint()
	e.mu.Lock()
	m := e.members[h.hub]
	switch {
	case m.counting && number > m.last+1:
		e.gap(m)
		m.last = number
	case number > m.last || !m.counting:
		m.last = number
	}
	m.counting = true
	e.counts.Deltas++
	e.mu.Unlock()
	all, err := r.items()
	e.merge(&all)
	return err
}

func (e *Engine) takePull(h *header, r *reader) error {
	asked := request{pull: r.uvarint(), theirs: r.digests()}
	if r.err != nil {
		return r.err
	}
	e.mu.Lock()
	e.answers.waiting[h.hub] = asked
	e.mu.Unlock()
	poke(e.answers.wake)
	return nil
}

func (e *Engine) takePush(h *header, r *reader, now time.Time) error {
	p := r.part()
	if r.err != nil {
		return r.err
	}
	all, err := r.items()
	news := e.merge(&all)
	e.mu.Lock()
	complete := e.members[h.hub].sync.took(&p, news, now)
	if complete {
		e.counts.Pulls++
	}
	e.mu.Unlock()
	if complete {
		e.join(now)
	}
	return err
}

// merge takes in what another hub sent and hands on what is new, which it tells of.
func (e *Engine) merge(all *items) (news bool) {
	records, claims := all.records[:0], all.claims[:0]
	e.mu.Lock()
	e.counts.Bad += int64(all.bad)
	e.counts.Unknown += int64(all.unknown)
	for i := range all.claims {
		if c := &all.claims[i]; e.believes(c) && e.replica.note(c) {
			claims = append(claims, *c)
		}
	}
	for i := range all.records {
		if e.replica.merge(&all.records[i]) {
			records = append(records, all.records[i])
		}
	}
	e.mu.Unlock()
	for i := range claims {
		e.from.MergeClaim(claims[i].Claim)
	}
	for i := range records {
		e.from.MergeRecord(records[i])
	}
	return len(records)+len(claims) > 0
}

// believes tells whether a claim is of a hub that may be there: others may not yet
// know that it is lost. One that nobody spoke of has to be heard soon. Guarded by
// e.mu.
func (e *Engine) believes(c *claim) bool {
	if c.Hub == e.hub {
		return false
	}
	m := e.members[c.Hub]
	if m == nil {
		if len(e.members) >= maxMembers {
			return false
		}
		m = &member{hub: c.Hub, instance: c.instance, alive: true, seen: time.Now()}
		e.members[c.Hub] = m
	}
	return m.alive && m.instance == c.instance
}

// Status implements hub.Engine.
func (e *Engine) Status() hub.EngineStatus {
	trouble := e.bus.problem()
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	out := hub.EngineStatus{Name: "nats", Members: []string{e.hub}}
	for _, m := range e.members.sorted() {
		if m.alive {
			out.Members = append(out.Members, m.hub)
		}
	}
	slices.Sort(out.Members)
	counts := e.counts
	counts.Unkept = e.replica.unkept
	out.Hubs, out.Digest, out.Counts = e.members.status(now), e.digest, counts.named()
	out.Waiting = len(e.records)
	out.Problem = e.problem(trouble, now)
	out.Ready = out.Problem == ""
	return out
}
