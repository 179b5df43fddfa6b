package natsengine

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"
)

// flushTimeout is how long a message may take to leave.
const flushTimeout = 2 * time.Second

// header is that of our next message. Guarded by e.mu.
func (e *Engine) header(k kind) *header {
	return &header{format: e.format(), kind: k, hub: e.hub, instance: e.instance}
}

// format is the newest that all hubs read who are there. Guarded by e.mu.
func (e *Engine) format() byte {
	f := e.newest
	for _, m := range e.members {
		if m.alive && m.beat.newest != 0 {
			f = min(f, m.beat.newest)
		}
	}
	return f
}

// sendAll sends what is offered and announced, until ctx ends.
func (e *Engine) sendAll(ctx context.Context) {
	for {
		select {
		case <-e.wake:
		case <-ctx.Done():
			return
		}
		for ctx.Err() == nil && e.sendSome() {
			// One message at a time is on its way out: what comes meanwhile goes into
			// the next, the newest of each space.
			_ = e.bus.flush(flushTimeout)
		}
		e.beatDue(time.Now())
	}
}

// sendSome sends a message of what is to be sent, and tells whether it did. While
// the bus takes nothing, everything stays where it is, the newest of each space.
func (e *Engine) sendSome() bool {
	e.mu.Lock()
	if len(e.records)+len(e.claims) == 0 || e.bus.problem() != "" {
		e.mu.Unlock()
		return false
	}
	message := appendHeader(nil, e.header(kindDelta))
	message = binary.AppendUvarint(message, e.sent+1)
	var records, claims []string
	for space := range e.claims { // before the frames of a connection
		if len(message) >= maxPart {
			break
		}
		message = e.replica.appendClaim(message, e.hub, space)
		claims = append(claims, space)
		delete(e.claims, space)
	}
	for space := range e.records {
		if len(message) >= maxPart {
			break
		}
		message = e.replica.appendRecord(message, space)
		records = append(records, space)
		delete(e.records, space)
	}
	e.sent++
	e.mu.Unlock()
	if e.bus.publish(e.prefix+toAll+escape(e.hub), message) == nil {
		return true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent--
	for _, space := range claims {
		e.claims[space] = struct{}{}
	}
	for _, space := range records {
		e.records[space] = struct{}{}
	}
	return false
}

// beatDue gives a sign of life if it is time for one.
func (e *Engine) beatDue(now time.Time) {
	e.mu.Lock()
	if due := e.hurry || now.Sub(e.lastBeat) >= beatEvery; !due {
		e.mu.Unlock()
		return
	}
	b := beat{
		newest: e.newest, version: e.version, hello: e.hello, ready: e.joined, sent: e.sent,
		publishers: e.replica.publishers(e.hub), heard: e.members.heardDirectly(now), digests: *e.replica.digests(),
	}
	e.digest = fmt.Sprintf("%016x", e.replica.total())
	e.lastBeat, e.hello, e.hurry = now, false, false
	message := appendBeat(appendHeader(nil, &header{format: 1, kind: kindBeat, hub: e.hub, instance: e.instance}), &b)
	pending := len(e.records)+len(e.claims) > 0
	e.mu.Unlock()
	if e.bus.publish(e.prefix+toAll+escape(e.hub), message) != nil && b.hello {
		e.mu.Lock()
		e.hello = true // for the next one
		e.mu.Unlock()
	}
	if pending {
		poke(e.wake)
	}
}

func (e *Engine) answerAll(ctx context.Context) {
	for {
		select {
		case <-e.answers.wake:
		case <-ctx.Done():
			return
		}
		for to, asked, ok := e.takeWaiting(); ok && ctx.Err() == nil; to, asked, ok = e.takeWaiting() {
			e.answer(to, &asked)
		}
	}
}
