package deriv

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"
)

const (
	// dialTimeout bounds REST calls and handshake of one attempt together.
	dialTimeout = 20 * time.Second

	// provenAfter is how long a connection must have lived to count as a
	// success: one that is accepted and dropped is no better than none.
	provenAfter = 10 * time.Second
)

// ErrSilent ends a connection on which nothing comes any more.
var ErrSilent = errors.New("no sign of life from the venue")

// socket keeps one connection alive for as long as it runs.
type socket struct {
	name     string
	opts     *resolved
	dial     func(context.Context) (*websocket.Conn, error)
	halts    bool // an error of class auth ends it for good
	limit    *limiter
	clock    *clock
	counters counters
	registry *registry
	lates    chan lateAnswer

	mu         sync.Mutex // guards what follows
	state      State
	since      time.Time
	err        error
	conn       *conn // nil if not ready
	generation uint64
	reached    uint64 // the newest generation that was ready
	running    bool
	over       error         // set when Run has ended
	changed    chan struct{} // closed and replaced when conn or over change
}

type lateAnswer struct {
	request Request
	answer  *Answer
}

func newSocket(name string, opts *resolved, dial func(context.Context) (*websocket.Conn, error)) *socket {
	s := &socket{name: name, opts: opts, dial: dial, clock: &clock{}, changed: make(chan struct{}), lates: make(chan lateAnswer, lateCalls)}
	s.limit = newLimiter(&opts.Budgets, s.clock.rate)
	s.registry = newRegistry(s, opts.Streams)
	return s
}

// run connects again and again until ctx ends, which is no error, or the venue
// refuses for good.
func (s *socket) run(ctx context.Context) error {
	if err := s.begin(); err != nil {
		return err
	}
	ceiling := s.opts.ReconnectFirst
	for {
		lived, err := s.session(ctx)
		if ended(ctx) {
			s.finish(Disconnected, ErrClosed)
			return nil
		}
		if s.halts && terminal(err) {
			s.opts.Logger.Error("venue refused for good", "socket", s.name, "error", err)
			s.finish(Halted, err)
			return err
		}
		if lived >= provenAfter {
			ceiling = s.opts.ReconnectFirst
		}
		wait := s.opts.chance.upTo(ceiling)
		s.opts.Logger.Warn("connection ended", "socket", s.name, "error", err, "lived", lived, "next_in", wait)
		sleep(ctx, wait)
		ceiling = min(2*ceiling, s.opts.ReconnectMost)
	}
}

func ended(ctx context.Context) bool { return ctx.Err() != nil }

func terminal(err error) bool { return IsClass(err, ClassAuth) || errors.Is(err, ErrWrongAccount) }

var errRunTwice = errors.New("deriv: Run was called twice")

func (s *socket) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return errRunTwice
	}
	s.running = true
	return nil
}

func (s *socket) finish(state State, err error) {
	s.mu.Lock()
	s.set(state, err)
	s.over = err
	s.announce()
	s.mu.Unlock()
	s.registry.close(err)
}

// set wants the lock.
func (s *socket) set(state State, err error) {
	if state != s.state {
		s.state, s.since = state, time.Now()
	}
	if err != nil {
		s.err = err
	}
}

// announce wants the lock.
func (s *socket) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// session is one connection from its dial to its end. All that it started has
// ended when it returns.
func (s *socket) session(ctx context.Context) (lived time.Duration, err error) {
	c, err := s.open(ctx)
	if err != nil {
		s.mu.Lock()
		s.set(Disconnected, err)
		s.announce()
		s.mu.Unlock()
		return 0, err
	}
	begun := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	var tasks sync.WaitGroup
	for _, task := range []func(context.Context, *conn){s.keepAlive, s.keepTime, s.watch, s.reportLate} {
		tasks.Go(func() { task(ctx, c) })
	}
	err = c.serve(ctx)
	s.counters.drops.Add(1)
	s.mu.Lock()
	s.conn = nil
	s.set(Disconnected, err)
	s.announce()
	s.mu.Unlock()
	cancel()
	tasks.Wait()
	return time.Since(begun), err
}

func (s *socket) open(ctx context.Context) (*conn, error) {
	s.mu.Lock()
	s.set(Connecting, nil)
	s.mu.Unlock()
	s.counters.dials.Add(1)
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	ws, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.generation++
	c := newConn(ws, s.generation, &s.counters)
	s.mu.Unlock()
	c.frames = s.opts.OnFrame
	c.onLate = s.late
	return c, nil
}

