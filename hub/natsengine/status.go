package natsengine

import (
	"fmt"
	"time"
)

// echoWithin is how long ago our newest beat may have come back.
const echoWithin = 3500 * time.Millisecond

// problem says what keeps the hub from being one of many, the worst first. Guarded
// by e.mu.
func (e *Engine) problem(trouble string, now time.Time) string {
	alive, known := e.members.counts()
	switch {
	case e.started.IsZero():
		return "the cluster engine is not started"
	case e.stopped:
		return "the cluster engine has ended"
	case !e.twin.IsZero() && now.Sub(e.twin) < lostAfter:
		return fmt.Sprintf("another hub has the id %s: give each its own", e.hub)
	case trouble != "":
		return trouble
	case e.echo.IsZero() && e.joined, !e.echo.IsZero() && now.Sub(e.echo) > echoWithin:
		return "NATS does not carry our beats: other hubs are out of reach"
	case 2*alive < known:
		return fmt.Sprintf("in the minority: %d of the %d hubs of the last ten minutes are in sight", alive, known)
	case !e.joined:
		return "joining: waiting for the state of the other hubs"
	}
	return ""
}

// named are the counts as metrics have them.
func (c *Counts) named() map[string]int64 {
	return map[string]int64{
		"deltas": c.Deltas, "gaps": c.Gaps, "pulls": c.Pulls, "unknown": c.Unknown, "bad": c.Bad, "late": c.Late, "unkept": c.Unkept, "lost_hubs": c.Lost,
	}
}
