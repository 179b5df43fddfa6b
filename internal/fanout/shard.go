package fanout

import (
	"slices"
	"sync"
	"time"
)

// shard writes to some of the members, all in one goroutine, which lives as long
// as there are any.
type shard struct {
	fan  *Fanout
	wake chan struct{} // has room for one

	mu       sync.Mutex // guards what follows
	incoming []*Member
	running  bool

	// The rest is the goroutine's own.
	members []*Member
	writer  writer
	pace    pace
	scratch []byte
}

func newShard(f *Fanout) *shard { return &shard{fan: f, wake: make(chan struct{}, 1)} }

// poke tells the shard that there is something to do.
func (s *shard) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *shard) join(m *Member) {
	s.mu.Lock()
	s.incoming = append(s.incoming, m)
	start := !s.running
	s.running = true
	s.mu.Unlock()
	if start {
		go s.run()
	}
	s.poke()
}

// admit takes new members in. It is false when there are none at all: then the
// goroutine ends.
func (s *shard) admit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takeIncoming()
	s.running = len(s.members) > 0
	return s.running
}

// takeIncoming makes those who joined members. Guarded by s.mu.
func (s *shard) takeIncoming() {
	s.members = append(s.members, s.incoming...)
	clear(s.incoming)
	s.incoming = s.incoming[:0]
}

// sweepEvery is how often the members are looked at, to be pinged or given up: once
// a second, or as often as they are to be pinged.
func (o *Options) sweepEvery() time.Duration { return min(time.Second, o.PingInterval) }

// run writes whenever there is something to write.
func (s *shard) run() {
	ticker := time.NewTicker(s.fan.opts.sweepEvery())
	defer ticker.Stop()
	last := s.fan.count.published.Load()
	for s.admit() {
		select {
		case <-s.wake:
		case now := <-ticker.C:
			s.look(now)
		}
		before := s.fan.count.published.Load()
		s.round()
		after := s.fan.count.published.Load()
		s.pace.end(time.Now(), after-before, after-last)
		last = after
	}
}

// lookEvery is after how many members a shard looks at the time.
const lookEvery = 16

func (s *shard) rest() {
	if rest := s.pace.rest(time.Now()); rest > 0 {
		time.Sleep(rest)
		s.pace.rested(time.Now())
	}
}

// round brings every member as far as it goes without waiting.
func (s *shard) round() {
	s.mu.Lock()
	s.takeIncoming()
	s.mu.Unlock()
	left := false
	s.pace.begin(time.Now())
	for i, m := range s.members {
		switch m.state.Load() {
		case idle:
			m.flush(s)
		case draining:
			m.poke()
		}
		left = left || m.state.Load() == over
		if i%lookEvery == lookEvery-1 {
			s.rest()
		}
	}
	s.rest()
	time.Sleep(s.pace.breath(time.Now()))
	if left {
		s.members = slices.DeleteFunc(s.members, func(m *Member) bool { return m.state.Load() == over })
	}
}

// pingShare is the part of the members that is pinged in one look at most, so that
// those who came together do not cost everybody a pause together; minPings always
// may be.
const (
	pingShare = 10
	minPings  = 64
)

// look goes through the members: it gives up those that are silent and pings those
// whose time it is.
func (s *shard) look(now time.Time) {
	opts := &s.fan.opts
	pings := max(minPings, len(s.members)/pingShare)
	for _, m := range s.members {
		if now.Sub(m.seen()) >= opts.PeerTimeout {
			m.Abort(ErrSilent)
			continue
		}
		if opts.Ping != nil && pings > 0 && now.Sub(m.pinged) >= opts.PingInterval {
			pings--
			m.pinged = now
			m.Control(opts.Ping)
		}
	}
}
