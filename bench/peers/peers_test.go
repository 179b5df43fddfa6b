package peers

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar/internal/bench"
)

// A peer that loses or mixes up messages would be measured doing less than the
// hub does: each is held to delivering everything, in order.
func TestPeersDeliverEverything(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			target := serve(t, name)
			for _, w := range []bench.Workload{
				{Name: "window", Subscribers: 12, Publishers: 1, InFlight: 16},
				{Name: "rate", Subscribers: 12, Publishers: 4, Rate: 50},
			} {
				w.Span, w.Warmup = 300*time.Millisecond, 50*time.Millisecond
				m, err := bench.Run(t.Context(), target, &w, nil)
				if err != nil {
					t.Fatal(err)
				}
				if m.Published == 0 || m.Delivered != m.Published*int64(w.Subscribers) || *m.Lost != 0 || m.Closed != 0 || m.Problem != "" {
					t.Errorf("%s: got %+v, want everything delivered", w.Name, m)
				}
			}
		})
	}
}

// serve runs a peer in this process until the test ends.
func serve(t *testing.T, name string) *bench.Target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- All[name](ctx, addr) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			break
		}
		if time.Since(start) > 20*time.Second {
			t.Fatal(err)
		}
	}
	target := &bench.Target{Addr: addr, PID: os.Getpid(), Protocol: bench.WebSocket, Form: bench.Ready, TLS: strings.HasSuffix(name, "-tls")}
	switch {
	case strings.HasPrefix(name, "floor"):
		target.Protocol = bench.Raw
	case name == "nats":
		target.Protocol = bench.NATS
	case strings.HasPrefix(name, "hub-"):
		target.Form = bench.Publish
	}
	return target
}
