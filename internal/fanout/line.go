package fanout

import (
	"crypto/tls"
	"net"
	"syscall"
	"time"

	"github.com/karlquant/quasar/internal/nowait"
)

// writer is what a shard writes with.
type writer = nowait.Writer

// line is a member's connection and what it can be written to with.
type line struct {
	conn net.Conn
	// raw is for writing to conn without waiting; nil where there is no such way,
	raw syscall.RawConn
	// or TLS is between: then under, below it, keeps what does not go at once. It
	// is nil for TLS that does not write to a nowait.Conn, too.
	under *nowait.Conn
}

func newLine(conn net.Conn) line {
	l := line{conn: conn, raw: nowait.Raw(conn), under: nowait.Under(conn)}
	if l.under != nil {
		l.under.Hold()
	}
	return l
}

// quick tells whether the line can be written to without waiting.
func (l *line) quick() bool { return l.raw != nil || l.under != nil && l.under.Quick() }

// holds tells whether something is kept that has to go out first.
func (l *line) holds() bool { return l.under != nil && l.under.Held() > 0 }

// record is the most that goes into one record of TLS, in bytes.
const record = 16 << 10

// try writes to a quick line what goes at once. It is full if nothing more does:
// then some of the n bytes may be held. Of TLS it writes one record at the most.
func (l *line) try(w *writer, p []byte) (n int, full bool, err error) {
	if l.under == nil {
		n, err = w.Write(l.raw, p)
		return n, n < len(p), err
	}
	n, err = l.conn.Write(p[:min(record, len(p))])
	return n, l.holds(), err
}

// wait writes p, which may be empty, behind what is held, and waits until it is
// gone or the timeout is over. It tells how much of p went or is held, and whether
// the peer took anything.
func (l *line) wait(p []byte, timeout time.Duration) (n int, took bool, err error) {
	deadline := time.Now().Add(timeout)
	if l.under == nil {
		if err := l.conn.SetWriteDeadline(deadline); err != nil {
			return 0, false, err
		}
		n, err = l.conn.Write(p)
		return n, n > 0, err
	}
	if len(p) > 0 {
		if n, err = l.conn.Write(p); err != nil || !l.holds() {
			return n, n > 0, err
		}
	}
	flushed, err := l.under.Flush(deadline)
	return n, flushed > 0, err
}

// rested takes the deadline of wait off again.
func (l *line) rested() { _ = l.conn.SetWriteDeadline(time.Time{}) }

// grow sets the size of the kernel's send buffer, where there is one.
func (l *line) grow(bytes int) {
	conn := l.conn
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if c, ok := conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = c.SetWriteBuffer(bytes) // a wish
	}
}

// leave hands the line back. TLS has a last word for whoever ends it: where that
// would be held it may be waited for now, as behind any other connection.
func (l *line) leave() {
	if l.under != nil && !l.under.Quick() {
		l.under.Release()
	}
}

// cut closes the connection at once. TLS would say goodbye first and wait until
// that is gone, unless it cannot wait.
func (l *line) cut() {
	if t, ok := l.conn.(*tls.Conn); ok && l.under == nil {
		_ = t.NetConn().Close()
	}
	_ = l.conn.Close()
}
