package fanout

import (
	"bytes"
	"errors"
	"net"
	"time"
)

// next makes sure that current holds what goes out next. It is false if that is
// nothing, and then over tells that nothing will ever follow. scratch is where
// frames are put together that do not stand together in the log.
func (m *Member) next(scratch *[]byte) (more, over bool) {
	if len(m.current) > 0 {
		return true, false
	}
	m.from, m.borrowed = nil, false
	m.measure()
	if more, over = m.takeControl(); more || over {
		return more, over
	}
	m.advance(scratch)
	return len(m.current) > 0, false
}

// takeControl takes the control frames that wait. It tells in the same breath that
// none will follow: a last one may come at any moment, and has to go out.
func (m *Member) takeControl() (more, over bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.current, m.control = m.control, nil
	more = len(m.current) > 0
	return more, m.last && !more
}

// advance takes the next frames: those of the log, or only the newest of each
// space if the member is too far behind for all of them.
func (m *Member) advance(scratch *[]byte) {
	log := m.fan.log
	r, ok := log.read(m.pos)
	if !m.conflating && (!ok || log.lag(m.pos) > m.fan.opts.Lag) {
		m.conflating, m.caught = true, 0
		m.fan.count.conflations.Add(1)
	}
	switch {
	case m.conflating:
		m.catchUp(scratch)
	case r.chunk == nil:
	case m.only != nil:
		m.pick(r, scratch)
	default:
		m.count(int64(r.frames - m.number.Load()))
		m.passed = r.frames
		m.current, m.from, m.pos = r.bytes, r.chunk, r.next
		m.number.Store(r.frames)
	}
}

func (m *Member) count(frames int64) {
	m.sent.Add(frames)
	m.fan.count.frames.Add(frames)
}

// catchUp takes some of the newest frames.
func (m *Member) catchUp(scratch *[]byte) {
	c := m.fan.log.newestAfter((*scratch)[:0], m.pos, m.only, ChunkSize)
	*scratch = c.bytes
	m.current, m.borrowed, m.pos = c.bytes, true, c.next
	m.count(int64(c.sent))
	m.caught += uint64(c.sent)
	if !c.done {
		return
	}
	skipped := int64(c.wanted - m.passed - m.caught)
	m.skipped.Add(skipped)
	m.fan.count.skipped.Add(skipped)
	m.passed = c.wanted
	m.number.Store(c.frames)
	m.conflating = false
}

// pick takes those frames of a run that tell of the spaces that are wanted.
func (m *Member) pick(r run, scratch *[]byte) {
	out := (*scratch)[:0]
	first := m.pos
	if first.chunk() != r.chunk.number {
		first = at(r.chunk.number, 0)
	}
	picked := int64(0)
	begin := first.offset()
	for i := r.chunk.marksBefore(begin); begin < r.next.offset(); i++ {
		mark := r.chunk.marks[i]
		if m.only[mark.entry.space] {
			out = append(out, r.chunk.buf[begin:mark.end]...)
			picked++
		}
		begin = mark.end
	}
	*scratch = out
	m.count(picked)
	m.passed += uint64(picked)
	m.current, m.borrowed, m.pos = out, true, r.next
	m.number.Store(r.frames)
}

// flush writes without waiting. What the connection does not take is left to a
// goroutine of the member's own.
func (m *Member) flush(s *shard) {
	if !m.line.quick() || m.line.holds() {
		m.drainBeside()
		return
	}
	for {
		more, over := m.next(&s.scratch)
		switch {
		case over:
			m.end(ErrLeft)
			return
		case !more:
			if m.conflating || m.behind() {
				continue // there was nothing for it in what it passed over
			}
			return
		}
		n, full, err := m.line.try(&s.writer, m.current)
		m.wrote(n)
		if err != nil {
			m.end(err)
			return
		}
		if full {
			m.keep()
			m.drainBeside()
			return
		}
	}
}

// wrote takes n bytes off current: they are the connection's now.
func (m *Member) wrote(n int) {
	m.fan.count.writes.Add(1)
	m.fan.count.bytes.Add(int64(n))
	m.current = m.current[n:]
}

func (m *Member) behind() bool { return m.pos != position(m.fan.log.head.Load()) }

// keep remembers what is left of current: of what stands in the log only the rest
// of the frame, so that a member that has stopped holds no more than that; the log
// can be read again.
func (m *Member) keep() {
	if m.from == nil {
		if m.borrowed {
			m.current, m.borrowed = bytes.Clone(m.current), false
		}
		return
	}
	offset := m.pos.offset() - len(m.current)
	end := m.from.frameEnd(offset)
	number := m.from.first + uint64(m.from.marksBefore(end))
	m.count(-int64(m.number.Load() - number)) // they were counted, and are not sent yet
	m.current = bytes.Clone(m.from.buf[offset:end])
	m.pos, m.from = at(m.from.number, end), nil
	m.passed = number
	m.number.Store(number)
}

// drainBeside hands the member to a goroutine of its own.
func (m *Member) drainBeside() {
	m.mu.Lock()
	m.wake = make(chan struct{}, 1)
	m.mu.Unlock()
	m.state.Store(draining)
	go m.drain()
}

// poke wakes the member's own goroutine.
func (m *Member) poke() {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// maxPiece is how much one write that waits may take, in bytes.
const maxPiece = record

// drain writes and waits, until the member keeps up again. Where the connection
// knows no other way it stays until the member has left.
func (m *Member) drain() {
	var scratch []byte
	for {
		more, over := m.line.holds(), false
		if !more {
			more, over = m.next(&scratch)
		}
		switch {
		case over:
			m.end(ErrLeft)
			return
		case more:
			if err := m.wait(); err != nil {
				m.end(m.lastWords(err))
				return
			}
		case m.conflating || m.behind():
		case m.line.quick():
			m.line.rested()
			m.state.Store(idle)
			m.shard.poke()
			return
		default:
			<-m.wake
		}
	}
}

// wait writes what is held, or else a piece of current, and waits until it is
// gone. A member that takes little takes time; one that takes nothing for
// WriteTimeout is stalled.
func (m *Member) wait() error {
	var piece []byte
	if !m.line.holds() {
		piece = m.current[:min(maxPiece, len(m.current))]
	}
	n, took, err := m.line.wait(piece, m.fan.opts.WriteTimeout)
	m.wrote(n)
	if took && (len(m.current) > 0 || m.line.holds()) {
		m.Seen() // no ping reaches it before the end of what it is taking
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		if took {
			return nil
		}
		return ErrStalled
	}
	return err
}

const (
	// lastBuffer is what the kernel's send buffer grows to, in bytes, for the last
	// words to a member that has stopped reading: it finds them when it wakes up.
	lastBuffer = 256 << 10
	// lastRest is the largest rest of a frame that is worth finishing for them.
	lastRest = 128 << 10
	// lastWait is how long they may take.
	lastWait = time.Second
)

// lastWords tells a stalled member why it is closed, behind the end of the frame
// that it did not take.
func (m *Member) lastWords(err error) error {
	if !errors.Is(err, ErrStalled) {
		return err
	}
	m.fan.count.stalled.Add(1)
	if m.fan.opts.Stalled == nil || len(m.current) > lastRest {
		return err
	}
	m.line.grow(lastBuffer)
	_, _, _ = m.line.wait(append(bytes.Clone(m.current), m.fan.opts.Stalled()...), lastWait) // best effort
	return err
}
