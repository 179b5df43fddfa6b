package deriv

import (
	"context"
	"fmt"
)

// Connection is how a client's connection is at one moment.
type Connection struct {
	// Generation counts the connections that calls could be made on, 0 before the
	// first. What was quoted under another one cannot be bought any more, and what
	// was read may be out of date: reconcile.
	Generation uint64
	// Up is true while calls can be made.
	Up bool
	// Err is why the last connection or attempt ended, nil before the first end.
	Err error
}

// NextConnection waits until the connection is lost, there again, or another one
// than last was, and returns how it is then. Beginning with the zero Connection it
// tells the first one, and so on; of several that came and went between two calls
// it tells the newest, whose Generation says that there were others. The error is
// ErrClosed, the reason why Run ended, or that of ctx.
func (c *Client) NextConnection(ctx context.Context, last Connection) (Connection, error) {
	for {
		now, changed, over := c.socket.connection()
		switch {
		case over != nil:
			return now, over
		case now.Generation != last.Generation || now.Up != last.Up:
			return now, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return now, context.Cause(ctx)
		}
	}
}

func (s *socket) connection() (now Connection, changed chan struct{}, over error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Connection{Generation: s.reached, Up: s.conn != nil, Err: s.err}, s.changed, s.over
}

// usable returns the connection that there is now, or says why there is none. It
// does not wait: what is bought or sold is meant for this moment.
func (s *socket) usable(call string) (*conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.conn != nil && s.conn.alive():
		return s.conn, nil
	case s.over != nil:
		return nil, &CallError{Call: call, Err: fmt.Errorf("%w: %w", ErrDisconnected, s.over)}
	}
	return nil, &CallError{Call: call, Err: ErrDisconnected}
}
