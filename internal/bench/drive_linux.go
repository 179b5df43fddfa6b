package bench

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

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
