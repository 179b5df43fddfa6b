package deriv

import (
	"context"
	"errors"
	"time"
)

// subscribe begins a stream on a connection.
func (r *registry) subscribe(ctx context.Context, c *conn, s *subscription) {
	defer r.wake()
	err := r.begin(ctx, c, s)
	if err == nil {
		return
	}
	if IsClass(err, ClassStream) {
		r.forgetKind(ctx, c, s.topic.kind())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.busy, s.begins, s.stale, s.over = false, false, false, false
	if !c.alive() || ctx.Err() != nil {
		return // it says nothing about the subscription: the next connection tries again
	}
	r.refused(s, err)
	s.notify()
}

func (r *registry) begin(ctx context.Context, c *conn, s *subscription) error {
	if err := r.repair.Acquire(ctx, 1); err != nil {
		return &CallError{Call: s.topic.request().Call(), Err: ErrDropped} // the session is over
	}
	defer r.repair.Release(1)
	a, err := r.socket.callOn(ctx, c, s.topic.request(), func(a *Answer) { s.topic.receive(c.generation, a) })
	if err == nil {
		r.alive(c, s, a)
	}
	return err
}

// alive notes that the venue sends a subscription.
func (r *registry) alive(c *conn, s *subscription, a *Answer) {
	id := ""
	if a.Subscription != nil {
		id = a.Subscription.ID
	}
	r.mu.Lock()
	again := s.begun
	r.mu.Unlock()
	s.topic.started(c.generation, again)
	r.mu.Lock()
	defer r.mu.Unlock()
	s.busy, s.begins, s.begun, s.attempts = false, false, true, 0
	s.generation, s.on, s.request, s.id = c.generation, c, a.ReqID, id
	s.notify()
	s.over = s.over || s.done
	s.settle()
	if again {
		r.socket.counters.resubscribed.Add(1)
	}
}

// refused ends a subscription that will never be, and else says when to try
// again. It wants the lock.
func (r *registry) refused(s *subscription, err error) {
	if final(err, s.begun) {
		s.err = err
		s.topic.finish(err)
		delete(r.subs, s.topic.key())
		return
	}
	s.attempts++
	s.retryAt = time.Now().Add(min(time.Second<<min(s.attempts-1, 5), 30*time.Second))
	if IsClass(err, ClassStream) && s.attempts == 1 {
		s.retryAt = time.Time{}
	}
}

// final tells whether trying again is of no use. A closed market is a reason for
// a new subscription, and none for one that was alive.
func final(err error, begun bool) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Class() {
	case ClassServer, ClassRate, ClassStream:
		return false
	case ClassMarket:
		return !begun
	}
	return true
}

func (r *registry) forget(ctx context.Context, c *conn, id string) {
	_, _ = r.socket.callOn(ctx, c, ForgetRequest{ID: id}, nil) // what is left of it is counted as unknown
}

// end forgets a subscription without readers; one may have come meanwhile.
func (r *registry) end(ctx context.Context, c *conn, s *subscription) {
	r.mu.Lock()
	id := s.id
	s.forgotten()
	r.mu.Unlock()
	r.forget(ctx, c, id)
	r.mu.Lock()
	s.busy = false
	if s.refs == 0 {
		delete(r.subs, s.topic.key())
	}
	r.mu.Unlock()
	r.wake()
}

// forgetKind ends all streams of a kind, ours as well as those that we know
// nothing of. Ours are begun again.
func (r *registry) forgetKind(ctx context.Context, c *conn, kind string) {
	if r.repair.Acquire(ctx, repairWhole) != nil {
		return // the session is over, and with it all streams
	}
	defer r.repair.Release(repairWhole)
	if _, err := r.socket.callOn(ctx, c, ForgetAllRequest{Streams: Names{kind}}, nil); err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.subs {
		if s.topic.kind() == kind && s.generation == c.generation {
			s.forgotten()
		}
	}
}
