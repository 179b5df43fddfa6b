package hub_test

import (
	"context"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/karlquant/quasar/hub"
)

// What peers need where real sockets matter.

// serveTCP runs a hub behind a real socket until the test ends.
func serveTCP(t testing.TB, opts *hub.Options) (h *hub.Hub, addr string) {
	t.Helper()
	h, err := hub.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	ctx, cancel := context.WithCancel(context.Background())
	running := make(chan error, 1)
	go func() { running <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-running; err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
		server.Close()
	})
	return h, server.Listener.Addr().String()
}

// dialTCP opens a WebSocket over a real socket, whose reads and writes fail
// after patience. A buffer above 0 is that of the kernel for what comes in.
func dialTCP(t testing.TB, addr, path string, buffer int) *peer {
	t.Helper()
	return dialTCPWith(t, addr, path, "", buffer)
}

func dialTCPWith(t testing.TB, addr, path, headers string, buffer int) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if buffer > 0 {
		_ = conn.(*net.TCPConn).SetReadBuffer(buffer)
	}
	_ = conn.SetDeadline(time.Now().Add(6 * patience))
	return opened(t, conn, path, headers)
}
