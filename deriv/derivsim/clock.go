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

func newClock(start time.Time, speed float64) clock {
	return clock{start: start.Unix() * second, speed: speed}
}

func (c *clock) run() { c.base, c.running = time.Now(), true }

func (c *clock) now() int64 {
	if !c.running {
		return c.start
	}
	return c.start + int64(float64(time.Since(c.base))*c.speed)
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
