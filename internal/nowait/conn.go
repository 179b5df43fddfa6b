package nowait

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn is a connection for crypto/tls to write to. At first it is like the one
// below it. After Hold no Write waits any more, whoever calls it: TLS writes not
// only what it is given but answers of its own, from whichever goroutine reads,
// and whoever writes would have to wait behind those.
type Conn struct {
	net.Conn
	raw     syscall.RawConn // nil where the kernel cannot be asked: then everything is held
	holding atomic.Bool
	held    atomic.Int64 // the length of rest

	mu     sync.Mutex // guards what follows, and the order of what is written
	writer Writer
	rest   []byte // goes out before anything else
	broken error  // bytes are missing: nothing may follow
}

// Under returns what a TLS connection writes to, if that is a Conn, and nil for
// every other connection.
func Under(conn net.Conn) *Conn {
	t, ok := conn.(*tls.Conn)
	if !ok {
		return nil
	}
	c, _ := t.NetConn().(*Conn)
	return c
}

// MaxHeld is how much is held at most, in bytes. Whoever calls Flush before it
// writes more than half of it at once never comes near; a peer that provokes
// answers and reads none of them does.
const MaxHeld = 256 << 10

// Hold makes every Write from now on return at once. It keeps what the kernel
// does not take, to be sent by Flush. Nothing may be writing when it is called.
func (c *Conn) Hold() { c.holding.Store(true) }

// Release makes every Write wait again, unless something is held.
func (c *Conn) Release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.rest) == 0 && c.broken == nil {
		c.holding.Store(false)
	}
}

// Quick tells whether a Write may go out by itself. If not, everything is held.
func (c *Conn) Quick() bool { return c.raw != nil }

// Held is how many bytes wait for Flush.
func (c *Conn) Held() int { return int(c.held.Load()) }

// Write writes p. After Hold it does not wait, and its only errors are that the
// connection is gone or that MaxHeld would be passed.
func (c *Conn) Write(p []byte) (int, error) {
	if !c.holding.Load() {
		return c.Conn.Write(p)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	if c.broken == nil && c.raw != nil && len(c.rest) == 0 {
		n, c.broken = c.writer.Write(c.raw, p)
		if errors.Is(c.broken, os.ErrDeadlineExceeded) { // that of a Flush that is about to end
			c.broken = nil
		}
	}
	if wait := len(c.rest) + len(p) - n; c.broken == nil && wait > MaxHeld {
		c.broken = fmt.Errorf("%d bytes wait for a peer that does not read, want at most %d", wait, MaxHeld)
	}
	if c.broken != nil {
		return n, c.broken
	}
	c.setRest(append(c.rest, p[n:]...))
	return len(p), nil
}

func (c *Conn) setRest(rest []byte) {
	if len(rest) == 0 {
		rest = nil // most are idle, and there are many
	}
	c.rest = rest
	c.held.Store(int64(len(rest)))
}

// Flush waits until nothing is held any more, or until the deadline. It returns
// how many bytes went meanwhile. It is called by one goroutine at a time; others
// may Write.
func (c *Conn) Flush(deadline time.Time) (n int, err error) {
	if err := c.Conn.SetWriteDeadline(deadline); err != nil {
		return 0, err
	}
	defer func() { _ = c.Conn.SetWriteDeadline(time.Time{}) }() // or else it would hit writes that do not wait
	for {
		c.mu.Lock()
		rest, broken := c.rest, c.broken
		c.mu.Unlock()
		if len(rest) == 0 || broken != nil {
			return n, broken
		}
		took, err := c.Conn.Write(rest) // without the lock: others only append
		n += took
		c.mu.Lock()
		c.setRest(c.rest[took:])
		c.mu.Unlock()
		if err != nil {
			return n, err
		}
	}
}

// SetWriteDeadline sets the deadline of writes that wait; after Hold there are
// none, and it does nothing.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if c.holding.Load() {
		return nil
	}
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *Conn) SetDeadline(t time.Time) error {
	if c.holding.Load() {
		return c.SetReadDeadline(t)
	}
	return c.Conn.SetDeadline(t)
}

// SetWriteBuffer sets the size of the kernel's send buffer, in bytes.
func (c *Conn) SetWriteBuffer(bytes int) error {
	tcp, ok := c.Conn.(interface{ SetWriteBuffer(bytes int) error })
	if !ok {
		return errors.ErrUnsupported
	}
	return tcp.SetWriteBuffer(bytes)
}
