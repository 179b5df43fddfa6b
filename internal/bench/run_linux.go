package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
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

// begin makes what has come so far the past.
func (g *generator) begin() {
	for _, c := range g.subs {
		c.base = c.tally.messages
	}
	g.sentBefore, g.arrivedBefore, g.disorder, g.stuck = g.sent, g.arrived, 0, false
	g.delays, g.lateness = g.delays[:0], g.lateness[:0]
	g.window = nil
	if g.load.InFlight > 0 {
		g.window = newWindow(len(g.subs), g.load.InFlight)
	}
}

// settle takes what comes until nothing comes any more.
func (g *generator) settle() error {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		before := g.arrived
		if err := g.turns(200 * time.Millisecond); err != nil || g.arrived == before {
			return err
		}
	}
	return errors.New("the server keeps sending though nobody published")
}

// turns takes what comes for a while.
func (g *generator) turns(d time.Duration) error {
	for end := time.Now().Add(d); time.Now().Before(end); {
		if err := g.turn(min(d, 20*time.Millisecond)); err != nil {
			return err
		}
	}
	return nil
}

// drive sends as the workload says.
func (g *generator) drive(d time.Duration) error {
	switch {
	case g.load.Idle:
		return g.turns(d)
	case g.load.InFlight > 0:
		return g.windowed(d)
	case g.load.FlatOut:
		return g.flood(d)
	}
	return g.paced(d)
}

// windowed sends whenever fewer messages are on their way than may be.
func (g *generator) windowed(d time.Duration) error {
	g.latest = time.Now()
	for end := time.Now().Add(d); time.Now().Before(end); {
		n := g.window.room()
		g.window.sent += int64(n)
		if err := g.send(n); err != nil {
			return err
		}
		if err := g.turn(20 * time.Millisecond); err != nil {
			return err
		}
		if time.Since(g.latest) > g.opts.Patience {
			g.stuck = true
			return errStuck
		}
	}
	return nil
}

// send sends n messages, from one publisher after the other.
func (g *generator) send(n int) error {
	first := g.next
	for range n {
		g.publish(g.pubs[g.next%len(g.pubs)])
		g.next++
	}
	for i := range min(n, len(g.pubs)) {
		if err := g.flush(g.pubs[(first+i)%len(g.pubs)].conn); err != nil {
			return err
		}
	}
	return nil
}

// paced sends by the clock, and notes how late it is.
func (g *generator) paced(d time.Duration) error {
	gap := time.Duration(float64(time.Second) / (g.load.Rate * float64(len(g.pubs))))
	// More often than messages are due: a tick a moment before one would send it with
	// the next, both at once.
	if err := g.tick(min(max(gap/4, 100*time.Microsecond), time.Millisecond)); err != nil {
		return err
	}
	defer func() { _ = g.tick(0) }()
	if err := g.hold(true); err != nil {
		return err
	}
	resume := g.stallSpan()
	for start, due := time.Now(), time.Duration(0); ; {
		now := time.Since(start)
		for due <= now && due < d {
			if err := g.send(1); err != nil {
				return err
			}
			g.lateness = append(g.lateness, now-due)
			due += gap
		}
		if now >= d {
			return nil
		}
		if resume > 0 && now > resume {
			resume, g.resumed = 0, true
			if err := g.hold(false); err != nil {
				return err
			}
		}
		if err := g.turn(20 * time.Millisecond); err != nil {
			return err
		}
	}
}

// tick has the timer wake the loop now and then, or never for 0.
func (g *generator) tick(every time.Duration) error {
	t := unix.NsecToTimespec(int64(every))
	return unix.TimerfdSettime(g.timer, 0, &unix.ItimerSpec{Interval: t, Value: t}, nil)
}

// stallSpan is for how long stalled subscribers read nothing.
func (g *generator) stallSpan() time.Duration {
	if g.load.Stalled == 0 || !g.counting {
		return 0
	}
	return g.load.Span * 3 / 4
}

// hold stops reading from those subscribers that are to stall, or goes on.
func (g *generator) hold(still bool) error {
	if g.load.Stalled == 0 || !g.counting {
		return nil
	}
	for _, c := range g.subs {
		if !c.held || c.gone {
			continue
		}
		operation := unix.EPOLL_CTL_ADD
		if still {
			operation = unix.EPOLL_CTL_DEL
		}
		if err := g.watch(c, operation, unix.EPOLLIN); err != nil {
			return err
		}
	}
	return nil
}

// flood has every publisher send whenever there is room.
func (g *generator) flood(d time.Duration) error {
	g.flooding = true
	for _, p := range g.pubs {
		if err := g.await(p.conn, true); err != nil {
			return err
		}
	}
	err := g.turns(d)
	g.flooding = false
	for _, p := range g.pubs {
		if err := g.await(p.conn, len(p.conn.out) > 0); err != nil {
			return err
		}
	}
	return err
}

// drain waits for what is still on its way.
func (g *generator) drain() error {
	if g.load.Idle {
		return nil
	}
	patience := g.opts.Patience
	if g.load.FlatOut && g.target.Counters != nil {
		patience = 300 * time.Millisecond // most of what is owed is conflated
	}
	quiet := time.Now()
	for g.missing() > 0 && time.Since(quiet) < patience {
		before := g.arrived
		if err := g.turn(20 * time.Millisecond); err != nil {
			return err
		}
		if g.arrived > before {
			quiet = time.Now()
		}
	}
	return nil
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
