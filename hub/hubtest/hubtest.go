// Package hubtest runs a hub inside a test, without a port: its connections are
// pipes in memory, so that it works in a testing/synctest bubble as well.
package hubtest

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/karlquant/quasar/hub"
)

// Server is a hub that serves a test.
type Server struct {
	// Hub is the hub itself.
	Hub *hub.Hub
	// URL is where HTTPClient finds it; nobody else can.
	URL string

	listener *listener
	stop     func()
}

// New starts a hub that lives as long as the test. Nil options are a hub with
// nothing to set.
func New(t testing.TB, opts *hub.Options) *Server {
	t.Helper()
	h, err := hub.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Hub: h, URL: "http://hub.localhost", listener: newListener()}
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{Handler: h} //nolint:gosec // G112: its only clients are in this process
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(s.listener) })
	running.Go(func() {
		if err := h.Run(ctx); err != nil {
			t.Errorf("hub: %v", err)
		}
	})
	s.stop = sync.OnceFunc(func() {
		cancel()
		_ = server.Close()
		running.Wait()
	})
	t.Cleanup(s.stop)
	return s
}

// Close stops the hub before the test ends: its WebSockets are closed with 1001.
func (s *Server) Close() { s.stop() }

// HTTPClient returns a client whose every connection goes to the hub.
func (s *Server) HTTPClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx) },
		DisableKeepAlives: true, // no connection outlives its test
	}}
}

// Dial opens a connection to the hub.
func (s *Server) Dial(ctx context.Context) (net.Conn, error) { return s.listener.dial(ctx) }
