package deriv

import (
	"context"
	"errors"
	"time"
)

// callOn makes one call on one connection. The error is that of the venue or a
// *CallError.
func (s *socket) callOn(ctx context.Context, c *conn, r Request, route func(*Answer)) (*Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opts.CallTimeout)
	defer cancel()
	p := priorityOf(ctx, r.Call())
	if !c.alive() {
		return nil, &CallError{Call: r.Call(), Err: ErrDropped} // for which no budget is spent
	}
	if err := s.limit.wait(ctx, rowOf(r.Call()), p); err != nil {
		return nil, &CallError{Call: r.Call(), Err: err}
	}
	a, err := c.do(ctx, r, p == trading, route)
	if err != nil {
		return nil, err
	}
	if a.Error == nil {
		return a, nil
	}
	a.Error.Call = r.Call()
	return nil, s.react(c, r, a.Error)
}

// react does what an error asks of the whole socket.
func (s *socket) react(c *conn, r Request, e *Error) error {
	switch e.Class() {
	case ClassRate:
		s.limit.shrink(rowOf(r.Call()))
	case ClassAuth:
		if s.halts {
			c.end(e)
		}
	}
	return e
}

// attempts is how often a read is tried within its deadline.
const attempts = 5

// read makes a call that changes nothing, and makes it again within its deadline
// if the connection drops or the venue fails.
func (s *socket) read(ctx context.Context, r Request, body any) error {
	ctx, cancel := context.WithTimeout(ctx, s.opts.CallTimeout)
	defer cancel()
	var err error
	for attempt := range attempts {
		if attempt > 0 && !sleep(ctx, 100*time.Millisecond<<attempt) {
			return err
		}
		var a *Answer
		if a, err = s.readOnce(ctx, r); err == nil {
			return a.Into(body)
		}
		if !again(err) {
			return err
		}
	}
	return err
}

func (s *socket) readOnce(ctx context.Context, r Request) (*Answer, error) {
	c, err := s.current(ctx)
	if err != nil {
		return nil, &CallError{Call: r.Call(), Err: err}
	}
	return s.callOn(ctx, c, r, nil)
}

// again tells whether a read may be tried once more.
func again(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return e.Class() == ClassServer || e.Class() == ClassRate
	}
	return errors.Is(err, ErrDropped)
}

// ask is read for one type of body.
func ask[T any](ctx context.Context, s *socket, r Request) (T, error) {
	var body T
	err := s.read(ctx, r, &body)
	return body, err
}
