package rank

import "time"

// group is when one of the two groups of fields last came.
type group struct {
	stamp float64 // as the hub gave it, in seconds; not known before the first
	at    float64 // the same by our clock
}

var never = group{stamp: nan, at: nan}

// fresh tells whether what a snapshot says of the group is news, and takes note of
// when it came. A stamp that is known already is none, unless values changed under
// it; one that is older than the newest is a message that was late. A group
// without a stamp is news when its values changed.
//
// now is the given time, t the same by our clock: the age of a stamp is what the
// two clocks agree on. A stamp from the future came just now.
func (g *group) fresh(stamp time.Time, changed bool, now, t float64) bool {
	if stamp.IsZero() {
		if changed {
			g.at = t
		}
		return changed
	}
	s := seconds(stamp)
	if s == g.stamp {
		return changed
	}
	at := t - max(0, now-s)
	if at < g.at {
		return false
	}
	g.stamp, g.at = s, at
	return true
}

// since is when the group came, or the asset if the group never did.
func (g *group) since(first float64) float64 {
	if !known(g.at) {
		return first
	}
	return g.at
}
