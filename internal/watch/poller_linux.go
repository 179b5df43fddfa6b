//go:build linux && !quasar_portable

package watch

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
)

// poller reads from those sockets of which epoll says that something came. It takes
// that for a hint: to read where nothing came does no harm. So it does not matter
// that the number of a closed socket is soon that of another.
type poller struct {
	mu      sync.Mutex // guards what follows, and what conns say is guarded
	epoll   *epoll     // nil while nothing is watched
	watched map[int32]*conn
}

// socket is a connection that shows its socket, and what else such a one can do.
// Those of the net package are, and what wraps one to count it. TLS is not.
type socket interface {
	net.Conn
	syscall.Conn
	SetWriteBuffer(bytes int) error
	CloseWrite() error
}

// conn is a socket that tells when it is closed: the kernel does not.
type conn struct {
	socket
	raw    syscall.RawConn
	poller *poller

	// Guarded by the poller's mu.
	fd     int32
	taking bool   // its Reader has the floor, and gets its End behind that
	to     Reader // nil while it is not watched
	ended  error  // nil before
}

// Wrap returns a connection to be used, and closed, in the place of this one.
func (p *poller) Wrap(c net.Conn) net.Conn {
	s, ok := c.(socket)
	if !ok {
		return c
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return c
	}
	return &conn{socket: s, raw: raw, poller: p}
}

// Close closes the connection.
func (c *conn) Close() error {
	err := c.socket.Close()
	c.poller.mu.Lock()
	defer c.poller.mu.Unlock()
	c.end(net.ErrClosed)
	return err
}

// watch has the connection read from, or tells that this is not the way.
func (w *Watcher) watch(nc net.Conn, to Reader) bool {
	c, ok := nc.(*conn)
	if !ok {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.start() {
		return false
	}
	var failed error
	err := c.raw.Control(func(fd uintptr) {
		c.fd, c.to = int32(fd), to // #nosec G115 -- the kernel's numbers are small
		w.watched[c.fd] = c
		failed = w.epoll.add(int(fd)) // #nosec G115
	})
	if errors.Join(err, failed) == nil {
		return true
	}
	c.to = nil
	w.forget(c)
	return false
}

// start starts the goroutine that reads, unless there is one. Guarded by w.mu.
func (w *Watcher) start() bool {
	if w.epoll != nil {
		return true
	}
	e, err := newEpoll()
	if err != nil {
		return false
	}
	w.epoll, w.watched = e, make(map[int32]*conn)
	w.running.Go(func() { w.run(e) })
	return true
}

// end ends the watching, if it has not ended. Guarded by the poller's mu.
func (c *conn) end(err error) {
	if c.ended != nil {
		return
	}
	c.ended = err
	if c.to == nil {
		return
	}
	c.poller.forget(c)
	if !c.taking {
		go c.to.End(err)
	}
}

// forget takes a connection off the list. If that was the last, the goroutine ends.
// Guarded by p.mu.
func (p *poller) forget(c *conn) {
	if p.watched[c.fd] == c { // else it was closed, and its number is another's
		delete(p.watched, c.fd)
	}
	if p.epoll == nil {
		return
	}
	_ = c.raw.Control(func(fd uintptr) { p.epoll.remove(int(fd)) }) // #nosec G115 -- as above; one that is closed is off already
	if len(p.watched) == 0 {
		p.epoll.close()
		p.epoll, p.watched = nil, nil
	}
}

// share is how much one connection is read from before it is the others' turn, in
// bytes.
const share = 4 << 10

// run reads until nothing is watched.
func (p *poller) run(e *epoll) {
	r := reader{buf: make([]byte, share)}
	r.call = r.once
	for {
		events, err := e.wait()
		if err != nil {
			return
		}
		for _, event := range events {
			if c := p.begin(e, event.Fd); c != nil {
				p.done(c, r.read(c))
			}
		}
	}
}

// begin gives the floor to a connection; nil if none of that number is watched.
func (p *poller) begin(e *epoll, fd int32) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.epoll != e { // there is another goroutine by now
		return nil
	}
	c := p.watched[fd]
	if c != nil {
		c.taking = true
	}
	return c
}

// done takes the floor from it. Whatever ended it meanwhile, its End comes now.
func (p *poller) done(c *conn, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		c.end(err)
	}
	c.taking = false
	if c.ended != nil {
		go c.to.End(c.ended)
	}
}

// reader reads from one connection after the other.
type reader struct {
	buf  []byte
	n    int
	err  error
	call func(fd uintptr) bool // made once: a new one each time would be garbage
}

// read hands on what came, up to a share.
func (r *reader) read(c *conn) error {
	r.n, r.err = 0, nil
	if err := c.raw.Read(r.call); err != nil {
		return err
	}
	if r.n > 0 {
		return c.to.Take(r.buf[:r.n])
	}
	return r.err
}

func (r *reader) once(fd uintptr) bool {
	for {
		n, err := syscall.Read(int(fd), r.buf) // #nosec G115 -- as above
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN): // a false alarm
		case err != nil:
			r.err = err
		case n == 0:
			r.err = io.EOF
		default:
			r.n = n
		}
		return true
	}
}
