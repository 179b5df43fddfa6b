package rank

import (
	"math"
	"time"
)

// epoch is what times are counted from: any time would do.
var epoch = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

// seconds is the time on the wall; beyond 292 years from the epoch it stands still.
func seconds(t time.Time) float64 { return t.Sub(epoch).Seconds() }

// maxBack is how far the time may go back without the clock having been set: what
// stamps of two hubs of one cluster, or two estimates of one clock, may differ by.
const maxBack = 2.0 // seconds

// clock turns a time that may go back into one that does not, and that goes on
// from where it was when the clock is set back.
type clock struct {
	last  float64 // its own time
	ahead float64 // by how much it is ahead of the given one
}

// unset is a clock before its first time.
var unset = clock{last: -math.MaxFloat64}

// advance takes the time now and returns the clock's own.
func (c *clock) advance(now float64) float64 {
	t := now + c.ahead
	if t < c.last-maxBack {
		c.ahead = c.last - now
	}
	c.last = max(c.last, t)
	return c.last
}

// at is the clock's own time at now, and changes nothing.
func (c *clock) at(now float64) float64 { return max(c.last, now+c.ahead) }

// decay is the share that is left after dt of what fades with the time constant
// tau, both in seconds. A dt below 0 is none: what came before the first time, for
// one, whose stamp was old.
func decay(dt, tau float64) float64 { return math.Exp(-max(0, dt) / tau) }

// spread is the share that is left at the end of dt of what came evenly in its
// course: 1 for none. So a gap counts as what it was and not as one sudden move.
func spread(dt, tau float64) float64 {
	if dt <= 0 {
		return 1
	}
	return -math.Expm1(-dt/tau) * tau / dt
}

// rate is how often something happens, as a mean that fades.
type rate struct {
	sum float64
	at  float64
}

// add counts one at t, which is not before the last.
func (r *rate) add(t, tau float64) {
	r.sum = r.sum*decay(t-r.at, tau) + 1
	r.at = t
}

// per is how many a second at t.
func (r *rate) per(t, tau float64) float64 { return r.sum * decay(t-r.at, tau) / tau }

// nan stands for what is not known.
var nan = math.NaN()

func known(x float64) bool { return !math.IsNaN(x) }

// same tells whether x and y are one value, or both not known.
func same(x, y float64) bool { return x == y || x != x && y != y }

// age is the feature of a time: ln(1 + seconds).
func age(t, since float64) float64 { return math.Log1p(max(0, t-since)) }