// keepTime asks for the venue's clock, makes the socket ready, and asks again
// from time to time. What is subscribed begins when the clock is known.
func (s *socket) keepTime(ctx context.Context, c *conn) {
	s.clock.newRound()
	for range 3 {
		s.askTime(ctx, c)
	}
	if !c.alive() {
		return
	}
	s.mu.Lock()
	s.conn, s.reached = c, c.generation
	s.set(Ready, nil)
	s.announce()
	s.mu.Unlock()
	s.opts.Logger.Info("connected", "socket", s.name, "generation", c.generation)
	var subscribing sync.WaitGroup
	subscribing.Go(func() { s.registry.serve(ctx, c) })
	for sleep(ctx, s.opts.ClockEvery) {
		s.askTime(ctx, c)
	}
	subscribing.Wait()
}

func (s *socket) askTime(ctx context.Context, c *conn) {
	sent := time.Now()
	a, err := s.callOn(ctx, c, TimeRequest{}, nil)
	received := time.Now()
	var body TimeAnswer
	switch {
	case err != nil:
	case a.Into(&body) != nil || !body.plausible():
		s.counters.malformed.Add(1)
	default:
		s.clock.sample(sent, received, body)
	}
}

// keepAlive gives the connection up when a ping is not answered.
func (s *socket) keepAlive(ctx context.Context, c *conn) {
	for sleep(ctx, s.opts.PingEvery) {
		pong, cancel := context.WithTimeout(ctx, s.opts.PongWithin)
		_, err := c.do(pong, PingRequest{}, true, nil)
		cancel()
		if err != nil && ctx.Err() == nil {
			c.end(fmt.Errorf("%w: %w: no pong within %v", ErrDropped, ErrSilent, s.opts.PongWithin))
			return
		}
	}
}

// watched are topics that notice by themselves that nothing comes any more.
type watched interface {
	// look is called about once a second. It says whether the connection is of
	// no more use, and must not block.
	look() (silent bool)
}

func (s *socket) watch(ctx context.Context, c *conn) {
	for sleep(ctx, time.Second) {
		for _, t := range s.registry.topics(c.generation) {
			if w, ok := t.(watched); ok && w.look() {
				c.end(fmt.Errorf("%w: %w: %s", ErrDropped, ErrSilent, t.key()))
				return
			}
		}
	}
}

// late takes an answer for which nobody waits any more. It runs in the reader.
func (s *socket) late(k *call, a *Answer) {
	if a.Subscription != nil && a.Error == nil {
		s.registry.orphan(a.Subscription.ID)
	}
	if k.urgent && s.opts.OnLate != nil && k.request.Call() != "ping" {
		select {
		case s.lates <- lateAnswer{k.request, a}:
		default: // as many as could ever be late: nobody takes them
		}
	}
}

func (s *socket) reportLate(ctx context.Context, _ *conn) {
	for {
		select {
		case l := <-s.lates:
			s.opts.OnLate(l.request, l.answer)
		case <-ctx.Done():
			return
		}
	}
}

// current returns the connection, waiting for one until ctx ends.
func (s *socket) current(ctx context.Context) (*conn, error) {
	for {
		s.mu.Lock()
		c, over, changed := s.conn, s.over, s.changed
		s.mu.Unlock()
		switch {
		case over != nil:
			return nil, over
		case c != nil && c.alive():
			return c, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrDisconnected, cause(ctx))
		}
	}
}

// attempt waits for a connection like current, but no longer than one attempt
// takes, and says why that failed.
func (s *socket) attempt(ctx context.Context) error {
	for {
		s.mu.Lock()
		c, over, err, changed := s.conn, s.over, s.err, s.changed
		failed := s.state == Disconnected && err != nil
		s.mu.Unlock()
		switch {
		case over != nil:
			return over
		case c != nil && c.alive():
			return nil
		case failed:
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrDisconnected, cause(ctx))
		}
	}
}

// health looks at everything once.
func (s *socket) health() Health {
	s.mu.Lock()
	h := Health{Socket: s.name, State: s.state, Since: s.since, Generation: s.generation, Err: s.err}
	s.mu.Unlock()
	h.Clock, h.Counters = s.clock.state(), s.counters.read()
	all := s.registry.condition(h.Generation, s.clock.now())
	h.Streams, h.Alive, h.Lag = all.wanted, all.alive, all.lag
	switch {
	case h.State != Ready:
	case all.behind:
		h.State = Reconciling
	case all.late || h.Alive < h.Streams:
		h.State = Degraded
	}
	return h
}
