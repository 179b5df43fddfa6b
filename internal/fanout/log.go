// Package fanout sends every frame that is published to every member at once, and
// holds no member's copy of it. Frames stand in one log in memory; a member is a
// position in the log and a connection. Whoever keeps up gets every frame, many
// in one write when many have gathered; whoever does not is sent the newest frame
// of each space and nothing older. Memory is bounded by the log and one frame for
// each space, whatever the members do.
//
// The package knows frames as bytes and spaces as names. What a frame says is its
// caller's business.
package fanout

import (
	"sync"
	"sync/atomic"
)

// ChunkSize is how many bytes of frames stand together in the log, and the most
// that one write takes of them.
const ChunkSize = 64 << 10

const (
	// maxMarks is how many frames a chunk holds at most.
	maxMarks = 512
)

// position is a place in the log: the number of a chunk, and a byte in it.
type position uint64

const offsetBits = 24 // a frame larger than a chunk has one of its own, up to 16 MiB

func at(chunk uint64, offset int) position { return position(chunk<<offsetBits | uint64(offset)) }

func (p position) chunk() uint64 { return uint64(p >> offsetBits) }
func (p position) offset() int   { return int(p & (1<<offsetBits - 1)) }

// chunk is a run of frames. What has been published of it never changes.
type chunk struct {
	number uint64
	first  uint64 // how many frames the log had before it
	buf    []byte // of fixed length, as marks is: what follows the published is free
	marks  []mark
	// published is how much of buf and marks may be read: bytes<<32 | marks.
	published atomic.Uint64
}

// mark says where a frame ends and of which space it tells.
type mark struct {
	end   int
	entry *entry
}

func (c *chunk) load() (bytes, marks int) {
	p := c.published.Load()
	return int(p >> 32), int(p & (1<<32 - 1))
}

func (c *chunk) room(n int) bool {
	bytes, marks := c.load()
	return bytes+n <= len(c.buf) && marks < len(c.marks)
}

// add publishes a frame and returns it as it stands in the chunk.
func (c *chunk) add(e *entry, frame []byte) (start int, stored []byte) {
	start, marks := c.load()
	end := start + copy(c.buf[start:], frame)
	c.marks[marks] = mark{end, e}
	c.published.Store(uint64(end)<<32 | uint64(marks+1))
	return start, c.buf[start:end:end]
}

// entry holds the newest frame of a space. The entries form a ring in the order of
// their frames, oldest first, behind the sentinel of the log.
type entry struct {
	space      string
	pos        position // where the frame begins
	frame      []byte   // in the chunk, or copied out of one that was dropped
	frames     uint64   // of the space so far
	prev, next *entry
}

func (e *entry) unlink() {
	e.prev.next, e.next.prev = e.next, e.prev
}

func (e *entry) linkBefore(other *entry) {
	e.prev, e.next = other.prev, other
	e.prev.next, other.prev = e, e
}

// buffer is the log itself: the last chunks, and the newest frame of each space.
type buffer struct {
	chunks []atomic.Pointer[chunk]
	head   atomic.Uint64 // the position behind the newest frame

	mu      sync.Mutex // guards what follows, and appending
	newest  map[string]*entry
	ring    entry // the sentinel
	current *chunk
	frames  uint64
}

func newBuffer(chunks int) *buffer {
	b := &buffer{chunks: make([]atomic.Pointer[chunk], chunks), newest: make(map[string]*entry)}
	b.ring.prev, b.ring.next = &b.ring, &b.ring
	b.begin(0, ChunkSize)
	return b
}

// begin starts a chunk, in the place of the oldest. Guarded by b.mu.
func (b *buffer) begin(number uint64, size int) {
	slot := &b.chunks[number%uint64(len(b.chunks))]
	if old := slot.Load(); old != nil {
		b.keepNewest(old)
	}
	b.current = &chunk{number: number, first: b.frames, buf: make([]byte, size), marks: make([]mark, maxMarks)}
	slot.Store(b.current)
}

// keepNewest copies those frames out of a chunk that are the newest of their
// space, so that a quiet space does not hold the chunk.
func (b *buffer) keepNewest(old *chunk) {
	_, n := old.load()
	for _, m := range old.marks[:n] {
		if e := m.entry; e.pos.chunk() == old.number && !e.copied(old) {
			e.frame = append([]byte(nil), e.frame...)
		}
	}
}

// copied tells whether the entry's frame is outside the chunk already: a space may
// have several frames in one.
func (e *entry) copied(c *chunk) bool {
	return len(e.frame) > 0 && &e.frame[0] != &c.buf[e.pos.offset()]
}

// append puts a frame behind the others. The frame is copied.
func (b *buffer) append(space string, frame []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.current.room(len(frame)) {
		b.begin(b.current.number+1, max(ChunkSize, len(frame)))
	}
	c, e := b.current, b.entry(space)
	start, stored := c.add(e, frame)
	e.pos, e.frame = at(c.number, start), stored
	e.frames++
	b.frames++
	b.head.Store(uint64(at(c.number, start+len(stored))))
}

