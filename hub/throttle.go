package hub

import (
	"fmt"
	"time"

	"golang.org/x/time/rate"
)

const (
	// handOnBurst is how many seconds' worth of updates may be handed on at once: a
	// publisher that was held up sends what it has.
	handOnBurst = 2
	// floodTimes is how many times the rate a publisher may send before it is a flood:
	// each frame costs its reading, whatever becomes of it.
	floodTimes = 50
)

// throttle holds back what a space would hand on faster than it may. It is the
// space's and not a connection's: who comes back at once has no more of it. It is
// guarded by Hub.mu.
type throttle struct {
	limiter *rate.Limiter // nil before it is needed
	// due tells that a timer will hand on what is held by then.
	due bool
	// held tells that the record is newer than what was handed on.
	held bool
	told seldom
}

// wait returns how long to wait before another update may be handed on, and takes
// the room of that update.
func (t *throttle) wait(perSecond int, now time.Time) time.Duration {
	if perSecond == 0 {
		return 0
	}
	if t.limiter == nil {
		t.limiter = rate.NewLimiter(rate.Limit(perSecond), handOnBurst*perSecond)
	}
	return t.limiter.ReserveN(now, 1).DelayFrom(now)
}

// publisherAllowance bounds the frames of one connection of a publisher; nil for no
// bound.
func publisherAllowance(perSecond int) *allowance {
	if perSecond == 0 {
		return nil
	}
	return &allowance{perSecond: floodTimes * perSecond}
}

// handOn broadcasts what a publisher sent to its space and offers it to the other
// hubs, now or, if it comes faster than it may, as soon as the rate allows and
// together with what comes until then. Guarded by h.mu.
func (h *Hub) handOn(s *space, now time.Time) {
	if !s.throttle.due {
		wait := s.throttle.wait(h.opts.PublisherRate, now)
		if wait == 0 {
			h.broadcast(s, now)
			h.engine.Offer(s.record)
			return
		}
		s.throttle.due = true
		time.AfterFunc(wait, func() { h.handOnHeld(s) })
	}
	if s.throttle.held { // it is never handed on by itself
		s.ledger.throttled++
		h.totals.throttled++
	}
	s.throttle.held = true
	if s.throttle.told.mayShow(now) {
		h.event(now, eventThrottled, s.name, fmt.Sprintf("more than %d updates a second: of those that come faster only the newest is handed on", h.opts.PublisherRate))
	}
}

// handOnHeld hands on what was held, unless something else did.
func (h *Hub) handOnHeld(s *space) {
	h.mu.Lock()
	defer h.unlock()
	s.throttle.due = false
	if s.throttle.held {
		h.broadcast(s, time.Now())
	}
}
