//go:build linux && !quasar_portable

package nowait

import (
	"errors"
	"syscall"
)

const supported = true

// Writer writes to one connection after the other. It is one goroutine's at a
// time; the zero value is ready.
type Writer struct {
	p    []byte
	n    int
	err  error
	call func(fd uintptr) bool // made once: a new one each time would be garbage
}

// Write writes as much of p as the kernel takes at once, which may be nothing.
func (w *Writer) Write(raw syscall.RawConn, p []byte) (int, error) {
	if w.call == nil {
		w.call = w.once
	}
	w.p, w.n, w.err = p, 0, nil
	err := raw.Write(w.call)
	w.p = nil
	if err != nil {
		return 0, err
	}
	return w.n, w.err
}

func (w *Writer) once(fd uintptr) bool {
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
