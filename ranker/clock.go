package ranker

import "time"

// hubClock tells the hub's time from the stamps of its frames. A frame that was
// long on its way bears a time long gone; taken at its word it would make old
// snapshots look new. So the stamp counts that is ahead of all others, until the
// hub's own clock goes back or another connection begins.
type hubClock struct {
	connection  int64     // which connection the stamps came by
	newest      time.Time // the newest stamp of it
	stamp, came time.Time // the stamp that counts, and when it came by the local clock
}

const (
	// driftShare is the share of a second by which two clocks may drift apart in
	// one, 200 ppm: more than clocks do. A stamp that is behind by no more than the
	// drift counts, or a slow hub would seem to fall back for ever.
	driftShare = 5000
	// maxDisorder is how far stamps may stand out of order without the hub's clock
	// having gone back.
	maxDisorder = time.Second
)

// observe takes note of a stamp that came by a connection at a local time. The
// same stamp twice is one frame, or two of which the second had none.
func (c *hubClock) observe(connection int64, stamp, came time.Time) {
	if stamp.IsZero() || stamp.Equal(c.newest) {
		return
	}
	anew := connection != c.connection || c.newest.Sub(stamp) > maxDisorder
	drift := came.Sub(c.came) / driftShare
	if anew || !stamp.Before(c.stamp.Add(came.Sub(c.came)-drift)) {
		c.stamp, c.came = stamp, came
	}
	if anew || stamp.After(c.newest) {
		c.newest = stamp
	}
	c.connection = connection
}

// at is the hub's time at a local time: the same before the first stamp.
func (c *hubClock) at(local time.Time) time.Time {
	if c.came.IsZero() {
		return local
	}
	return c.stamp.Add(local.Sub(c.came) + asleep(c.came, local))
}

// asleep is how long this machine slept since a local time: the clock that Sub
// goes by stood still meanwhile, the one on the wall did not. One that was put
// forward looks the same; ages are too high then, which trades nothing, until the
// next stamp that counts.
func asleep(since, local time.Time) time.Duration {
	return max(0, local.Round(0).Sub(since.Round(0))-local.Sub(since))
}
