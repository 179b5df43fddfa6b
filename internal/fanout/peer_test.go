package fanout

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karlquant/quasar/internal/nowait"
)

// The frames of these tests are lines: "space seq padding". What a member is sent
// first is the newest lines between "[" and "]".
func first(frames [][]byte) []byte {
	return append(append([]byte("[\n"), bytes.Join(frames, nil)...), "]\n"...)
}

func frame(space string, seq, size int) []byte {
	head := fmt.Sprintf("%s %d ", space, seq)
	return []byte(head + strings.Repeat("x", max(0, size-len(head)-1)) + "\n")
}

// peer reads what a member is sent, and can stop reading.
type peer struct {
	conn   net.Conn
	near   net.Conn // the member's end
	member *Member
	left   chan error

	mu      sync.Mutex
	running *sync.Cond
	stalled bool
	got     bytes.Buffer
}

// pair returns the two ends of a connection.
func pair(t testing.TB, kind string) (near, far net.Conn) {
	t.Helper()
	if kind == "pipe" {
		return net.Pipe()
	}
	near, far = pairTCP(t)
	if kind == "tcp" {
		return near, far
	}
	return secure(t, near, far, kind != "tls of others", func(server, _ *tls.Config) {
		if kind == "tls 1.2" {
			server.MaxVersion = tls.VersionTLS12
		}
	})
}

func pairTCP(t testing.TB) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if far, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if near, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	_ = near.(*net.TCPConn).SetWriteBuffer(64 << 10)
	_ = far.(*net.TCPConn).SetReadBuffer(128 << 10)
	return near, far
}

// secure puts TLS between the two ends of a connection, ours or that of others.
func secure(t testing.TB, near, far net.Conn, ours bool, set func(server, client *tls.Config)) (nearer, farther *tls.Conn) {
	t.Helper()
	server, client := configs()
	server, client = server.Clone(), client.Clone()
	set(server, client)
	listen := tls.NewListener
	if ours {
		listen = nowait.NewTLSListener
	}
	conn, err := listen(&accepted{near}, server).Accept()
	if err != nil {
		t.Fatal(err)
	}
	nearer, farther = conn.(*tls.Conn), tls.Client(far, client)
	asked := make(chan error, 1)
	go func() { asked <- farther.Handshake() }()
	_ = nearer.SetDeadline(time.Now().Add(10 * time.Second))
	if err := errors.Join(nearer.Handshake(), <-asked); err != nil {
		t.Fatal(err)
	}
	_ = nearer.SetDeadline(time.Time{})
	return nearer, farther
}

// accepted is a listener that has one connection.
type accepted struct{ net.Conn }

func (a *accepted) Accept() (net.Conn, error) { return a.Conn, nil }
func (a *accepted) Addr() net.Addr            { return a.LocalAddr() }

// configs returns what both sides of TLS need.
var configs = sync.OnceValues(func() (server, client *tls.Config) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	client = s.Client().Transport.(*http.Transport).TLSClientConfig
	client.ServerName = "example.com" // a name in the certificate
	return s.TLS, client
})

func join(t testing.TB, f *Fanout, kind string, only map[string]bool) *peer {
	t.Helper()
	near, far := pair(t, kind)
	return joined(f, near, far, only, false)
}

// joined makes one end of a connection a member and reads the other, at once or
// not before stall(false).
func joined(f *Fanout, near, far net.Conn, only map[string]bool, stalled bool) *peer {
	p := &peer{conn: far, near: near, left: make(chan error, 1), stalled: stalled}
	p.running = sync.NewCond(&p.mu)
	go p.read()
	p.member = f.Join(near, f.Begin(only), func(err error) { _ = near.Close(); p.left <- err })
	return p
}

func (p *peer) read() {
	buf := make([]byte, 64<<10)
	for {
		p.mu.Lock()
		for p.stalled {
			p.running.Wait()
		}
		p.mu.Unlock()
		n, err := p.conn.Read(buf)
		p.mu.Lock()
		p.got.Write(buf[:n])
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (p *peer) stall(stalled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = stalled
	p.running.Broadcast()
}

func (p *peer) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got.String()
}
