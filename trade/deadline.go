package trade

import (
	"context"
	"time"
)

// leastWait is how long an answer may take whatever the broker's clock says: it is on
// this machine that it is waited for.
const leastWait = 500 * time.Millisecond

// deadline is how long an answer may take, by the broker's clock and by ours.
func (t *Trader) deadline() (theirs, ours time.Duration) {
	speed := t.broker.Health().Speed
	if !(speed > 0) {
		speed = 1
	}
	ours = max(leastWait, time.Duration(float64(t.opts.BuyDeadline)/speed))
	return time.Duration(float64(ours) * speed), ours
}

// wait bounds a call by so many deadlines.
func (t *Trader) wait(ctx context.Context, deadlines int) (context.Context, context.CancelFunc) {
	_, ours := t.deadline()
	return context.WithTimeout(ctx, time.Duration(deadlines)*ours)
}