// entry returns a space's entry, moved behind all others.
func (b *buffer) entry(space string) *entry {
	e, ok := b.newest[space]
	if ok {
		e.unlink()
	} else {
		e = &entry{space: space}
		b.newest[space] = e
	}
	e.linkBefore(&b.ring)
	return e
}

// run is a stretch of the log that lies in one piece.
type run struct {
	chunk  *chunk // nil for nothing
	bytes  []byte
	next   position // where the log goes on behind it
	frames uint64   // how many frames the log has before next
}

// read returns what stands from p on, up to the end of a chunk; nothing where p is
// the head. It is false if p has been dropped from the log.
func (b *buffer) read(p position) (run, bool) {
	for {
		head := position(b.head.Load())
		if p == head {
			return run{next: p}, true
		}
		c := b.chunks[p.chunk()%uint64(len(b.chunks))].Load()
		if c == nil || c.number != p.chunk() {
			return run{}, false
		}
		bytes, marks := c.load()
		if p.offset() < bytes {
			return run{c, c.buf[p.offset():bytes], at(c.number, bytes), c.first + uint64(marks)}, true
		}
		if head.chunk() == c.number {
			return run{next: p}, true // head moved on meanwhile, but not for us
		}
		p = at(c.number+1, 0)
	}
}

// lag is about how many bytes p is behind the head.
func (b *buffer) lag(p position) int {
	head := position(b.head.Load())
	return int(head.chunk()-p.chunk())*ChunkSize + head.offset() - p.offset()
}

// marksBefore counts the frames of the chunk that end at or before offset.
func (c *chunk) marksBefore(offset int) int {
	_, n := c.load()
	low, high := 0, n
	for low < high {
		if mid := (low + high) / 2; c.marks[:n][mid].end <= offset {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// frameEnd returns where the frame that the byte before offset belongs to ends:
// offset itself at a frame's end.
func (c *chunk) frameEnd(offset int) int {
	_, n := c.load()
	i := c.marksBefore(offset)
	if i > 0 && c.marks[:n][i-1].end == offset || i == 0 && offset == 0 {
		return offset
	}
	return c.marks[:n][i].end
}

// newestAfter appends to dst the newest frames of the spaces that were updated at
// or behind p, oldest first, as many as fit into limit bytes and one at least.
func (b *buffer) newestAfter(dst []byte, p position, only map[string]bool, limit int) caughtUp {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := caughtUp{bytes: dst, next: p}
	for e := b.firstAfter(p); e != &b.ring; e = e.next {
		if only != nil && !only[e.space] {
			continue
		}
		if len(out.bytes) > 0 && len(out.bytes)+len(e.frame) > limit {
			return out
		}
		out.bytes = append(out.bytes, e.frame...)
		out.sent++
		out.next = e.pos + position(len(e.frame))
	}
	out.done, out.next, out.frames, out.wanted = true, position(b.head.Load()), b.frames, b.framesOf(only)
	return out
}

// caughtUp is a part of the way from a position to the head that leaves out what
// is not the newest.
type caughtUp struct {
	bytes  []byte
	next   position // everything before it that is still the newest is in bytes
	sent   int      // how many frames bytes holds
	done   bool     // next is the head,
	frames uint64   // and so many frames stand before it,
	wanted uint64   // so many of them of the spaces that are wanted
}

// framesOf counts the frames of the spaces in only so far; nil is all. Guarded by
// b.mu.
func (b *buffer) framesOf(only map[string]bool) uint64 {
	if only == nil {
		return b.frames
	}
	n := uint64(0)
	for space := range only {
		if e, ok := b.newest[space]; ok {
			n += e.frames
		}
	}
	return n
}

// firstAfter finds the oldest entry at or behind p, from the nearer end as far as
// that can be told: a member that fell behind is far back.
func (b *buffer) firstAfter(p position) *entry {
	front, back := b.ring.next, b.ring.prev
	for {
		switch {
		case front == &b.ring || front.pos >= p:
			return front
		case back == &b.ring || back.pos < p:
			return back.next
		}
		front, back = front.next, back.prev
	}
}

// cut returns the newest frame of each space, oldest first, and what follows them:
// a consistent state to join at.
func (b *buffer) cut(only map[string]bool) (frames [][]byte, next Start) {
	b.mu.Lock()
	defer b.mu.Unlock()
	frames = make([][]byte, 0, len(b.newest))
	for e := b.ring.next; e != &b.ring; e = e.next {
		if only == nil || only[e.space] {
			frames = append(frames, e.frame)
		}
	}
	return frames, b.end(only)
}

// end is where the log goes on. Guarded by b.mu.
func (b *buffer) end(only map[string]bool) Start {
	return Start{only: only, pos: position(b.head.Load()), number: b.frames, wanted: b.framesOf(only)}
}
