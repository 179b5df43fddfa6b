package hub

import (
	"slices"
	"time"
)

// eventKind says what an event is about.
type eventKind string

const (
	eventConnected    eventKind = "connected"
	eventDisconnected eventKind = "disconnected"
	eventSuperseded   eventKind = "superseded"
	eventRejected     eventKind = "rejected"
	eventStripped     eventKind = "stripped"
	eventSubscriber   eventKind = "subscriber"
	eventThrottled    eventKind = "throttled"
	eventSuspect      eventKind = "suspect"
)

// maxEvents is how many events are kept for the page.
const maxEvents = 50

// sameEventEvery keeps one broken publisher from pushing everything else off the
// page; its ledger has the count.
const sameEventEvery = 10 * time.Second

// seldom lets an event pass once every sameEventEvery.
type seldom struct{ last time.Time }

func (s *seldom) mayShow(now time.Time) bool {
	if !s.last.IsZero() && now.Sub(s.last) < sameEventEvery {
		return false
	}
	s.last = now
	return true
}

// event is something that a person who looks at the page may want to know.
type event struct {
	At        unixSeconds `json:"at"`
	Kind      eventKind   `json:"kind"`
	SpaceName *string     `json:"space_name"`
	Text      string      `json:"text"`
}

// event notes an event. It is guarded by h.mu. An empty space is none.
func (h *Hub) event(at time.Time, kind eventKind, space, text string) {
	e := event{At: unixSeconds(at), Kind: kind, Text: text}
	if space != "" {
		e.SpaceName = &space
	}
	if len(h.events) == maxEvents {
		h.events = slices.Delete(h.events, 0, 1)
	}
	h.events = append(h.events, e)
	h.version++
}

// newestEvents returns the events, newest first.
func (h *Hub) newestEvents() []event {
	events := slices.Clone(h.events)
	slices.Reverse(events)
	if events == nil {
		events = []event{}
	}
	return events
}
