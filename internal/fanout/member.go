package fanout

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Errors that end a member.
var (
	// ErrSilent: nothing came from the member for PeerTimeout.
	ErrSilent = errors.New("silent for too long")
	// ErrStalled: the member took nothing of what was written for WriteTimeout.
	ErrStalled = errors.New("read nothing for too long")
	// ErrLeft: Leave was called.
	ErrLeft = errors.New("left")
)

// The states of a member say whose it is. Only its owner touches what is not
// guarded otherwise.
const (
	idle     int32 = iota // the shard's: it keeps up
	draining              // its own goroutine's: its connection takes no more at the moment
	over                  // nobody's: it has left
)

// Member is one receiver: a position in the log, and a connection.
type Member struct {
	fan   *Fanout
	shard *shard
	line  line
	only  map[string]bool
	gone  func(error)

	state    atomic.Int32
	lastSeen atomic.Int64 // nanoseconds since fan.born, by the clock that nobody sets
	sent     atomic.Int64
	skipped  atomic.Int64
	// number is how many frames the log has before pos, or had when conflating
	// began. The owner writes it.
	number atomic.Uint64
	pinged time.Time // the shard's

	// The owner's.
	current    []byte // goes out before anything else, to its end, which is a frame's
	borrowed   bool   // current is in the shard's scratch
	from       *chunk // where current stands in the log, nil if it does not
	pos        position
	conflating bool
	caught     uint64  // how many frames were sent since
	passed     uint64  // how many frames of what it wants the log has before pos, as number
	sample     *sample // that it is to tell of next; nil for the next newest
	measured   *sample // that it has told of

	mu      sync.Mutex    // guards what follows
	wake    chan struct{} // of its own goroutine; nil while there is none
	control []byte        // goes out at the next end of a frame
	last    bool          // nothing goes out behind control
	err     error
}

// Seen says that something came from the member.
func (m *Member) Seen() { m.lastSeen.Store(int64(time.Since(m.fan.born))) }

func (m *Member) seen() time.Time { return m.fan.born.Add(time.Duration(m.lastSeen.Load())) }

// maxControl bounds the control frames that wait, in bytes.
const maxControl = 1 << 10

// Control sends a control frame between two others. It does not wait. Where too many
// wait already this one takes the place of them all: a peer that asks for more pongs
// than it takes gets the newest, as RFC 6455, section 5.5.3, has it.
func (m *Member) Control(frame []byte) {
	m.mu.Lock()
	if !m.last {
		if len(m.control)+len(frame) > maxControl {
			m.control = m.control[:0]
		}
		m.control = append(m.control, frame...)
	}
	m.mu.Unlock()
	m.shard.poke()
}

// Leave sends a last control frame and ends the member with err. What has not been
// written yet is not written any more.
func (m *Member) Leave(frame []byte, err error) {
	m.mu.Lock()
	if !m.last {
		m.last, m.err = true, err
		m.control = append(m.control, frame...)
	}
	m.mu.Unlock()
	m.shard.poke()
}

// Abort ends the member at once, with err.
func (m *Member) Abort(err error) {
	m.mu.Lock()
	if m.err == nil {
		m.err = err
	}
	m.last = true
	m.mu.Unlock()
	m.line.cut() // whoever writes to it or waits for it finds out
	m.shard.poke()
}

// Err is what Abort or Leave ended the member with, as soon as that is decided;
// nil before.
func (m *Member) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.err
}

// Sent counts the frames that were handed to the connection.
func (m *Member) Sent() int64 { return m.sent.Load() }

// Skipped counts the frames that the member was spared, for a newer one of the
// space followed.
func (m *Member) Skipped() int64 { return m.skipped.Load() }

// Behind is how many frames were published that the member was neither sent nor
// spared yet, those of spaces that it does not want among them.
func (m *Member) Behind() int64 {
	return max(0, m.fan.count.published.Load()-int64(m.number.Load()))
}

// end takes the member out, with the error that Leave or Abort gave, else err.
func (m *Member) end(err error) {
	if decided := m.Err(); decided != nil {
		err = decided
	}
	m.state.Store(over)
	m.current = nil
	m.line.leave()
	m.shard.poke()
	m.gone(err)
}
