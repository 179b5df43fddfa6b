package bench

import (
	"fmt"
	"time"
)

// Workload is what is done to a server. Every message goes to every subscriber.
type Workload struct {
	Name  string // one word
	Title string // for people

	Subscribers int
	Publishers  int // each a connection and a space of its own

	// One of the next four says how publishers send.

	// InFlight sends the next message when fewer than this many are on their way
	// to some subscriber.
	InFlight int
	// Rate is how many messages a second each publisher sends, evenly spread.
	Rate float64
	// FlatOut is whether publishers send as fast as the server takes it.
	FlatOut bool
	// Idle is whether nobody sends: what counts is the memory.
	Idle bool

	// Stalled is how many subscribers read nothing for the first three quarters
	// of the span, and then go on.
	Stalled int
	TLS     bool

	// Warmup is how long the same is done before the span; what it costs is not
	// counted.
	Warmup time.Duration
	// Span is how long is measured.
	Span time.Duration
}

const (
	// maxSpan bounds a run: nothing here may go on for ever.
	maxSpan = 10 * time.Minute
	// maxRate bounds what all publishers send in a second: how late each message was
	// is kept, and from a thousand million on there is no time between two.
	maxRate = 1_000_000
	// maxInFlight bounds what is on its way: each has a place in memory.
	maxInFlight = 1_000_000
)

// Check says what of w cannot be.
func (w *Workload) Check() error {
	ways := 0
	for _, on := range []bool{w.InFlight > 0, w.Rate > 0, w.FlatOut, w.Idle} {
		if on {
			ways++
		}
	}
	switch {
	case ways != 1:
		return fmt.Errorf("workload %s: got %d ways to send, want one of InFlight, Rate, FlatOut and Idle", w.Name, ways)
	case w.Subscribers < 1:
		return fmt.Errorf("workload %s: got %d subscribers, want at least 1", w.Name, w.Subscribers)
	case !w.Idle && (w.Publishers < 1 || w.Publishers > maxSpaces):
		return fmt.Errorf("workload %s: got %d publishers, want 1 to %d", w.Name, w.Publishers, maxSpaces)
	case w.InFlight > maxInFlight:
		return fmt.Errorf("workload %s: got %d messages on their way, want at most %d", w.Name, w.InFlight, maxInFlight)
	case w.Rate*float64(w.Publishers) > maxRate:
		return fmt.Errorf("workload %s: got %d publishers at a rate of %v, want %d messages a second of all at most", w.Name, w.Publishers, w.Rate, maxRate)
	case w.Stalled < 0 || w.Stalled >= w.Subscribers:
		return fmt.Errorf("workload %s: got %d stalled of %d subscribers, want fewer", w.Name, w.Stalled, w.Subscribers)
	case w.Stalled > 0 && w.Rate == 0:
		return fmt.Errorf("workload %s: got stalled subscribers without a rate, want a rate: a window would wait for them", w.Name)
	case w.Span <= 0 || w.Span > maxSpan || w.Warmup < 0 || w.Warmup > maxSpan:
		return fmt.Errorf("workload %s: got a span of %v after %v, want up to %v each", w.Name, w.Span, w.Warmup, maxSpan)
	}
	return nil
}
