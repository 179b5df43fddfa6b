// Package gate stands before listeners: it lets in as many connections as there
// is room for, as fast as they can be served, and turns the others away early with
// a reason. It knows connections and addresses; what they say is not its business.
package gate

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Options says how much a gate lets in. The zero value, and nil, is good for a
// server that stands open to a network.
type Options struct {
	// MaxConnections is how many connections may be open at once; 0 for 20,000.
	MaxConnections int
	// MaxPerAddress is how many of them may come from one address; 0 for 1,000. All
	// who come through a proxy come from its address, and the 2^64 addresses that
	// an IPv6 customer has are one.
	MaxPerAddress int
	// AcceptRate is how many connections a second are let in, after a burst of five
	// times as many; 0 for 1,000. A quarter of it is for any one address.
	AcceptRate int
	// FreeFiles is how many of the files that the process may have open are left to
	// anything but connections; 0 for a fifth of them.
	FreeFiles int
	// Exempt tells of which addresses there may be any number of connections, at any
	// rate, as far as there is room for all; nil for loopback, where a proxy may
	// stand.
	Exempt func(netip.Addr) bool
	// Silent turns connections away without a word. Without it they are answered in
	// HTTP, which who speaks TLS would not understand.
	Silent bool
}

// withDefaults returns o with every zero replaced, or says what cannot be. files
// is how many the process may have open, 0 for no limit.
func (o *Options) withDefaults(files int) (*Options, error) {
	var out Options
	if o != nil {
		out = *o
	}
	for _, f := range []struct {
		name   string
		field  *int
		preset int
	}{
		{"MaxConnections", &out.MaxConnections, 20_000},
		{"MaxPerAddress", &out.MaxPerAddress, 1_000},
		{"AcceptRate", &out.AcceptRate, 1_000},
		{"FreeFiles", &out.FreeFiles, files / 5},
	} {
		if *f.field < 0 {
			return nil, fmt.Errorf("%s: got %d, want a positive number", f.name, *f.field)
		}
		if *f.field == 0 {
			*f.field = f.preset
		}
	}
	if files > 0 && out.FreeFiles >= files {
		return nil, fmt.Errorf("FreeFiles: got %d, want fewer than the %d files that this process may have open", out.FreeFiles, files)
	}
	if out.Exempt == nil {
		out.Exempt = netip.Addr.IsLoopback
	}
	return &out, nil
}

const (
	// burstSeconds is how long connections may come at a rate that is above the one
	// allowed: a server that was restarted is found by all its peers at once.
	burstSeconds = 5
	// oneOf is the part of the rate that one address may take.
	oneOf = 4
)

// Gate counts what comes in. Several listeners of a process may share one.
type Gate struct {
	opts  *Options
	files int // what the number of a connection's file has to be below; 0 for any

	mu       sync.Mutex // guards what follows
	open     int
	visitors map[netip.Addr]*visitor
	swept    time.Time // when visitors was rid of those that do not count any more
	rate     *rate.Limiter
	refused  [numReasons]int64
}

// New returns a gate. It starts no goroutine.
func New(opts *Options) (*Gate, error) {
	files := openFiles()
	o, err := opts.withDefaults(files)
	if err != nil {
		return nil, err
	}
	g := &Gate{
		opts: o, visitors: make(map[netip.Addr]*visitor),
		rate: rate.NewLimiter(rate.Limit(o.AcceptRate), burstSeconds*o.AcceptRate),
	}
	if files > 0 {
		g.files = files - o.FreeFiles
	}
	return g, nil
}

// Open is how many connections that were let in have not been closed.
func (g *Gate) Open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

// Refused counts the connections that were turned away since the gate was made, by
// reason: address, address_rate, connections, open_files and accept_rate, all of
// which are always there.
func (g *Gate) Refused() map[string]int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	counts := make(map[string]int64, len(g.refused))
	for why, n := range g.refused {
		if why != 0 {
			counts[reason(why).String()] = n
		}
	}
	return counts
}
