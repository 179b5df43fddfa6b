package hub

import (
	"sync"
)

// Bounds of what waits for one subscriber. A subscriber that keeps up never
// meets them; one that does not is conflated when either is reached.
const (
	maxPendingFrames = 1024
	maxPendingBytes  = 1 << 20
)

// fanout hands each frame to every subscriber at once. It never waits for one: a
// frame is put into the subscriber's mailbox, which the subscriber's own
// goroutine empties.
type fanout struct {
	mu        sync.Mutex // guards what follows
	mailboxes map[*mailbox]struct{}
	broadcast int64
	conflated int64 // of mailboxes that have left
}

// join adds a mailbox. Whoever calls it holds the lock under which frames are
// published, so that the mailbox gets exactly what follows the state of that
// moment.
func (f *fanout) join(m *mailbox) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mailboxes == nil {
		f.mailboxes = make(map[*mailbox]struct{})
	}
	f.mailboxes[m] = struct{}{}
}

func (f *fanout) leave(m *mailbox) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.mailboxes, m)
	f.conflated += m.counts().conflated
}

// publish puts a frame that tells of a space into every mailbox that wants it.
// The frame is shared: nobody may write to it.
func (f *fanout) publish(space string, frame []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broadcast++
	for m := range f.mailboxes {
		m.put(space, frame)
	}
}

// counts returns how many frames were published and how many of their copies
// were conflated away.
func (f *fanout) counts() (broadcast, conflated int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	conflated = f.conflated
	for m := range f.mailboxes {
		conflated += m.counts().conflated
	}
	return f.broadcast, conflated
}

// mailbox holds what one subscriber has not been sent yet: every frame in order
// while there are few, and the newest frame of each space, in the order of those,
// when there are too many.
type mailbox struct {
	// only is the set of spaces that the subscriber asked for; nil is all.
	only map[string]bool
	// wake has room for one: it says that something waits.
	wake chan struct{}

	mu      sync.Mutex // guards what follows
	pending []letter
	bytes   int
	// newest is where the frame of each space stands in pending while the
	// mailbox is conflating; nil while it is not.
	newest map[string]int
	count  mailCounts
}

type letter struct {
	space string
	frame []byte // nil where a newer one of the space stands further on
}

type mailCounts struct {
	taken     int64
	conflated int64
	pending   int
}

func newMailbox(only map[string]bool) *mailbox {
	return &mailbox{only: only, wake: make(chan struct{}, 1)}
}

// put adds a frame and never blocks.
func (m *mailbox) put(space string, frame []byte) {
	if m.only != nil && !m.only[space] {
		return
	}
	m.mu.Lock()
	m.add(space, frame)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *mailbox) add(space string, frame []byte) {
	if m.newest == nil && (len(m.pending) >= maxPendingFrames || m.bytes+len(frame) > maxPendingBytes) {
		m.conflate()
	}
	if m.newest != nil {
		m.supersede(space)
		m.newest[space] = len(m.pending)
	}
	m.pending = append(m.pending, letter{space, frame})
	m.bytes += len(frame)
	m.count.pending++
}

// conflate keeps the newest frame of each space.
func (m *mailbox) conflate() {
	m.newest = make(map[string]int)
	for i, l := range m.pending {
		m.supersede(l.space)
		m.newest[l.space] = i
	}
	m.compact()
}

// supersede empties the place of a space's frame that a newer one follows.
func (m *mailbox) supersede(space string) {
	old, ok := m.newest[space]
	if !ok {
		return
	}
	m.bytes -= len(m.pending[old].frame)
	m.pending[old].frame = nil
	m.count.conflated++
	m.count.pending--
	if len(m.pending) >= 2*(m.count.pending+1)+maxPendingFrames {
		m.compact()
	}
}

// compact closes the gaps that superseded frames left.
func (m *mailbox) compact() {
	kept := m.pending[:0]
	for _, l := range m.pending {
		if l.frame != nil {
			m.newest[l.space] = len(kept)
			kept = append(kept, l)
		}
	}
	clear(m.pending[len(kept):])
	m.pending = kept
}

// take empties the mailbox into batch, which holds one frame behind the other.
// A mailbox that was conflating is not any more.
func (m *mailbox) take(batch [][]byte) [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.pending {
		if l.frame != nil {
			batch = append(batch, l.frame)
			m.count.taken++
		}
	}
	clear(m.pending)
	m.pending, m.newest, m.bytes = m.pending[:0], nil, 0
	if cap(m.pending) > 2*maxPendingFrames {
		m.pending = nil
	}
	m.count.pending = 0
	return batch
}

func (m *mailbox) counts() mailCounts {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count
}
