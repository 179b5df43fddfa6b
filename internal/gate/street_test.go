package gate

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// patience is how long a test with real sockets waits for what must come.
const patience = 20 * time.Second

// street is a listener whose connections come from where a test says, in memory.
type street struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newStreet() *street { return &street{make(chan net.Conn), make(chan struct{})} }

func (s *street) Accept() (net.Conn, error) {
	select {
	case conn := <-s.conns:
		return conn, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *street) Close() error   { close(s.closed); return nil }
func (s *street) Addr() net.Addr { return &net.TCPAddr{} }

// from comes to the door from an address, and returns the far end.
func (s *street) from(addr string) net.Conn {
	near, far := net.Pipe()
	s.conns <- &comer{near, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(addr), 1))}
	return far
}

type comer struct {
	net.Conn
	addr net.Addr
}

func (c *comer) RemoteAddr() net.Addr { return c.addr }

// host lets in whoever may come in, and keeps them in the order in which they came.
type host struct {
	mu     sync.Mutex // guards inside
	inside []net.Conn
	ended  chan error
}

func serve(l net.Listener) *host {
	h := &host{ended: make(chan error, 1)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				h.ended <- err
				return
			}
			h.mu.Lock()
			h.inside = append(h.inside, conn)
			h.mu.Unlock()
		}
	}()
	return h
}

// guests are those inside.
func (h *host) guests() []net.Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]net.Conn(nil), h.inside...)
}

// open returns a gate in a bubble of fake time, which is closed when the test ends.
func open(t *testing.T, opts *Options) (*street, *Gate, *host) {
	t.Helper()
	s := newStreet()
	g, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	l := g.Listener(s)
	h := serve(l)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if err := <-h.ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept of a closed listener: got %v, want %v", err, net.ErrClosed)
		}
	})
	return s, g, h
}

// openTCP is open with real sockets.
func openTCP(t *testing.T, opts *Options) (*door, *Gate, *host) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	d := g.Listener(l).(*door)
	h := serve(d)
	t.Cleanup(func() {
		_ = d.Close()
		<-h.ended
		for _, conn := range h.guests() {
			_ = conn.Close()
		}
	})
	return d, g, h
}

func dial(t *testing.T, to net.Listener) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", to.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for start := time.Now(); time.Since(start) < patience; time.Sleep(time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("did not come to pass within %v: %s", patience, what)
}

// counts are what Refused returns, save for zeros.
func counts(g *Gate) map[string]int64 {
	all := g.Refused()
	for name, n := range all {
		if n == 0 {
			delete(all, name)
		}
	}
	return all
}

const request = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"

// told asks something and returns the answer of a gate.
func told(t *testing.T, conn net.Conn) (*http.Response, string) {
	t.Helper()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// everybody makes no address an exception.
func everybody(netip.Addr) bool { return false }
