package fanout

import (
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Options says how a Fanout behaves. Zero values are good ones.
type Options struct {
	// First makes what a new member is sent first of the newest frame of each
	// space: the bytes that go out, and nothing else does before them. Wanted.
	First func(frames [][]byte) []byte
	// Source is for a Fanout that tells what another tells in a form of its own,
	// and may have begun later: First gets the frames of Source, and what is
	// published here goes on from there. Nil for none.
	Source *Fanout
	// Together is held by whoever publishes to Source and here, so that Begin sees
	// each update in both or in none. Wanted with Source.
	Together sync.Locker
	// Ping is what a member is sent every PingInterval, whole; nil for nothing.
	Ping []byte
	// PingInterval is how often; 0 for 20 s.
	PingInterval time.Duration
	// PeerTimeout is how long a member may be silent; 0 for 75 s.
	PeerTimeout time.Duration
	// WriteTimeout is how long a member may take nothing of what is written to
	// it; 0 for 10 s.
	WriteTimeout time.Duration
	// Stalled makes the last words to a member that took nothing for so long.
	Stalled func() []byte
	// Chunks is how many chunks of 64 KiB the log keeps; 0 for 64.
	Chunks int
	// Lag is how many bytes a member may be behind before it is conflated; 0 for
	// 1 MiB. More than the log keeps has no effect.
	Lag int
	// Latency gathers how long frames take; nil for nobody.
	Latency *Latency
	// Shards is how many goroutines write; 0 for one for each processor.
	Shards int
}

func (o Options) withDefaults() Options {
	set(&o.PingInterval, 20*time.Second)
	set(&o.PeerTimeout, 75*time.Second)
	set(&o.WriteTimeout, 10*time.Second)
	set(&o.Chunks, 64)
	set(&o.Lag, 1<<20)
	set(&o.Shards, runtime.GOMAXPROCS(0))
	return o
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Fanout is a log of frames and its members.
type Fanout struct {
	opts   Options
	born   time.Time
	log    *buffer
	shards []*shard
	turn   atomic.Uint64 // whose turn it is to take a new member
	first  firstCache
	count  counters
	sample atomic.Pointer[sample] // the newest
}

// counters only rise.
type counters struct {
	published, writes, bytes, frames, skipped, conflations, stalled atomic.Int64
}

// Stats is what a Fanout has done since it was made. All counts only rise.
type Stats struct {
	// Published counts the frames that were published, Frames those that were
	// written to members, and Skipped those that members were spared, for a
	// newer one of the space followed.
	Published, Frames, Skipped int64
	// Writes counts the writes to members, Bytes what they took.
	Writes, Bytes int64
	// Conflations counts the times that a member fell behind; Stalled the members
	// that were closed because they took nothing.
	Conflations, Stalled int64
}

// New returns a Fanout. It runs no goroutine while it has no member.
func New(opts Options) *Fanout {
	f := &Fanout{opts: opts.withDefaults(), born: time.Now()}
	f.log = newBuffer(f.opts.Chunks)
	for range f.opts.Shards {
		f.shards = append(f.shards, newShard(f))
	}
	return f
}

// Publish hands a frame to every member. It does not wait for any. The caller
// calls it for one frame at a time where the order matters; the frame may be used
// again afterwards.
func (f *Fanout) Publish(space string, frame []byte) {
	f.follow(space)
	f.log.append(space, frame)
	f.count.published.Add(1)
	for _, s := range f.shards {
		s.poke()
	}
}

// Stats returns what has been done.
func (f *Fanout) Stats() Stats {
	c := &f.count
	return Stats{
		Published: c.published.Load(), Frames: c.frames.Load(), Skipped: c.skipped.Load(), Writes: c.writes.Load(),
		Bytes: c.bytes.Load(), Conflations: c.conflations.Load(), Stalled: c.stalled.Load(),
	}
}

// Begin returns the state of this moment for a member to start from: what First
// makes of it is sent first, and then every frame of the spaces in only (nil is
// all) that is published from this moment on.
func (f *Fanout) Begin(only map[string]bool) Start {
	if only != nil {
		return f.makeStart(only)
	}
	c := &f.first
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made.IsZero() || time.Since(c.made) > firstAge || f.log.lag(c.start.pos) > firstLag {
		c.start, c.made = f.makeStart(nil), time.Now()
	}
	return c.start
}

// Join makes conn a member. gone is called once, when the member has left and
// nothing writes to conn any more, with the error that ended it; it must not
// block. Writing to conn is the member's alone from now on; reading stays the
// caller's, who calls Seen for each sign of life.
func (f *Fanout) Join(conn net.Conn, from Start, gone func(error)) *Member {
	m := &Member{fan: f, line: newLine(conn), only: from.only, gone: gone}
	m.current, m.pos, m.passed, m.pinged = from.bytes, from.pos, from.wanted, time.Now()
	m.number.Store(from.number)
	m.measured = f.sample.Load() // was published before it came
	m.Seen()
	m.shard = f.shards[f.turn.Add(1)%uint64(len(f.shards))]
	m.shard.join(m)
	return m
}

// Start is where a member starts from.
type Start struct {
	only   map[string]bool
	bytes  []byte
	pos    position
	number uint64 // how many frames the log has before pos,
	wanted uint64 // and how many of them tell of the spaces in only
}

// firstCache keeps the start of the members that want everything, so that a storm
// of joins makes it once.
type firstCache struct {
	mu    sync.Mutex
	start Start
	made  time.Time
}

const (
	// firstAge is how old a start may be, and firstLag how far behind the head:
	// what is missing follows from the log.
	firstAge = 100 * time.Millisecond
	firstLag = 64 << 10
)

func (f *Fanout) makeStart(only map[string]bool) Start {
	frames, start := f.cut(only)
	start.bytes = f.opts.First(frames)
	return start
}

// cut is that of the log, with the frames of Source where there is one.
func (f *Fanout) cut(only map[string]bool) (frames [][]byte, next Start) {
	source := f.opts.Source
	if source == nil {
		return f.log.cut(only)
	}
	f.opts.Together.Lock()
	defer f.opts.Together.Unlock()
	frames, _ = source.log.cut(only)
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	return frames, f.log.end(only)
}
