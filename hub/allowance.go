package hub

import "time"

// What a subscriber may send, though nobody looks at it: more is a flood.
const (
	subscriberFrames = 50 // a second
	subscriberBurst  = 500
)

// allowance bounds how many frames a peer sends: it fills at subscriberFrames a
// second, up to subscriberBurst. The zero value is full.
type allowance struct {
	used float64
	last time.Time
}

// allow takes one off the allowance, if there is one.
func (a *allowance) allow(now time.Time) bool {
	passed := max(0, now.Sub(a.last))
	a.used = max(0, a.used-subscriberFrames*passed.Seconds())
	a.last = now
	if a.used > subscriberBurst-1 {
		return false
	}
	a.used++
	return true
}
