//go:build linux && !quasar_portable

package fanout

import (
	"errors"
	"net"
	"syscall"
)

// rawWriter is a connection that can be written to without waiting.
type rawWriter = syscall.RawConn

// nonBlocking returns the way to write to conn without waiting, or nil.
func nonBlocking(conn net.Conn) rawWriter {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// writer writes to one connection after the other. It is one goroutine's.
type writer struct {
	p    []byte
	n    int
	err  error
	call func(fd uintptr) bool // made once: a new one each time would be garbage
}

// write writes as much of p as the kernel takes at once.
func (w *writer) write(raw rawWriter, p []byte) (int, error) {
	if w.call == nil {
		w.call = w.once
	}
	w.p, w.n, w.err = p, 0, nil
	if err := raw.Write(w.call); err != nil {
		return 0, err
	}
	w.p = nil
	return w.n, w.err
}

func (w *writer) once(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), w.p)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
		case err != nil:
			w.err = err
		default:
			w.n = n
		}
		return true
	}
}
