package derivsim

import "bytes"

// lagBy is how far a lag keeps messages back.
const lagBy = 2 * minute

// heldFrame is a message that leaves later.
type heldFrame struct {
	due    int64
	stream *stream
	text   []byte
}

// hold keeps a message back until the lag lets it go. The order stays.
func (c *session) hold(text []byte) {
	due := c.sim.at
	if c.lagUntil > c.sim.at {
		due += lagBy
	}
	if n := len(c.held); n > 0 {
		due = max(due, c.held[n-1].due)
	}
	if c.heldBytes+len(text) > maxQueue {
		c.drop()
		return
	}
	if c.held = append(c.held, heldFrame{due: due, text: text}); len(c.held) == 1 {
		c.releaseAt(due)
	}
	c.heldBytes += len(text)
}

// release delivers what is due.
func (c *session) release() {
	for len(c.held) > 0 && c.held[0].due <= c.sim.at {
		c.deliver(c.held[0].text)
		c.heldBytes -= len(c.held[0].text)
		c.held = c.held[1:]
	}
	if len(c.held) > 0 {
		c.releaseAt(c.held[0].due)
	}
}

func (c *session) releaseAt(due int64) {
	c.sim.timers.set(due, c.release)
	c.sim.wake()
}

// spoil sends a tick of a stream, or leaves it out, sends it twice, or keeps it
// until the next has gone.
func (s *Sim) spoil(m *stream, text []byte) {
	c := m.session
	o := occasion{call: "ticks", symbol: m.symbol.index.Symbol, account: c.account}
	switch {
	case len(s.faults.list) == 0:
	case s.faults.happens(TickGap, o):
		return
	case c.spoiled == nil && s.faults.happens(TickOutOfOrder, o):
		c.spoiled = &heldFrame{stream: m, text: text}
		return
	case s.faults.happens(TickDuplicate, o):
		c.push(text)
	}
	c.push(text)
	if late := c.spoiled; late != nil && late.stream == m {
		c.spoiled = nil
		c.push(late.text)
	}
}

const oversize = 5 << 20

// garble sends messages of no use before an answer.
func (s *Sim) garble(c *session, k *call) {
	if s.strikes(Malformed, k) {
		c.push([]byte(`{"msg_type":"tick","tick":{"quote":`))
	}
	if s.strikes(Oversized, k) {
		c.push(append(append([]byte(`{"msg_type":"`), bytes.Repeat([]byte("x"), oversize)...), `"}`...))
	}
}
