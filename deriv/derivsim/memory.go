package derivsim

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// MemoryURL is what a client is told that reaches a simulator through HTTPClient.
const MemoryURL = "http://127.0.0.1:7870"

// HTTPClient returns a client whose connections lead to the simulator without a
// socket, whatever their address says. They are served while Run runs; before,
// they wait for it.
func (s *Sim) HTTPClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: s.memory.dial, DisableKeepAlives: true}}
}

// memory is a listener without a socket.
type memory struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func newMemory() *memory { return &memory{accepted: make(chan net.Conn), closed: make(chan struct{})} }

var errEnded = errors.New("connection refused: the simulator has ended")

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case m.accepted <- there:
		return here, nil
	case <-m.closed:
		return nil, errEnded
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept is for http.Server.
func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.accepted:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

// Close is idempotent.
func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

// Addr is for http.Server.
func (m *memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// serveMemory serves connections of HTTPClient until the server is closed.
func (s *Sim) serveMemory() *http.Server {
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	s.live.Go(func() { _ = server.Serve(s.memory) })
	return server
}
