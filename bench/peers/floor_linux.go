package peers

import (
	"context"
	"errors"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// pace says when a floor writes.
type pace int

const (
	eachMessage pace = iota // every message at once, in a write of its own
	eachTurn                // all that came in at once, in one write
	each10ms                // all that came in within 10 ms, in one write
)

// floor is what the work costs at the least: one thread that reads messages and
// writes them to sockets, by system calls and nothing else. It does no WebSocket,
// keeps no state and has no queues: a subscriber whose socket is full gets the
// rest of its message later and misses what came in between.
type floor struct {
	poll, listener int
	pace           pace
	buf            []byte
	peers          map[int]*rawPeer
	subs           []*rawPeer
	gathered       []byte
	due            time.Time // when gathered has to be written
}

// rawPeer is one connection.
type rawPeer struct {
	fd   int
	role byte   // 'S', 'P', or 0 while it has not said
	part []byte // of a publisher's message that has not come whole
	rest []byte // of a subscriber's message that did not fit
}

func serveFloor(ctx context.Context, addr string, p pace) error {
	f := &floor{pace: p, buf: make([]byte, 256<<10), peers: make(map[int]*rawPeer)}
	if err := f.listen(addr); err != nil {
		return err
	}
	events := make([]unix.EpollEvent, 1024)
	for ctx.Err() == nil {
		n, err := unix.EpollWait(f.poll, events, f.wait())
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		for _, e := range events[:max(n, 0)] {
			f.event(int(e.Fd), e.Events)
		}
		if len(f.gathered) > 0 && (f.pace == eachTurn || time.Now().After(f.due)) {
			f.broadcast(f.gathered)
			f.gathered = f.gathered[:0]
		}
	}
	return nil
}

func (f *floor) listen(addr string) error {
	at, err := net.ResolveTCPAddr("tcp4", addr)
	if err != nil {
		return err
	}
	if f.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if f.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return err
	}
	return errors.Join(
		unix.SetsockoptInt(f.listener, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
		unix.Bind(f.listener, &unix.SockaddrInet4{Port: at.Port, Addr: [4]byte(at.IP.To4())}),
		unix.Listen(f.listener, 4096),
		f.watch(unix.EPOLL_CTL_ADD, f.listener, unix.EPOLLIN))
}

func (f *floor) watch(operation, fd int, events uint32) error {
	return unix.EpollCtl(f.poll, operation, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
}

// wait is for how long to wait, in milliseconds: not beyond what is due.
func (f *floor) wait() int {
	if len(f.gathered) == 0 {
		return 200 // to see whether it should end
	}
	return int(max(0, time.Until(f.due)).Milliseconds())
}

func (f *floor) event(fd int, events uint32) {
	if fd == f.listener {
		f.accept()
		return
	}
	p := f.peers[fd]
	if p == nil {
		return
	}
	if events&unix.EPOLLOUT != 0 {
		f.resume(p)
	}
	if events&^unix.EPOLLOUT != 0 {
		f.read(p)
	}
}

func (f *floor) accept() {
	for {
		fd, _, err := unix.Accept4(f.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		f.peers[fd] = &rawPeer{fd: fd}
		if f.watch(unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN) != nil {
			f.drop(f.peers[fd])
		}
	}
}

func (f *floor) drop(p *rawPeer) {
	_ = unix.Close(p.fd)
	delete(f.peers, p.fd)
	for i, s := range f.subs {
		if s == p {
			f.subs = append(f.subs[:i], f.subs[i+1:]...)
			return
		}
	}
}

func (f *floor) read(p *rawPeer) {
	n := copy(f.buf, p.part)
	got, err := unix.Read(p.fd, f.buf[n:])
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		return
	}
	if err != nil || got == 0 {
		f.drop(p)
		return
	}
	data := f.buf[:n+got]
	if p.role == 0 {
		p.role, data = data[0], data[1:]
		if p.role == 'S' {
			f.subs = append(f.subs, p)
		}
	}
	if p.role == 'S' {
		return
	}
	whole := wholeFrames(data)
	p.part = append(p.part[:0], data[whole:]...)
	f.take(data[:whole])
}

// take hands whole messages on, now or later.
func (f *floor) take(data []byte) {
	if f.pace != eachMessage {
		if len(f.gathered) == 0 {
			f.due = time.Now().Add(10 * time.Millisecond)
		}
		f.gathered = append(f.gathered, data...)
		return
	}
	for len(data) > 0 {
		size := frameSize(data)
		f.broadcast(data[:size])
		data = data[size:]
	}
}

// broadcast writes to one subscriber after the other.
func (f *floor) broadcast(data []byte) {
	for _, s := range f.subs {
		if len(s.rest) > 0 {
			continue
		}
		n, err := unix.Write(s.fd, data)
		if n = max(n, 0); n < len(data) && (err == nil || errors.Is(err, unix.EAGAIN)) {
			f.hold(s, data, n)
		}
	}
}

// hold keeps what is missing of the message in which a write came to a stop.
func (f *floor) hold(s *rawPeer, data []byte, n int) {
	end := 0
	for end < n {
		end += frameSize(data[end:])
	}
	if end > n {
		s.rest = append(s.rest[:0], data[n:end]...)
		_ = f.watch(unix.EPOLL_CTL_MOD, s.fd, unix.EPOLLIN|unix.EPOLLOUT)
	}
}

func (f *floor) resume(s *rawPeer) {
	n, err := unix.Write(s.fd, s.rest)
	if err != nil {
		return
	}
	if s.rest = s.rest[:copy(s.rest, s.rest[n:])]; len(s.rest) == 0 {
		_ = f.watch(unix.EPOLL_CTL_MOD, s.fd, unix.EPOLLIN)
	}
}
