package deriv

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// Error is what the venue answers in place of what was asked for. Its text holds
// no credential.
type Error struct {
	// Code is the venue's: "InvalidToken", "RateLimit"; of a REST answer without
	// one, "HTTP" and the status.
	Code string `json:"code"`
	// Message is the venue's, in English.
	Message string `json:"message"`
	// Details name the field at fault, where there is one.
	Details Object `json:"details,omitzero"`
	// CodeArgs are the numbers in the message.
	CodeArgs jsontext.Value `json:"code_args,omitzero"`

	// Call is the request that failed, Status that of a REST answer. Neither
	// is on the wire.
	Call   string `json:"-"`
	Status int    `json:"-"`
}

func (e *Error) Error() string {
	text := "deriv: "
	if e.Call != "" {
		text += e.Call + ": "
	}
	text += fmt.Sprintf("%.64s: %.300s", e.Code, e.Message)
	return text + e.Class().hint()
}

// Class says what kind of error it is; that of an unknown code is ClassServer, the
// one that promises nothing.
func (e *Error) Class() Class {
	if c, ok := classes[e.Code]; ok {
		return c
	}
	return classOfStatus(e.Status)
}

func classOfStatus(status int) Class {
	switch {
	case status == 401 || status == 403:
		return ClassAuth
	case status == 429:
		return ClassRate
	case status >= 400 && status < 500:
		return ClassValidation
	}
	return ClassServer
}

// Class is a kind of error that asks for one reaction.
type Class int

// The classes and what a trader does about them.
const (
	// ClassServer: the venue failed. A read may be tried again; what became of a buy
	// or a sell is unknown.
	ClassServer Class = iota
	// ClassAuth: stop trading and tell the user; nothing but a human helps.
	ClassAuth
	// ClassRate: too many requests; wait. A buy was not made.
	ClassRate
	// ClassValidation: this selection cannot be traded until contracts_for is read again.
	ClassValidation
	// ClassMarket: pause the symbol.
	ClassMarket
	// ClassPrice: the price moved or the proposal is gone; decide anew on a new quote.
	ClassPrice
	// ClassLimit: money or a limit of the account; stop buying and tell the user.
	ClassLimit
	// ClassPosition: read the contract again, then decide.
	ClassPosition
	// ClassStream: the subscription is there already.
	ClassStream
)

var classNames = [...]string{"server", "auth", "rate", "validation", "market", "price", "limit", "position", "stream"}

func (c Class) String() string { return classNames[c] }

// Definite tells whether a buy or a sell that got this error was not made.
func (c Class) Definite() bool { return c != ClassServer }

// Reaction is what a class asks of a trader.
type Reaction string

// The reactions.
const (
	// Reconcile: the outcome is unknown; ask the venue's record, never again.
	Reconcile Reaction = "reconcile"
	// Halt: stop until a human has looked.
	Halt Reaction = "halt"
	// Wait: send less.
	Wait Reaction = "wait"
	// Disable: drop the intent, and leave the selection alone until contracts_for
	// is read again.
	Disable Reaction = "disable"
	// Pause: leave the symbol alone for a while.
	Pause Reaction = "pause"
	// Requote: drop the intent; a new quote is a new decision.
	Requote Reaction = "requote"
	// StopBuying: what is open is still looked after.
	StopBuying Reaction = "stop buying"
	// Reread: read the contract, then decide.
	Reread Reaction = "reread"
	// Adopt: take the subscription that is there, or end it.
	Adopt Reaction = "adopt"
)

var reactions = [...]Reaction{Reconcile, Halt, Wait, Disable, Pause, Requote, StopBuying, Reread, Adopt}

// Reaction is what to do about a buy or a sell that got an error of this class.
// A read that got ClassServer or ClassRate may be tried again.
func (c Class) Reaction() Reaction { return reactions[c] }

func (c Class) hint() string {
	switch c {
	case ClassAuth:
		return "; check DERIV_API_KEY, its trade scope and DERIV_APP_ID"
	case ClassLimit:
		return "; no more buys until the account allows them"
	}
	return ""
}

// IsClass tells whether err is an answer of the venue of that class.
func IsClass(err error, class Class) bool {
	var e *Error
	return errors.As(err, &e) && e.Class() == class
}

// Retryable tells whether a read that got err may be made again, after a while. Of
// a buy or a sell it says nothing: these are never made again.
func Retryable(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.Class() == ClassServer || e.Class() == ClassRate
	}
	for _, reason := range []error{ErrDropped, ErrDeadline, ErrDisconnected, ErrBudget} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}
