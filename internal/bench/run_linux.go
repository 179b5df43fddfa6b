package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
)

// Run does to a server what the workload says and returns what happened. A server
// that fails under it is a Measurement with a Problem; an error says that nothing
// could be measured.
func Run(ctx context.Context, t *Target, w *Workload, opts *Options) (*Measurement, error) {
	if err := w.Check(); err != nil {
		return nil, err
	}
	runtime.LockOSThread() // one thread reads: a goroutine that wanders would cost its core more
	defer runtime.UnlockOSThread()
	g, err := newGenerator(t, w, opts.withDefaults())
	if err != nil {
		return nil, err
	}
	defer g.close()
	defer context.AfterFunc(ctx, func() { g.stopped.Store(true) })()
	m := &Measurement{Workload: w.Name}
	if err := g.measure(ctx, m); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("%s: %w", w.Name, err)
	}
	return m, nil
}

// errStuck is what a server gets that owes deliveries and sends nothing.
var errStuck = errors.New("deliveries stopped before all had come")

func (g *generator) measure(ctx context.Context, m *Measurement) (err error) {
	if m.Memory.Fresh, _, err = resident(g.target.PID); err != nil {
		return err
	}
	g.opts.Phase("connecting")
	if err := g.open(); err != nil {
		return err
	}
	if err := g.settle(); err != nil {
		return err
	}
	if g.load.Warmup > 0 {
		g.opts.Phase("warming up")
		g.begin()
		if err := errors.Join(g.drive(g.load.Warmup), g.drain()); err != nil && !errors.Is(err, errStuck) {
			return err
		}
	}
	return g.span(ctx, m)
}

// readings are taken before and after the span.
type readings struct {
	counters *Counters
	server   time.Duration
	own      time.Duration
	machine  time.Duration
	at       time.Time
}

// processors reads what everybody's processor time is.
func (g *generator) processors() (r readings, err error) {
	var err2, err3 error
	r.server, err = cpuTime(g.target.PID)
	r.own, err2 = cpuTime(os.Getpid())
	r.machine, err3 = machineTime()
	r.at = time.Now()
	return r, errors.Join(err, err2, err3)
}

// counters asks the server what it counts, nil if it does not, and meanwhile goes
// on reading: a server must not have to wait for that.
func (g *generator) counters(ctx context.Context) (counters *Counters, err error) {
	if g.target.Counters == nil {
		return nil, nil //nolint:nilnil // there are none, and nothing is wrong
	}
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		var c Counters
		c, err = g.target.Counters(ctx)
		counters = &c
	}()
	for {
		select {
		case <-asked:
			return counters, err
		default:
		}
		if turnErr := g.turn(time.Millisecond); turnErr != nil {
			<-asked
			return nil, turnErr
		}
	}
}

// span measures.
func (g *generator) span(ctx context.Context, m *Measurement) error {
	counted, err := g.counters(ctx)
	if err != nil {
		return err
	}
	before, err := g.processors()
	if err != nil {
		return err
	}
	before.counters = counted
	if m.Memory.Begin, _, err = resident(g.target.PID); err != nil {
		return err
	}
	g.opts.Phase("measuring")
	g.begin()
	g.counting = true
	start := time.Now()
	err = g.drive(g.load.Span)
	g.opts.Phase("waiting for the rest")
	err = errors.Join(err, g.drain())
	if err != nil && !errors.Is(err, errStuck) {
		return err
	}
	after, err := g.processors()
	if err != nil {
		return fmt.Errorf("the server is gone: %w", err)
	}
	if g.load.Idle || g.load.FlatOut || g.latest.Before(start) {
		g.latest = time.Now()
	}
	m.Seconds = g.latest.Sub(start).Seconds()
	if m.Memory.End, m.Memory.Peak, err = resident(g.target.PID); err != nil {
		return err
	}
	m.Memory.Peak = max(m.Memory.Peak, m.Memory.Begin)
	if after.counters, err = g.counters(ctx); err != nil {
		return err
	}
	g.fill(m, &before, &after)
	return nil
}

// fill says what came of the span.
func (g *generator) fill(m *Measurement, before, after *readings) {
	m.Published = g.published()
	m.Delivered = g.delivered()
	m.CPUSeconds = (after.server - before.server).Seconds()
	wall := after.at.Sub(before.at)
	m.GeneratorCPU = (after.own - before.own).Seconds() / wall.Seconds()
	others := after.machine - before.machine - (after.own - before.own) - (after.server - before.server)
	m.ForeignCPU = max(0, others.Seconds()/wall.Seconds())
	m.OutOfOrder, m.Closed, m.ClosedWhy = g.disorder, g.closed, g.why
	for _, c := range g.subs {
		if c.last != nil {
			m.Sampled++
		}
	}
	m.Delay, m.Lateness = g.delays.summary(), g.lateness.summary()
	work := m.Delivered
	if before.counters != nil {
		m.Conflated = new(after.counters.Conflated - before.counters.Conflated)
	}
	switch {
	case g.load.FlatOut:
		if before.counters != nil {
			work = after.counters.Accepted - before.counters.Accepted
		}
		m.Accepted = &work
	case g.load.Idle:
		m.Memory.PerSubscriber = new(float64(m.Memory.End-m.Memory.Fresh) / float64(g.load.Subscribers))
	default:
		m.Lost = new(g.missing())
		if m.Conflated != nil {
			*m.Lost = max(0, *m.Lost-*m.Conflated)
		}
	}
	if m.CPUSeconds >= leastCPU && !g.load.Idle {
		m.PerCPUSecond = new(float64(work) / m.CPUSeconds)
	}
	if g.load.Stalled > 0 {
		m.Stall = &Stall{Subscribers: g.load.Stalled, Seconds: g.stallSpan().Seconds(), CaughtUp: g.caughtUp()}
	}
	g.judge(m)
}

// leastCPU is the processor time, in seconds, from which on a rate of it is given:
// it comes in steps of a hundredth.
const leastCPU = 0.2

// judge says what makes a measurement worthless.
func (g *generator) judge(m *Measurement) {
	switch {
	case g.window != nil && g.window.strays > 0:
		m.Problem = fmt.Sprintf("got %d deliveries more than were owed", g.window.strays)
	case m.OutOfOrder > 0:
		m.Problem = fmt.Sprintf("got %d messages out of order", m.OutOfOrder)
	case g.stuck:
		m.Problem = errStuck.Error()
	}
}

func (g *generator) published() int64 { return g.sent - g.sentBefore }

func (g *generator) delivered() int64 { return g.arrived - g.arrivedBefore }

// missing is how many deliveries have not come.
func (g *generator) missing() int64 {
	return g.published()*int64(len(g.subs)) - g.delivered()
}

// caughtUp is how many of those that stalled hold the newest of every space.
func (g *generator) caughtUp() (n int) {
	for _, c := range g.subs {
		if c.held && !c.gone && g.current(c) {
			n++
		}
	}
	return n
}

func (g *generator) current(c *conn) bool {
	for i, p := range g.pubs {
		if c.last[i] != p.sent {
			return false
		}
	}
	return true
}
