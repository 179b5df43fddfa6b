package deriv

import (
	"sync"
	"time"
)

// clock is the venue's, told from ours. The venue says its time in whole
// seconds; each answer says between which two offsets the true one lies, and
// several narrow it down. A simulator tells milliseconds and its speed.
type clock struct {
	mu       sync.Mutex // guards what follows
	speed    float64
	set      bool
	exact    bool      // the venue tells milliseconds
	at       time.Time // of ours, by the monotonic clock, when the venue's was base
	base     time.Time
	low      time.Duration // the least and the most the offset can be
	high     time.Duration
	rtt      time.Duration
	measured int
}

// newRound begins anew: a connection may lead to another server. The offset that
// is known holds until the first sample.
func (c *clock) newRound() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.measured = 0
}

// sample takes an answer to a TimeRequest that was sent and received at two
// moments of ours.
func (c *clock) sample(sent, received time.Time, a TimeAnswer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rtt := received.Sub(sent)
	resolution := time.Second
	server := a.Time.Time()
	if a.Millis != 0 {
		server, resolution = time.UnixMilli(a.Millis), time.Millisecond
	}
	c.exact = a.Millis != 0
	speed := a.Speed
	if speed == 0 {
		speed = 1
	}
	if speed != 1 || c.set && c.speed != 1 {
		c.anchor(sent, rtt, server, resolution, speed)
		return
	}
	c.narrow(sent, received, server, resolution, rtt)
}

// Before earliest there was no venue, and after latest no simulator's world is.
var (
	earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	latest   = time.Date(2200, 1, 2, 0, 0, 0, 0, time.UTC).Unix()
)

// plausible tells whether there can be such a clock.
func (a *TimeAnswer) plausible() bool {
	within := func(seconds int64) bool { return seconds >= earliest && seconds <= latest }
	return within(int64(a.Time)) && (a.Millis == 0 || within(a.Millis/1000)) && (a.Speed == 0 || a.Speed >= 1e-3 && a.Speed <= 1e5)
}

// anchorFor is after how long a sample of a longer way replaces the anchor.
const anchorFor = 5 * time.Minute

// anchor takes a sample with a short way as it is: at another speed than ours the
// offset changes all the time.
func (c *clock) anchor(sent time.Time, rtt time.Duration, server time.Time, resolution time.Duration, speed float64) {
	if c.measured > 0 && c.speed == speed && rtt > c.rtt && sent.Sub(c.at) < anchorFor {
		return
	}
	c.set, c.speed, c.rtt = true, speed, rtt
	c.at, c.base = sent.Add(rtt/2), server.Add(resolution/2)
	c.low, c.high = 0, time.Duration(float64(rtt)*speed)+resolution
	c.measured++
}

// narrow keeps what all samples of the round agree on, and begins anew where one
// contradicts them.
func (c *clock) narrow(sent, received, server time.Time, resolution, rtt time.Duration) {
	low, high := server.Sub(received), server.Add(resolution).Sub(sent)
	if c.measured > 0 {
		if l, h := max(low, c.low), min(high, c.high); l <= h {
			low, high, rtt = l, h, min(rtt, c.rtt)
		}
	}
	c.set, c.speed, c.rtt = true, 1, rtt
	c.low, c.high = low, high
	c.at, c.base = received, received.Add(low+(high-low)/2)
	c.measured++
}

// now returns the venue's time, ours as long as nothing is known of it.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if !c.set {
		return now.UTC()
	}
	return c.base.Add(time.Duration(float64(now.Sub(c.at)) * c.speed)).UTC()
}

// rate is how many of the venue's seconds pass in one of ours.
func (c *clock) rate() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.set {
		return 1
	}
	return c.speed
}

// pass is how much of the venue's time passes in some of ours.
func (c *clock) pass(d time.Duration) time.Duration {
	return time.Duration(float64(d) * c.rate())
}

// aheadMost is how far a moment of a price may be ahead of the venue's own clock: one
// from far in the future would make all that follow old.
const aheadMost = 5 * time.Minute

// ahead tells whether there can be no price of that moment yet.
func (c *clock) ahead(e Epoch) bool {
	return e > EpochOf(c.now().Add(max(aheadMost, c.pass(leastSilence))))
}

// ClockState says what is known of the venue's clock.
type ClockState struct {
	// Known is false before the first answer.
	Known bool
	// Offset is how far the venue's clock is ahead of ours, and Uncertainty how
	// wrong that may be, either side.
	Offset, Uncertainty time.Duration
	// RTT is the shortest way there and back that was measured.
	RTT time.Duration
	// Speed is how many of the venue's seconds pass in one of ours: 1 but for a
	// simulator.
	Speed float64
	// Simulated is true of a simulator's clock, which may be any time's.
	Simulated bool
}

func (c *clock) state() ClockState {
	offset := time.Until(c.now())
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.set {
		return ClockState{Speed: 1}
	}
	return ClockState{Known: true, Offset: offset, Uncertainty: (c.high - c.low) / 2, RTT: c.rtt, Speed: c.speed, Simulated: c.exact}
}
