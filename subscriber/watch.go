package subscriber

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/dial"
)

// Errors that Watch yields, for errors.Is.
var (
	// ErrBusy is all that a second Watch yields while another is running.
	ErrBusy = errors.New("subscriber: got a second Watch at the same time, want one; make a client for each")
	// ErrSilent says that the hub has not even sent a ping for 75 seconds.
	ErrSilent = dial.ErrSilent
	// ErrLost says that the connection ended without a close frame.
	ErrLost = dial.ErrLost
)

// Errors that Watch yields, for errors.As.
type (
	// RefusedError says that the hub refused the connection: Status is that of its
	// HTTP answer, Reason what it says for itself. Final tells whether it will refuse
	// again until a person does something.
	RefusedError = dial.RefusedError
	// ClosedError says that the hub closed the connection: Code is that of the close
	// frame, Reason what stands in it.
	ClosedError = dial.ClosedError
)

// FrameError says that one frame of the hub could not be read. The connection
// goes on.
type FrameError struct{ Err error }

func (e *FrameError) Error() string { return "frame dropped: " + e.Err.Error() }

// Unwrap returns what is wrong with the frame.
func (e *FrameError) Unwrap() error { return e.Err }

const (
	// maxSilence is a little more than three of the pings that a hub sends every
	// 20 seconds.
	maxSilence = 75 * time.Second

	// patience is how long a hub has to answer the goodbye.
	patience = time.Second
)

// Watch connects to the hub and yields each snapshot of the initial state, in
// the order of their names, and then each update as it comes. It ends when ctx
// ends or the loop is left, and leaves nothing behind.
//
// A connection that is lost or refused, and a frame that cannot be read, yields
// the zero Snapshot and an error, and Watch goes on: it connects again for ever,
// waiting longer each time, up to 30 seconds, and starts anew with the initial
// state. Within one connection the Seq of a space only rises; across an error
// that is no *FrameError it may not be compared.
//
// A loop that takes longer than a minute over one snapshot loses the
// connection, because pings are answered by reading.
//
// While one Watch runs, another yields ErrBusy and ends.
func (c *Client) Watch(ctx context.Context) iter.Seq2[quasar.Snapshot, error] {
	return func(yield func(quasar.Snapshot, error) bool) {
		if !c.watching.CompareAndSwap(false, true) {
			yield(quasar.Snapshot{}, ErrBusy)
			return
		}
		defer c.watching.Store(false)
		c.watch(ctx, yield)
	}
}

func (c *Client) watch(ctx context.Context, yield func(quasar.Snapshot, error) bool) {
	backoff := dial.NewBackoff(c.opts.Rand)
	for ctx.Err() == nil {
		lived, err := c.connect(ctx, yield)
		if errors.Is(err, errLeft) || ctx.Err() != nil {
			return
		}
		c.note(func(s *Status) { s.LastError = err })
		if !yield(quasar.Snapshot{}, err) || !dial.Sleep(ctx, backoff.Next(lived, err)) {
			return
		}
	}
}

// errLeft says that the loop wants no more.
var errLeft = errors.New("left")

// connect makes one connection and yields what comes until it ends.
func (c *Client) connect(ctx context.Context, yield func(quasar.Snapshot, error) bool) (lived time.Duration, err error) {
	c.note(func(s *Status) { s.Attempts++ })
	conn, err := c.dialer.Dial(ctx)
	if err != nil {
		return 0, err
	}
	since := time.Now()
	defer conn.CloseAfter(ctx, patience)()
	defer c.note(func(s *Status) { s.Connected = false })
	c.note(func(s *Status) { s.Connected, s.ConnectedAt, s.Connects = true, since, s.Connects+1 })
	c.opts.Logger.LogAttrs(ctx, slog.LevelInfo, "connected to the hub", slog.String("hub", c.dialer.URL()))
	err = (&stream{Client: c, conn: conn, yield: yield}).read(ctx)
	if errors.Is(err, errLeft) {
		conn.Bye(patience)
	}
	return time.Since(since), err
}
