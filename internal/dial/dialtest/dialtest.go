// Package dialtest is a network inside a test's memory, for tests of clients
// that run in a bubble of fake time, where real sockets cannot.
package dialtest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Network has one server, which answers under every name.
type Network struct {
	// Down refuses new connections while it is true.
	Down atomic.Bool
	// Dials counts the attempts to connect, also those in vain.
	Dials atomic.Int64

	accepted chan net.Conn
	closed   chan struct{}
}

// Serve returns a network on which handler serves until the test ends. Then the
// contexts of its requests end, and the test waits for the handlers, those of
// WebSockets too.
func Serve(t testing.TB, handler http.Handler) *Network {
	n := &Network{accepted: make(chan net.Conn), closed: make(chan struct{})}
	var running sync.WaitGroup
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			running.Add(1)
			defer running.Done()
			handler.ServeHTTP(w, r)
		}),
		BaseContext:       func(net.Listener) context.Context { return t.Context() },
		ReadHeaderTimeout: 10 * time.Second,
	}
	running.Go(func() { _ = server.Serve((*listener)(n)) })
	t.Cleanup(func() {
		_ = server.Close()
		running.Wait()
	})
	return n
}

// Client returns a client whose connections go to the server.
func (n *Network) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: n.dial, DisableKeepAlives: true}}
}

func (n *Network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	n.Dials.Add(1)
	if n.Down.Load() {
		return nil, errors.New("connection refused")
	}
	here, there := net.Pipe()
	select {
	case n.accepted <- there:
		return here, nil
	case <-n.closed:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// listener is the server's side of a Network.
type listener Network

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.accepted:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	close(l.closed) // http.Server closes a listener once
	return nil
}

func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }
