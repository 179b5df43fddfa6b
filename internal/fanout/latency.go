package fanout

import (
	"slices"
	"sync/atomic"
	"time"
)

// latencyBounds are the upper ends of a Latency's buckets: from what one write
// takes to the write timeout.
var latencyBounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// Latency gathers how long frames take from Publish until a member's connection
// has taken them, or a newer one of the space that spared them. One frame in
// sampleEvery is followed to all members; the others cost nothing. The zero value
// is ready, and may be that of several Fanouts.
type Latency struct {
	counts [len(latencyBounds) + 1]atomic.Uint64
	nanos  atomic.Int64
}

// sampleEvery is how much time lies between two frames that are followed: of ten
// thousand members each tells of four a second then.
const sampleEvery = 250 * time.Millisecond

func (l *Latency) observe(took time.Duration) {
	i, _ := slices.BinarySearch(latencyBounds[:], took)
	l.counts[i].Add(1)
	l.nanos.Add(int64(took))
}

// LatencyStats is what a Latency has gathered so far.
type LatencyStats struct {
	// Count is how many deliveries were measured, Sum how long all of them took.
	Count uint64
	Sum   time.Duration
	// Within counts those that took no longer than the key, in seconds.
	Within map[float64]uint64
}

// Stats returns what was gathered.
func (l *Latency) Stats() LatencyStats {
	s := LatencyStats{Sum: time.Duration(l.nanos.Load()), Within: make(map[float64]uint64, len(latencyBounds))}
	for i, bound := range latencyBounds {
		s.Count += l.counts[i].Load()
		s.Within[bound.Seconds()] = s.Count
	}
	s.Count += l.counts[len(latencyBounds)].Load()
	return s
}

// sample is a frame that is followed.
type sample struct {
	space  string
	number uint64 // how many frames the log has with it
	at     time.Time
}

// follow makes the frame that is published next a sample, if it is time for one.
// It has to be known before the frame is there, or a member could be past it.
func (f *Fanout) follow(space string) {
	if f.opts.Latency == nil {
		return
	}
	now := time.Now()
	if last := f.sample.Load(); last == nil || now.Sub(last.at) >= sampleEvery {
		f.sample.Store(&sample{space, uint64(f.count.published.Load()) + 1, now})
	}
}

// measure is called when the connection has taken all frames up to m.number. A
// member waits for the sample that it saw first: one that is always behind the
// newest sample would never tell of its delay otherwise.
func (m *Member) measure() {
	if m.sample == nil {
		s := m.fan.sample.Load()
		if s == m.measured {
			return
		}
		m.sample = s
	}
	if m.number.Load() < m.sample.number {
		return
	}
	if m.only == nil || m.only[m.sample.space] {
		m.fan.opts.Latency.observe(time.Since(m.sample.at))
	}
	m.sample, m.measured = nil, m.sample
}
