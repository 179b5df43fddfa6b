package hub

import (
	"cmp"
	"time"
)

const (
	// subscriberFrames is how many frames a second a subscriber may send, though
	// nobody looks at them: more is a flood.
	subscriberFrames = 50
	// allowanceSeconds is how many seconds' worth may come at once: a peer that was
	// held up sends what it has.
	allowanceSeconds = 10
)

// allowance bounds how many frames a peer sends: it fills at perSecond, up to what
// is for allowanceSeconds. The zero value is full, and a subscriber's.
type allowance struct {
	perSecond int // 0 for subscriberFrames
	used      float64
	last      time.Time
}

func (a *allowance) rate() int { return cmp.Or(a.perSecond, subscriberFrames) }

// allow takes one off the allowance, if there is one.
func (a *allowance) allow(now time.Time) bool {
	perSecond := float64(a.rate())
	passed := max(0, now.Sub(a.last))
	a.used = max(0, a.used-perSecond*passed.Seconds())
	a.last = now
	if a.used > allowanceSeconds*perSecond-1 {
		return false
	}
	a.used++
	return true
}
