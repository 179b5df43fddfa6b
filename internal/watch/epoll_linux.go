//go:build linux && !quasar_portable

package watch

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// epoll is one of the kernel's lists of sockets. That there is something on it is
// learned from Go's own, so that no thread waits here.
type epoll struct {
	fd     int
	file   *os.File // fd's
	raw    syscall.RawConn
	events []syscall.EpollEvent // that were waited for
}

// batch is of how many sockets wait tells at a time.
const batch = 128

func newEpoll() (*epoll, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // or Go would not wait for it
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	e := &epoll{fd: fd, file: os.NewFile(uintptr(fd), "epoll")} // #nosec G115 -- the kernel's numbers are small and not negative
	if err := e.file.SetReadDeadline(time.Time{}); err != nil { // Go cannot wait for it all the same
		e.close()
		return nil, err
	}
	if e.raw, err = e.file.SyscallConn(); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// add puts a socket on the list. Closing takes it off.
func (e *epoll) add(fd int) error {
	event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)} // #nosec G115 -- as above
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(e.fd, syscall.EPOLL_CTL_ADD, fd, &event))
}

func (e *epoll) remove(fd int) {
	_ = syscall.EpollCtl(e.fd, syscall.EPOLL_CTL_DEL, fd, nil) // it is there
}

// wait waits until something came from some of the sockets, or until close, which
// is its only error. It returns those of whom the kernel says so.
func (e *epoll) wait() ([]syscall.EpollEvent, error) {
	if e.events == nil {
		e.events = make([]syscall.EpollEvent, batch)
	}
	n := 0
	err := e.raw.Read(func(fd uintptr) bool {
		var failed error
		for {
			if n, failed = syscall.EpollWait(int(fd), e.events, 0); !errors.Is(failed, syscall.EINTR) { // #nosec G115 -- as above
				return n > 0
			}
		}
	})
	return e.events[:max(0, n)], err
}

func (e *epoll) close() { _ = e.file.Close() }
