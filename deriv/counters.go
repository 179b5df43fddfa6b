package deriv

import "sync/atomic"

// counters are what a socket counts over all its connections.
type counters struct {
	received, malformed, unknown, late atomic.Uint64
	dials, drops, resubscribed         atomic.Uint64
	duplicates, gaps, filled, missed   atomic.Uint64
}

// Counters are totals since the client was made.
type Counters struct {
	// Received are messages; Malformed of them were no answer at all, Unknown
	// were for nobody, Late for somebody who had gone.
	Received, Malformed, Unknown, Late uint64
	// Dials are attempts to connect, Drops connections that ended, Resubscribed
	// streams that began again after one.
	Dials, Drops, Resubscribed uint64
	// Duplicates are ticks and transactions that came again or out of order and
	// were dropped; Gaps holes in streams of ticks, Filled the ticks that
	// ticks_history had for them, Missed those that are gone for a subscriber.
	Duplicates, Gaps, Filled, Missed uint64
}

func (c *counters) read() Counters {
	return Counters{
		Received: c.received.Load(), Malformed: c.malformed.Load(), Unknown: c.unknown.Load(), Late: c.late.Load(),
		Dials: c.dials.Load(), Drops: c.drops.Load(), Resubscribed: c.resubscribed.Load(),
		Duplicates: c.duplicates.Load(), Gaps: c.gaps.Load(), Filled: c.filled.Load(), Missed: c.missed.Load(),
	}
}
