package trade

import (
	"context"
	"errors"
	"fmt"
)

// ErrLooser refuses limits that allow more than those in force, or that are none.
var ErrLooser = errors.New("limits can only be made tighter while the trader runs")

// Tighten puts tighter limits in force, until the process ends: zeros stand for what is
// in force. They hold from now on even where that cannot be written down, and then the
// error says why. ErrLooser is the error of looser ones: those want a restart.
func (t *Trader) Tighten(ctx context.Context, next *Limits, by, note string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	tighter, err := t.limits.Tighten(next)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLooser, err)
	}
	if *tighter == *t.limits {
		return nil
	}
	t.limits = tighter
	t.happened(ctx, &Entry{Tightened: &Tightened{Limits: tighter, By: by, Note: note}})
	return t.journalErr
}
