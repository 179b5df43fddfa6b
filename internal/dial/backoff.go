package dial

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// firstDelay and longestDelay bound the wait between two attempts. A hub
	// that comes back is found again within the longest.
	firstDelay   = 500 * time.Millisecond
	longestDelay = 30 * time.Second

	// provenAfter is how long a connection must have lived to count as a
	// success. A hub that accepts and drops at once is no better than one that
	// is down.
	provenAfter = 10 * time.Second
)

// Backoff says how long to wait before the next attempt: any time between 0 and
// a ceiling that doubles from half a second to half a minute, so that the
// thousand clients of a hub that restarts do not all come back at once.
type Backoff struct {
	ceiling backoff.ExponentialBackOff
	random  *rand.Rand
}

// NewBackoff returns a backoff that draws from random, or from a source of its
// own with a random seed if that is nil.
func NewBackoff(random *rand.Rand) *Backoff {
	if random == nil {
		random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	return &Backoff{random: random, ceiling: backoff.ExponentialBackOff{
		InitialInterval: firstDelay, Multiplier: 2, MaxInterval: longestDelay,
	}}
}

// Next returns the delay after a connection that lived so long, 0 if there was
// none, and ended with err. A hub that refuses for good is asked again slowly,
// in 15 to 30 seconds.
func (b *Backoff) Next(lived time.Duration, err error) time.Duration {
	if refused := (*RefusedError)(nil); errors.As(err, &refused) && refused.Final() {
		return longestDelay/2 + b.upTo(longestDelay/2)
	}
	if lived >= provenAfter {
		b.ceiling.Reset()
	}
	return b.upTo(b.ceiling.NextBackOff())
}

func (b *Backoff) upTo(d time.Duration) time.Duration {
	return time.Duration(b.random.Int64N(int64(d) + 1))
}

// Sleep waits, and says whether it did to the end: not if ctx ended before.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
