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

// ErrDecided is the error of a second intent of one decision.
var ErrDecided = errors.New("there is an intent of this decision")
