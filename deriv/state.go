package deriv

import "time"

// State is how a socket is.
type State int

// The states of a socket.
const (
	// Disconnected: Run is not running, or waits before the next attempt.
	Disconnected State = iota
	// Connecting: an attempt is under way.
	Connecting
	// Reconciling: calls can be made, and the statement is being read for the
	// transactions of the time without a connection. Only an Account that has a
	// stream of them is ever in this state.
	Reconciling
	// Ready: calls can be made.
	Ready
	// Degraded: calls can be made, but a stream that is wanted is not there, or
	// ticks are later than Options.LagMost.
	Degraded
	// Halted: Run has ended for a reason that only a human can mend.
	Halted
)

func (s State) String() string {
	return [...]string{"disconnected", "connecting", "reconciling", "ready", "degraded", "halted"}[s]
}

// Connected tells whether calls can be made.
func (s State) Connected() bool { return s == Reconciling || s == Ready || s == Degraded }

// Health is what is known of a socket at one moment.
type Health struct {
	// Socket is "public", "demo" or "real".
	Socket string
	State  State
	// Since is when, by our clock, the state began.
	Since time.Time
	// Generation counts the connections, 0 before the first.
	Generation uint64
	// Err is why the last connection or attempt ended, nil before the first end.
	Err error
	// Clock is the venue's.
	Clock ClockState
	// Lag is how old the newest tick of the most delayed stream is, by the
	// venue's clock; 0 without ticks.
	Lag time.Duration
	// Streams is how many subscriptions are wanted, Alive how many the venue sends.
	Streams, Alive int
	Counters       Counters
}
