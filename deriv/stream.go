package deriv

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
)

// Event is one value of a stream.
type Event[T any] struct {
	Value T
	// Missed is how many values before this one are gone: the reader was too
	// slow, or ticks_history did not have them. Of ticks that are gone for good
	// it is an estimate by their interval.
	Missed int
	// Filled is true for what was not sent live but read afterwards.
	Filled bool
	// Resync is true if others were skipped since the last, and this one says
	// how things are now.
	Resync bool
	// Generation counts the connections; a value of another generation than the
	// last came over a new one.
	Generation uint64
}

// Stream is one reader's view of a subscription. Several streams of the same
// thing share one subscription with the venue. A stream outlives connections:
// it goes on where it was. It must be closed.
type Stream[T any] struct {
	mu      sync.Mutex // guards what follows
	queue   []Event[T]
	bound   int
	beyond  int // how many in the queue do not count against the bound
	skipped bool
	end     error

	ready chan struct{} // has room for one: something changed
	// refill is there on streams that lose nothing: it has to bring what did not
	// fit, some time later. It must not block.
	refill  func(*Stream[T])
	once    sync.Once
	release func()
}

func newStream[T any](bound int, refill func(*Stream[T])) *Stream[T] {
	return &Stream[T]{bound: bound, refill: refill, ready: make(chan struct{}, 1)}
}

// Next waits for the next value. The error is io.EOF after the last one of a
// stream that ends by itself, as a contract's does, and ErrClosed after Close.
func (s *Stream[T]) Next(ctx context.Context) (Event[T], error) {
	for {
		e, ok, err := s.take()
		if ok || err != nil {
			return e, err
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			return Event[T]{}, context.Cause(ctx)
		}
	}
}

// All yields values until ctx ends, the loop is left, or the stream ends; an
// error is the last pair. An end by itself is no error.
func (s *Stream[T]) All(ctx context.Context) iter.Seq2[Event[T], error] {
	return func(yield func(Event[T], error) bool) {
		for {
			e, err := s.Next(ctx)
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Close gives the stream up. The subscription ends with its last stream.
func (s *Stream[T]) Close() {
	s.finish(ErrClosed)
	s.once.Do(func() {
		if s.release != nil {
			s.release()
		}
	})
}

func (s *Stream[T]) take() (e Event[T], ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return e, false, s.end
	}
	e = s.pop()
	if len(s.queue) == 0 {
		s.queue = nil
		s.drained()
	} else {
		s.wake()
	}
	return e, true, nil
}

// drained asks for what did not fit, now that there is room. It wants the lock.
func (s *Stream[T]) drained() {
	if s.skipped {
		s.refill(s)
	}
	if s.end != nil {
		s.wake()
	}
}

func (s *Stream[T]) wake() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// push adds a value and never waits. A full stream loses its oldest, and says how
// many; one that has a refill takes nothing more until that has brought what it
// left out. What is read afterwards goes beyond the bound, so that a gap that was
// filled pushes nothing out; a reader that never reads has no use of that, and
// loses the oldest after all.
func (s *Stream[T]) push(e Event[T], beyond bool) (lost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != nil {
		return 0
	}
	if beyond && s.beyond < beyondMost {
		s.beyond++
	}
	switch full := len(s.queue)-s.beyond >= s.bound; {
	case s.refill != nil && (full || s.skipped) && !beyond:
		s.skipped = true
		return 1
	case full && s.refill == nil:
		s.dropOldest(&e)
		lost = 1
	}
	s.queue = append(s.queue, e)
	s.wake()
	return lost
}

// beyondMost is how many values more than its bound a stream may hold.
const beyondMost = 10_000

// pop takes the oldest. What came beyond the bound is taken for the first to
// leave: the queue is then as long as it would be without.
func (s *Stream[T]) pop() Event[T] {
	e := s.queue[0]
	s.queue[0] = Event[T]{}
	s.queue = s.queue[1:]
	s.beyond = max(0, s.beyond-1)
	return e
}

// resume ends a refill.
func (s *Stream[T]) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skipped = false
}

// dropOldest tells the one behind, which may be e.
func (s *Stream[T]) dropOldest(e *Event[T]) {
	missed := s.pop().Missed + 1
	if len(s.queue) > 0 {
		e = &s.queue[0]
	}
	e.Missed += missed
	e.Resync = true
}

// finish ends the stream: what is in it can still be read, unless it was closed.
func (s *Stream[T]) finish(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == nil {
		s.end = err
	}
	if errors.Is(err, ErrClosed) {
		s.end, s.queue = err, nil
	}
	s.wake()
}
