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

// sweepEvery is how often the members are looked at: pinged, or given up.
const sweepEvery = time.Second

// run writes whenever there is something to write.
//
// If several frames have come since a round began, the shard rests for a time that
// follows the length of the round: a shard that cannot keep up with single frames
// would otherwise spend all its time on writes of one or two, while a short wait
// lets frames gather and leave in one write. If none or one has come there is
// nothing to gather, and the next frame leaves at once.
func (s *shard) run() {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for s.admit() {
		select {
		case <-s.wake:
		case now := <-ticker.C:
			s.look(now)
		}
		start, before := time.Now(), s.fan.count.published.Load()
		s.round()
		rest := restAfter(time.Since(start))
		if rest == 0 {
			continue
		}
		time.Sleep(minRest) // lets those who publish have the processor
		if s.fan.count.published.Load() > before+1 {
			time.Sleep(rest)
		}
	}
}

const (
	// restFactor is how many times as long as its round a shard rests, maxRest the
	// most, and minRest what is too short to be worth a timer.
	restFactor = 2
	maxRest    = 20 * time.Millisecond
	minRest    = 100 * time.Microsecond
)

func restAfter(round time.Duration) time.Duration {
	rest := min(restFactor*round, maxRest)
	if rest < minRest {
		return 0
	}
	return rest
}

// round brings every member as far as it goes without waiting.
func (s *shard) round() {
	s.mu.Lock()
	s.takeIncoming()
	s.mu.Unlock()
	left := false
	for _, m := range s.members {
		switch m.state.Load() {
		case idle:
			m.flush(s)
		case draining:
			m.poke()
		}
		left = left || m.state.Load() == over
	}
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
