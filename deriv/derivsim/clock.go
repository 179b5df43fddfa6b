package derivsim

import (
	"fmt"
	"time"
)

// clock is the simulator's time. It stands until it is started, and then runs
// speed times as fast as ours. The time in it is nanoseconds since 1970.
type clock struct {
	start   int64
	speed   float64
	base    time.Time // of ours, when it started
	running bool
}

const second = int64(time.Second)

// beginOfTime is the earliest Start, latestStart the latest, and endOfTime when a
// fast world ends: with 64 bits of nanoseconds there is none after 2262.
var (
	beginOfTime = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	latestStart = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	endOfTime   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
)

func newClock(start time.Time, speed float64) clock {
	return clock{start: start.Unix() * second, speed: speed}
}

func (c *clock) run() { c.base, c.running = time.Now(), true }

func (c *clock) now() int64 {
	if !c.running {
		return c.start
	}
	passed := float64(time.Since(c.base)) * c.speed
	return c.start + int64(min(passed, float64(endOfTime-c.start)))
}

// until is how long we have to wait for a moment to come.
func (c *clock) until(at int64) time.Duration {
	return time.Duration(float64(at-c.now()) / c.speed)
}

// ours turns a duration of our time into the simulator's.
func (c *clock) ours(d time.Duration) int64 { return int64(float64(d) * c.speed) }

const maxSpeed = 100_000

func checkSpeed(speed float64) error {
	if !(speed >= 0.001 && speed <= maxSpeed) {
		return fmt.Errorf("derivsim: speed: got %v, want 0.001 to %d", speed, maxSpeed)
	}
	return nil
}
