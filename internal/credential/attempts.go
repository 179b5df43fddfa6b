package credential

import (
	"context"
	"math/bits"
	"net/netip"
	"sync"
	"time"
)

const (
	// freeAttempts is how many failures of an address cost it nothing: people
	// mistype, and a page asks for several things at once.
	freeAttempts = 10
	// firstDelay doubles with each further failure, up to longestDelay: the answer
	// is to come within a second.
	firstDelay   = 50 * time.Millisecond
	longestDelay = 800 * time.Millisecond
	// forgetEvery is how long it takes until one failure is forgotten.
	forgetEvery = 5 * time.Second
	// maxAddresses bounds the memory for addresses, maxWaiting that for those who
	// wait; beyond them nobody waits, for a token cannot be guessed anyway.
	maxAddresses = 10_000
	maxWaiting   = 1_000
)

// Attempts counts failed attempts to come in, by address, and makes them wait. The
// zero value is ready. Its method may be called from any goroutine.
type Attempts struct {
	mu      sync.Mutex // guards what follows
	from    map[netip.Prefix]*failures
	waiting int
}

// failures of one address: count of them at a time, of which one is forgotten now
// and then.
type failures struct {
	count int
	at    time.Time
}

// Slow counts a failed attempt and waits, the longer the more of them there were from
// the address, until ctx is done. tell is called now and then, before it waits, with
// how many there were: rarely enough for a log.
func (a *Attempts) Slow(ctx context.Context, addr netip.Addr, tell func(attempts int, delay time.Duration)) {
	count, delay := a.failed(addr, time.Now())
	if delay == 0 || !a.mayWait() {
		return
	}
	if worthLogging(count) {
		tell(count, delay)
	}
	defer a.waited()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
	}
}

// failed counts one more failure of an address. It returns how many count against
// it, and how long it has to wait. Our own machine never waits: a proxy there is
// everybody.
func (a *Attempts) failed(addr netip.Addr, now time.Time) (count int, delay time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.of(network(addr), now)
	f.forget(now)
	f.count++
	if f.count <= freeAttempts || !addr.IsValid() || addr.IsLoopback() {
		return f.count, 0
	}
	return f.count, min(longestDelay, firstDelay<<min(f.count-freeAttempts-1, 10))
}

// network is what counts as one address: of IPv6 everybody has 2^64.
func network(addr netip.Addr) netip.Prefix {
	length := addr.BitLen()
	if addr.Is6() {
		length = 64
	}
	p, err := addr.Prefix(length)
	if err != nil {
		return netip.Prefix{} // a pipe has no address
	}
	return p
}

// of returns the failures of a network. Guarded by a.mu.
func (a *Attempts) of(p netip.Prefix, now time.Time) *failures {
	if f := a.from[p]; f != nil {
		return f
	}
	if a.from == nil {
		a.from = make(map[netip.Prefix]*failures)
	}
	if len(a.from) >= maxAddresses {
		a.makeRoom(now)
	}
	f := &failures{at: now}
	a.from[p] = f
	return f
}

// makeRoom forgets one address of a handful, in no order: the one with the fewest
// failures.
func (a *Attempts) makeRoom(now time.Time) {
	var least netip.Prefix
	seen, fewest := 0, 0
	for p, f := range a.from {
		if f.forget(now); seen == 0 || f.count < fewest {
			least, fewest = p, f.count
		}
		if seen++; seen == 16 {
			break
		}
	}
	delete(a.from, least)
}

func (f *failures) forget(now time.Time) {
	if over := int(now.Sub(f.at) / forgetEvery); over > 0 {
		f.count = max(0, f.count-over)
		f.at = now
	}
}

// mayWait tells whether one more may wait; waited is to be called behind it.
func (a *Attempts) mayWait() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting >= maxWaiting {
		return false
	}
	a.waiting++
	return true
}

func (a *Attempts) waited() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting--
}

// worthLogging lets the powers of two through: one address cannot fill the log.
func worthLogging(count int) bool { return bits.OnesCount(uint(count)) == 1 }
