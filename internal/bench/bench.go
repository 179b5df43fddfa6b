// Package bench drives servers that hand messages on to many subscribers, and
// measures what that costs them: deliveries per second of processor time, delay,
// memory, and whether everything came, in order.
//
// It is a load generator, not a server and not a judge: it knows how to speak to
// a server (Target), what to do to it (Workload), and says what happened
// (Measurement). One thread reads all subscribers by epoll and counts messages by
// their headers alone, so that it needs less processor than what it measures; of
// every so many subscribers one has its messages read, for their delay and order.
// All times are taken in this process, by one monotonic clock. It works on Linux.
package bench

import (
	"context"
	"errors"
	"time"
)

// ErrPlatform is what every start of a measurement answers where there is no
// epoll and no /proc.
var ErrPlatform = errors.New("bench: got another system, want Linux: the load generator needs epoll and /proc")

// Protocol is how a server is spoken to.
type Protocol string

// The protocols.
const (
	// WebSocket is RFC 6455 with the endpoints of spec/protocol.md: publishers at
	// /ws/publish/{space}, subscribers at /ws/subscribe.
	WebSocket Protocol = "websocket"
	// NATS is the protocol of NATS inside WebSocket frames; a space is a subject.
	NATS Protocol = "nats"
	// Raw is a byte that says the role, S or P, and then messages with their
	// length before them in four bytes, big end first.
	Raw Protocol = "raw"
)

// Form is what publishers send.
type Form string

// The forms.
const (
	// Publish is the frame in which a publisher sends an update; the server makes
	// of it what subscribers get.
	Publish Form = "publish"
	// Ready is what subscribers of a hub would get for that update, byte for byte
	// as long, so that servers that only hand on deliver the same.
	Ready Form = "ready"
)

// Target is a running server.
type Target struct {
	Addr     string // HOST:PORT, on this machine
	Protocol Protocol
	Form     Form
	// TLS is whether it speaks TLS. Its certificate is not looked at: it is ours,
	// and what is measured is the cost.
	TLS bool
	// PID is the server's process, whose processor time and memory are read.
	PID int
	// Counters asks the server what it counts itself; nil if it does not.
	Counters func(context.Context) (Counters, error)
}

// Counters are what a server counts itself.
type Counters struct {
	Accepted  int64 // messages taken from publishers
	Conflated int64 // deliveries left out because a newer one of the space followed
}

// Options says how measurements are made. The zero value, and nil, will do.
type Options struct {
	// Sampled is how many subscribers have their messages read, at most; 0 for 20.
	Sampled int
	// Patience is for how long nothing may arrive, while something is owed,
	// before the rest is given up; 0 for 2 s.
	Patience time.Duration
	// Phase is told what is going on; nil for nobody.
	Phase func(string)
}

func (o *Options) withDefaults() *Options {
	var out Options
	if o != nil {
		out = *o
	}
	if out.Sampled == 0 {
		out.Sampled = 20
	}
	if out.Patience == 0 {
		out.Patience = 2 * time.Second
	}
	if out.Phase == nil {
		out.Phase = func(string) {}
	}
	return &out
}
