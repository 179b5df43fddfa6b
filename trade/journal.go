package trade

import (
	"context"
	"errors"
	"iter"
)

// Journal keeps entries. What Append has returned nil for outlives the process and
// the machine's power.
type Journal interface {
	// Append adds entries in order, all or none, and numbers them. ErrDecided refuses
	// a second intent of one decision, whatever the first came to.
	Append(ctx context.Context, entries ...*Entry) error
	// Entries yields all entries from the first to the newest.
	Entries(ctx context.Context) iter.Seq2[*Entry, error]
}

// Recaller is a Journal that has read itself when it was opened. A trader takes over
// what that came to, and does not read it a second time.
type Recaller interface {
	// Recall returns what all entries add up to. The ledger is the caller's, so it is
	// had once; nil is what is not known, and after an Append.
	Recall() *Ledger
}

// ErrDecided is the error of a second intent of one decision.
var ErrDecided = errors.New("there is an intent of this decision")
