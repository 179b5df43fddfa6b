package hub

import "time"

// rateWindow is how many whole seconds an update rate is averaged over.
const rateWindow = 10

// rateMeter counts events by the second, for a rate over the last ten.
type rateMeter struct {
	start  time.Time // seconds are counted from here, by the monotonic clock
	counts [rateWindow + 1]int64
	last   int64 // the second that was counted last
}

func (m *rateMeter) add(now time.Time) {
	m.advance(now)
	m.counts[m.last%int64(len(m.counts))]++
}

// advance clears the seconds that passed without an event.
func (m *rateMeter) advance(now time.Time) {
	second := int64(now.Sub(m.start) / time.Second)
	for m.last < second {
		if second-m.last > int64(len(m.counts)) {
			m.last = second - int64(len(m.counts))
		}
		m.last++
		m.counts[m.last%int64(len(m.counts))] = 0
	}
}

// perSecond is the rate over the last ten whole seconds.
func (m *rateMeter) perSecond(now time.Time) float64 {
	m.advance(now)
	var sum int64
	for i, n := range m.counts {
		if int64(i) != m.last%int64(len(m.counts)) {
			sum += n
		}
	}
	return float64(sum) / rateWindow
}
