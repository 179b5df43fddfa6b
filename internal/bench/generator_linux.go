package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// readBuffer is how much is read at a time: what stays in a core's second cache.
const readBuffer = 256 << 10

// generator holds all connections of one run. One goroutine, on one thread, uses
// it.
type generator struct {
	target  *Target
	load    *Workload
	opts    *Options
	poll    int // the epoll descriptor
	timer   int // the timer descriptor
	began   time.Time
	stopped atomic.Bool // the context has ended
	events  []unix.EpollEvent
	buf     []byte
	conns   []*conn // what events point into
	subs    []*conn
	pubs    []*publisher
	window  *window // nil where there is none
	sent    int64   // by all publishers, since the connections were opened
	arrived int64   // at all subscribers, since then
	latest  time.Time
	// sentBefore and arrivedBefore are what it was when begin was called.
	sentBefore, arrivedBefore int64
	stuck                     bool
	counting, resumed         bool // the span is on; those who stalled read again
	flooding                  bool // publishers send whenever there is room
	next                      int  // whose turn it is among publishers
	delays                    delays
	lateness                  delays
	disorder                  int64
	closed                    int
	why                       string
}

// conn is one connection.
type conn struct {
	socket *socket
	tls    *tls.Conn // nil without
	in     scanner
	tally  tally
	out    []byte // what has to be written yet
	index  int    // in conns
	pub    *publisher
	base   int64 // messages that had come when the window began
	last   []int64
	// held is whether it is one of those that do not read for a while.
	held   bool
	awaits bool // to be told when there is room to write
	gone   bool
}

// publisher is a connection that sends, with its space.
type publisher struct {
	conn  *conn
	space string
	text  *template
	sent  int64
}

const timerIndex = -1

// floodBatch is how many messages a publisher that sends flat out writes at once:
// about as many as fit into what a server reads at once.
const floodBatch = 12

func newGenerator(t *Target, w *Workload, o *Options) (*generator, error) {
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		_ = unix.Close(poll)
		return nil, err
	}
	g := &generator{
		target: t, load: w, opts: o, poll: poll, timer: timer, began: time.Now(),
		events: make([]unix.EpollEvent, 1024), buf: make([]byte, readBuffer),
	}
	return g, unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, timer, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: timerIndex})
}

func (g *generator) close() {
	for _, c := range g.conns {
		if !c.gone {
			_ = c.socket.Close()
		}
	}
	_ = unix.Close(g.timer)
	_ = unix.Close(g.poll)
}

// sample has a subscriber's messages read.
func (g *generator) sample(c *conn) {
	c.last = make([]int64, max(1, g.load.Publishers))
	c.tally.read = func(message []byte) {
		n, ok := readNote(message)
		if !ok || n.space >= len(c.last) {
			return
		}
		if n.count <= c.last[n.space] {
			g.disorder++
			return
		}
		c.last[n.space] = n.count
		if g.counting && !c.held && !g.resumed {
			g.delays = append(g.delays, time.Since(g.began)-n.sent)
		}
	}
}

// turn waits for at most wait, and takes what is there.
func (g *generator) turn(wait time.Duration) error {
	if g.stopped.Load() {
		return context.Canceled
	}
	n, err := unix.EpollWait(g.poll, g.events, int(wait/time.Millisecond))
	if err == unix.EINTR {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range g.events[:n] {
		if e.Fd == timerIndex {
			_, _ = unix.Read(g.timer, g.buf[:8])
			continue
		}
		if c := g.conns[e.Fd]; !c.gone {
			if err := g.serve(c, e.Events); err != nil {
				return err
			}
		}
	}
	return nil
}

// serve does what an event of a connection asks for.
func (g *generator) serve(c *conn, events uint32) error {
	if events&unix.EPOLLOUT != 0 {
		if g.flooding && c.pub != nil && len(c.out) == 0 && g.mayFlood() {
			for range floodBatch {
				g.publish(c.pub)
			}
		}
		if err := g.flush(c); err != nil {
			return err
		}
	}
	if events&^unix.EPOLLOUT == 0 {
		return nil
	}
	before := c.tally.messages
	err := g.read(c)
	if more := c.tally.messages - before; more > 0 && c.pub == nil {
		g.arrived += more
		g.latest = time.Now()
		if g.window != nil {
			g.window.moved(before-c.base, more)
		}
	}
	if err != nil {
		return g.lost(c, err)
	}
	if len(c.tally.reply) > 0 {
		c.out = append(c.out, c.tally.reply...)
		c.tally.reply = c.tally.reply[:0]
		return g.flush(c)
	}
	return nil
}

func (g *generator) read(c *conn) error {
	if c.tls != nil {
		return g.readTLS(c)
	}
	n, err := c.socket.Read(g.buf)
	if errors.Is(err, wouldBlock{}) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.in.scan(g.buf[:n])
}

// readTLS reads until there is nothing left: what TLS has read ahead, no event
// would tell of.
func (g *generator) readTLS(c *conn) error {
	for {
		n, err := c.tls.Read(g.buf)
		if n > 0 {
			if err := c.in.scan(g.buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, wouldBlock{}) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// lost notes a connection that is gone. The run goes on without a subscriber; a
// publisher it cannot do without.
func (g *generator) lost(c *conn, err error) error {
	c.gone = true
	_ = c.socket.Close()
	if why := c.tally.closed; why != "" {
		err = errors.New(why)
	}
	if c.pub != nil {
		return fmt.Errorf("publisher of %s: the server closed the connection: %w", c.pub.space, err)
	}
	if g.closed++; g.why == "" {
		g.why = err.Error()
	}
	return nil
}

// publish puts the next message of a publisher behind what it has to write.
func (g *generator) publish(p *publisher) {
	p.sent++
	g.sent++
	p.text.fill(time.Since(g.began), p.sent)
	p.conn.out = appendMessage(p.conn.out, g.target.Protocol, p.space, p.text.text)
}

// mayFlood bounds what is on its way to a server that delivers everything, for
// each publisher: or what waits in the kernel's and the server's memory would be
// minutes of work. One that conflates, and says so, bounds itself.
func (g *generator) mayFlood() bool {
	return g.target.Counters != nil || g.missing() < int64(64*len(g.pubs)*len(g.subs))
}

// flush writes what there is room for, and asks to be told when there is room for
// the rest.
func (g *generator) flush(c *conn) error {
	if c.gone || len(c.out) == 0 {
		return nil
	}
	if c.tls != nil {
		_, err := c.tls.Write(c.out)
		c.out = c.out[:0]
		return err
	}
	n, err := c.socket.tryWrite(c.out)
	if err != nil {
		return g.lost(c, err)
	}
	c.out = c.out[:copy(c.out, c.out[n:])]
	return g.await(c, len(c.out) > 0 || g.flooding && c.pub != nil)
}

// await asks to be told when there is room to write, or not any more.
func (g *generator) await(c *conn, room bool) error {
	if room == c.awaits {
		return nil
	}
	c.awaits = room
	events := uint32(unix.EPOLLIN)
	if room {
		events |= unix.EPOLLOUT
	}
	return g.watch(c, unix.EPOLL_CTL_MOD, events)
}
