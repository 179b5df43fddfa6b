package deriv

import (
	"context"
	"errors"
	"fmt"
)

// Reasons why a call got no answer.
var (
	// ErrDropped: the connection ended while the call was under way.
	ErrDropped = errors.New("connection dropped")
	// ErrDeadline: the venue did not answer in time.
	ErrDeadline = errors.New("no answer in time")
	// ErrDisconnected: there was no connection to send it on.
	ErrDisconnected = errors.New("not connected")
	// ErrBudget: the call's rate budget would not have allowed it in time.
	ErrBudget = errors.New("rate budget used up")
	// ErrStaleQuote: the quote belongs to an earlier connection or was used.
	ErrStaleQuote = errors.New("the quote is no longer good; ask for a new one")
	// ErrNotOffered: the venue does not offer the selection, by contracts_for or
	// because it refused it since that was read.
	ErrNotOffered = errors.New("not offered")
	// ErrTooManyStreams: no more subscriptions fit on the connection.
	ErrTooManyStreams = errors.New("too many subscriptions")
	// ErrWrongAccount: the account or its socket is not of the kind that was asked
	// for. Nothing is traded on it.
	ErrWrongAccount = errors.New("wrong kind of account")
	// ErrClosed: the client's Run has ended.
	ErrClosed = errors.New("client closed")
)

// CallError says that a call got no answer, and whether it left.
type CallError struct {
	// Call is the name of the call.
	Call string
	// Sent is false if surely no byte of it left this process. A buy or a sell
	// that was sent may have been made.
	Sent bool
	// Err is one of this package's reasons, or that of a context.
	Err error
}

func (e *CallError) Error() string {
	if e.Sent {
		return fmt.Sprintf("deriv: %s: %v, after it was sent", e.Call, e.Err)
	}
	return fmt.Sprintf("deriv: %s: %v, it was not sent", e.Call, e.Err)
}

func (e *CallError) Unwrap() error { return e.Err }

// Outcome is what is known of a buy or a sell.
type Outcome int

// The outcomes.
const (
	// Unknown: it may have been made. Ask the venue's record; do not send it again.
	Unknown Outcome = iota
	// Made: the venue confirmed it.
	Made
	// NotMade: the venue refused it, or it never left.
	NotMade
)

func (o Outcome) String() string { return [...]string{"unknown", "made", "not made"}[o] }

// OutcomeOf tells what the error of a Buy or a Sell says about it. Whatever is
// not known for sure is Unknown.
func OutcomeOf(err error) Outcome {
	var refused *Error
	var silent *CallError
	switch {
	case err == nil:
		return Made
	case errors.As(err, &silent) && !silent.Sent:
		return NotMade
	case errors.As(err, &refused) && refused.Class().Definite():
		return NotMade
	}
	return Unknown
}

// cause says why a context ended, in the words of this package.
func cause(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return ErrDeadline
}
