package bench

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// socket is a TCP connection without Go's own poller: one thread reads thousands
// of them. It begins as a blocking one. It is a net.Conn so that TLS can stand on
// it.
type socket struct {
	fd   int
	size bufferSize
}

// bufferSize says what the kernel may keep for a connection.
type bufferSize int

const (
	asUsual    bufferSize = iota
	receiveFew            // for a subscriber that is to stall: its peer shall notice soon
	sendFew               // for a publisher that sends flat out: what is on its way shall not be minutes of work
)

// dial connects to an address on this machine.
func dial(addr string, size bufferSize) (*socket, error) {
	to, err := net.ResolveTCPAddr("tcp4", addr)
	if err != nil {
		return nil, err
	}
	if !to.IP.IsLoopback() {
		return nil, fmt.Errorf("%s: not an address of this machine: nobody else's server is put under load", addr)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	s := &socket{fd: fd, size: size}
	if err := s.connect(to); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return s, nil
}

func (s *socket) connect(to *net.TCPAddr) error {
	limit := unix.Timeval{Sec: 20} // of the handshake, for servers that take thousands at a time
	var errs []error
	errs = append(errs,
		unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit),
		unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		// No TIME_WAIT: rounds follow each other faster than ports come back.
		unix.SetsockoptLinger(s.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
	switch s.size {
	case receiveFew:
		errs = append(errs, unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4<<10))
	case sendFew:
		errs = append(errs, unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 16<<10))
	case asUsual:
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return unix.Connect(s.fd, &unix.SockaddrInet4{Port: to.Port, Addr: [4]byte(to.IP.To4())})
}

// unblock makes reads and writes return at once.
func (s *socket) unblock() error { return unix.SetNonblock(s.fd, true) }

// wouldBlock says that there is nothing to read now. For TLS it is an error that
// passes.
type wouldBlock struct{}

func (wouldBlock) Error() string   { return "nothing to read" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

var _ net.Error = wouldBlock{}

// Read implements net.Conn.
func (s *socket) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(s.fd, b)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return 0, wouldBlock{}
		case err != nil:
			return 0, err
		case n == 0 && len(b) > 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// Write implements net.Conn: it waits where TLS needs it to, for a publisher's
// few messages.
func (s *socket) Write(b []byte) (int, error) {
	written := 0
	for written < len(b) {
		n, err := s.tryWrite(b[written:])
		if err != nil {
			return written, err
		}
		if written += n; n == 0 {
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLOUT}}, 5000); err != nil && err != unix.EINTR {
				return written, err
			}
		}
	}
	return written, nil
}

// tryWrite writes what there is room for, which may be nothing.
func (s *socket) tryWrite(b []byte) (int, error) {
	n, err := unix.Write(s.fd, b)
	if err == unix.EAGAIN || err == unix.EINTR {
		return 0, nil
	}
	return max(n, 0), err
}

// Close implements net.Conn.
func (s *socket) Close() error { return unix.Close(s.fd) }

// LocalAddr implements net.Conn.
func (s *socket) LocalAddr() net.Addr { return nil }

// RemoteAddr implements net.Conn.
func (s *socket) RemoteAddr() net.Addr { return nil }

// SetDeadline implements net.Conn. The kernel's receive timeout holds for the
// handshake, and afterwards nothing waits.
func (s *socket) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (s *socket) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (s *socket) SetWriteDeadline(time.Time) error { return nil }
