package natsengine

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/karlquant/quasar/hub"
)

const (
	// beatEvery is how often a hub gives a sign of life.
	beatEvery = time.Second
	// lostAfter is how long a hub may give none before it is lost: three may go
	// missing.
	lostAfter = 4 * time.Second
	// rememberFor is how long a lost hub counts as one that should be there.
	rememberFor = 10 * time.Minute
)

// member is another hub. It is guarded by Engine.mu.
type member struct {
	hub      string
	instance int64
	alive    bool
	left     bool // it said goodbye: what comes of that life is late
	// direct is when it was heard last, and seen when it or anybody who hears it was.
	direct, seen time.Time
	// last is the number of its newest delta, once counting tells that.
	last     uint64
	counting bool
	beat     beat // its newest
	sync     repair
}

// hears tells whether the hub itself is heard and not only others who hear it.
func (m *member) hears(now time.Time) bool {
	return m.alive && !m.direct.IsZero() && now.Sub(m.direct) < lostAfter
}

// members are the other hubs that are or were there, by their ids.
type members map[string]*member

// maxMembers bounds the hubs that are remembered.
const maxMembers = maxHeard

func (ms members) alive(id string) bool {
	m := ms[id]
	return m != nil && m.alive
}

// sorted returns all of them in the order of their ids.
func (ms members) sorted() []*member {
	return slices.SortedFunc(maps.Values(ms), func(a, b *member) int { return cmp.Compare(a.hub, b.hub) })
}

// counts returns how many hubs are alive and how many were in the last ten minutes,
// with ourselves.
func (ms members) counts() (alive, known int) {
	alive, known = 1, 1
	for _, m := range ms {
		if m.left {
			continue
		}
		known++
		if m.alive {
			alive++
		}
	}
	return alive, known
}

// expire marks who is lost and forgets who was long ago. It returns the lost.
func (ms members) expire(now time.Time) (lost []string) {
	for id, m := range ms {
		silent := now.Sub(m.seen)
		switch {
		case m.alive && silent >= lostAfter:
			m.alive = false
			lost = append(lost, id)
		case silent >= rememberFor:
			delete(ms, id)
		}
	}
	slices.Sort(lost)
	return lost
}

// excuse lets all who are alive be heard as if it were now: we were not there to
// hear them.
func (ms members) excuse(now time.Time) {
	for _, m := range ms {
		if m.alive {
			m.seen = now
		}
	}
}

// heardDirectly lists who is heard, for a beat.
func (ms members) heardDirectly(now time.Time) []heard {
	var out []heard
	for _, m := range ms.sorted() {
		if m.hears(now) {
			out = append(out, heard{hub: m.hub, instance: m.instance, ago: now.Sub(m.direct)})
		}
	}
	return out
}

// status is what people are told of the other hubs.
func (ms members) status(now time.Time) []hub.HubStatus {
	out := make([]hub.HubStatus, 0, len(ms))
	for _, m := range ms.sorted() {
		if m.left {
			continue
		}
		out = append(out, hub.HubStatus{
			ID: m.hub, Version: m.beat.version, Alive: m.alive, Direct: m.hears(now),
			Publishers: int(min(m.beat.publishers, 1<<30)), // #nosec G115 -- it fits
		})
	}
	return out
}
