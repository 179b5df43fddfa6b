//go:build linux && !quasar_portable

package watch

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// running counts the goroutines that are in a function of this package.
func running(function string) int {
	buf := make([]byte, 1<<20)
	return strings.Count(string(buf[:runtime.Stack(buf, true)]), "watch."+function+"(")
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// counted is a connection as listeners that count theirs hand it out.
type counted struct{ *net.TCPConn }

// What it is for: nobody who is silent has a goroutine. When the last has gone, the
// one that there is goes too, and its list.
func TestTheSilentHaveNoGoroutine(t *testing.T) {
	l := listen(t)
	before := openFiles(t)
	var w Watcher
	var members []*listener
	var nears, fars []net.Conn
	for i := range 100 {
		near, far := dial(t, l)
		if i%2 == 0 {
			near = counted{near.(*net.TCPConn)}
		}
		member := newListener()
		members, nears, fars = append(members, member), append(nears, w.Wrap(near)), append(fars, far)
		w.Read(nears[len(nears)-1], member)
	}
	if n := running("(*poller).run"); n != 1 {
		t.Errorf("got %d goroutines that read from everybody, want 1", n)
	}
	if n := running("readAll"); n > 0 {
		t.Errorf("got %d goroutines that read from one, want none", n)
	}
	for i, far := range fars {
		_ = far.Close()
		_ = members[i].end(t)
		_ = nears[i].Close()
	}
	w.Wait()
	if after := openFiles(t); after > before { // fewer, where the collector closed those of other tests
		t.Errorf("got %d files open, want %d as before", after, before)
	}
}

// Who ended the reading may leave bytes unread: the kernel must not tell of them
// again and again.
func TestWhoHasEndedIsOffTheList(t *testing.T) {
	l := listen(t)
	var w Watcher
	near, far := dial(t, l)
	defer far.Close()
	other, otherFar := dial(t, l)
	full, silent := newListener(), newListener()
	full.then = func([]byte) error { return errors.New("enough") }
	w.Read(w.Wrap(other), silent)
	w.Read(w.Wrap(near), full)
	_, _ = far.Write(make([]byte, 2*share))
	_ = full.end(t)
	w.mu.Lock()
	list, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", w.epoll.fd))
	w.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(list), "tfd:"); n != 1 {
		t.Errorf("got %d sockets on the list, want the silent one:\n%s", n, list)
	}
	_ = otherFar.Close()
	_ = silent.end(t)
	_ = near.Close()
}

// number is that of a connection's socket.
func number(t *testing.T, c net.Conn) (fd uintptr) {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err == nil {
		err = raw.Control(func(n uintptr) { fd = n })
	}
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

// A number that is another's by the time that the end of the first is heard of.
func TestTheEndOfASocketIsNotThatOfItsNumber(t *testing.T) {
	l := listen(t)
	var w Watcher
	near, far := dial(t, l)
	defer far.Close()
	first, second := newListener(), newListener()
	conn := w.Wrap(near)
	w.Read(conn, first)

	far, err := net.Dial("tcp", l.Addr().String()) // waits to be accepted
	if err != nil {
		t.Fatal(err)
	}
	was := number(t, near)
	_ = near.Close() // of which conn knows nothing yet
	if near, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	if got := number(t, near); got != was {
		t.Skipf("got the number %d, want %d again: somebody else was quicker", got, was)
	}
	w.Read(w.Wrap(near), second)
	_ = conn.Close()
	if err := first.end(t); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the first: got the end %v, want %v", err, net.ErrClosed)
	}
	_, _ = far.Write([]byte("a"))
	_ = far.Close()
	if err := second.end(t); !errors.Is(err, io.EOF) || string(second.got) != "a" {
		t.Errorf("the second: got %q and the end %v, want a and %v", second.got, err, io.EOF)
	}
	w.Wait()
}

// gate is a Reader that keeps the floor until it is let go.
type gate struct {
	entered, leave chan struct{}
	ended          chan struct{}
}

func newGate() *gate {
	return &gate{make(chan struct{}, 1), make(chan struct{}), make(chan struct{})}
}

func (g *gate) Take([]byte) error { g.entered <- struct{}{}; <-g.leave; return nil }
func (g *gate) End(error)         { close(g.ended) }

// knock opens so many connections that wait to be accepted.
func knock(t *testing.T, l net.Listener, n int) (fars []net.Conn) {
	t.Helper()
	for range n {
		far, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fars = append(fars, far)
	}
	return fars
}

// admit accepts so many, with a gate in front of each.
func admit(t *testing.T, w *Watcher, l net.Listener, n int) (gates []*gate, nears []net.Conn) {
	t.Helper()
	for range n {
		near, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		gates, nears = append(gates, newGate()), append(nears, w.Wrap(near))
		w.Read(nears[len(nears)-1], gates[len(gates)-1])
	}
	return gates, nears
}

// When everybody has gone the goroutine may have heard of some whom it has not read
// from yet. Their numbers may be those of newcomers, and are another goroutine's.
func TestALateGoroutineReadsFromNobody(t *testing.T) {
	l := listen(t)
	var w Watcher
	fars := knock(t, l, 3)
	gates, nears := admit(t, &w, l, 3)
	_, _ = fars[0].Write([]byte("a"))
	<-gates[0].entered
	_, _ = fars[1].Write([]byte("a"))
	_, _ = fars[2].Write([]byte("a"))
	close(gates[0].leave)
	<-gates[1].entered // the third is next
	newFars := knock(t, l, 3)
	for _, near := range nears {
		_ = near.Close()
	}
	newcomers, nears := admit(t, &w, l, 3)
	for _, far := range newFars {
		_, _ = far.Write([]byte("a"))
	}
	close(gates[1].leave)
	for end := time.Now().Add(patience); running("(*poller).run") > 1; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the late goroutine reads from somebody")
		}
	}
	for _, g := range newcomers {
		close(g.leave)
	}
	for i, far := range append(fars, newFars...) {
		_ = far.Close()
		<-append(gates, newcomers...)[i].ended
	}
	for _, near := range nears {
		_ = near.Close()
	}
	w.Wait()
}
