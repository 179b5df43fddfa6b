package hub_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/internal/wire"
)

// servedTLS is a hub behind TLS and what a client of it needs.
type servedTLS struct {
	hub    *hub.Hub
	addr   string
	client *http.Client
	trust  *tls.Config
}

// serveTLS runs a hub behind TLS until the test ends: behind ours, or as httptest
// and http.Server set it up.
func serveTLS(t *testing.T, ours bool, opts *hub.Options) *servedTLS {
	t.Helper()
	h, err := hub.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	s := &servedTLS{hub: h}
	theirs := httptest.NewTLSServer(h)
	s.addr, s.client = theirs.Listener.Addr().String(), theirs.Client()
	s.trust = s.client.Transport.(*http.Transport).TLSClientConfig.Clone()
	s.trust.ServerName = "example.com"
	server := &http.Server{Handler: h}
	if ours {
		inner, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s.addr = inner.Addr().String()
		go server.Serve(hub.NewTLSListener(inner, &tls.Config{Certificates: theirs.TLS.Certificates}))
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := h.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		server.Close()
		theirs.Close()
	})
	return s
}

// dial opens a WebSocket. A buffer above 0 is that of the kernel for what comes in.
func (s *servedTLS) dial(t *testing.T, path string, buffer int) *peer {
	t.Helper()
	below, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	if buffer > 0 {
		_ = below.(*net.TCPConn).SetReadBuffer(buffer)
	}
	conn := tls.Client(below, s.trust)
	_ = conn.SetDeadline(time.Now().Add(3 * patience))
	return opened(t, conn, path, "")
}

func behindTLS(t *testing.T, opts *hub.Options, test func(t *testing.T, s *servedTLS)) {
	for name, ours := range map[string]bool{"NewTLSListener": true, "http.Server": false} {
		t.Run(name, func(t *testing.T) { test(t, serveTLS(t, ours, opts)) })
	}
}

// One reader stalls over TLS until it is far behind; the other one does not notice.
// When the stalled one wakes up it gets the newest of every space, and nothing went
// backwards or to pieces.
func TestAStalledReaderOverTLSIsConflatedAndDelaysNobody(t *testing.T) {
	behindTLS(t, nil, func(t *testing.T, s *servedTLS) {
		spaces := []string{"A", "B", "C"}
		pubs := make([]*peer, len(spaces))
		for i, name := range spaces {
			pubs[i] = s.dial(t, "/ws/publish/"+name, 0).listen()
		}
		stalled, quick := s.dial(t, "/ws/subscribe", 4096), s.dial(t, "/ws/subscribe", 0)
		quick.nextUpdate()
		last := 0
		for mostPending(t, s.hub) < 6000 {
			for range 100 {
				last++
				for _, p := range pubs {
					p.text(steps(last))
					if got := stepsOf(t, []wire.HubFrame{quick.nextUpdate()}); got[0] != int64(last) {
						t.Fatalf("the quick one got step %d, want %d", got[0], last)
					}
				}
			}
		}
		got, seq := make(map[string]int64), make(map[string]int64)
		stalled.nextUpdate()
		for got["A"] < int64(last) || got["B"] < int64(last) || got["C"] < int64(last) {
			update := stalled.nextUpdate().Snapshots[0]
			if update.Seq <= seq[update.SpaceName] {
				t.Fatalf("%s: got seq %d behind %d", update.SpaceName, update.Seq, seq[update.SpaceName])
			}
			got[update.SpaceName], seq[update.SpaceName] = *update.Training.TrainingSteps, update.Seq
		}
		if n := stateOf(t, s.hub).Stats.Conflated; n < 5000 {
			t.Errorf("got %d frames conflated away, want those that were pending but the last few", n)
		}
	})
}

// A reader that takes nothing is told why it is closed, behind whole frames.
func TestADeadReaderOverTLSFindsTheReasonWhenItWakesUp(t *testing.T) {
	s := serveTLS(t, true, &hub.Options{WriteTimeout: 500 * time.Millisecond})
	pub := s.dial(t, "/ws/publish/V75", 0).listen()
	dead := s.dial(t, "/ws/subscribe", 4096)
	eventually(t, "the subscriber", func() bool { return stateOf(t, s.hub).Stats.Subscribers == 1 })
	publishUntil(t, pub, "its end", func() bool { return stateOf(t, s.hub).Stats.Subscribers == 0 })
	last := dead.next()
	for last.op() != opClose {
		decode(t, last)
		last = dead.next()
	}
	if got := last.closing(); got != "1013 read nothing for 500ms" {
		t.Errorf("got the end %q", got)
	}
}

// A client that offers HTTP/2 gets REST answers, and WebSockets work beside them.
func TestRESTOverTLS(t *testing.T) {
	behindTLS(t, nil, func(t *testing.T, s *servedTLS) {
		s.client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
		answer, err := s.client.Get("https://" + s.addr + "/health")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var health struct{ Status string }
		if err := json.NewDecoder(answer.Body).Decode(&health); err != nil || health.Status != "ok" || answer.ProtoMajor != 1 {
			t.Errorf("got %s over %s (%v)", health.Status, answer.Proto, err)
		}
	})
}

// A subscriber that says goodbye over TLS is gone soon, and so is what was behind it.
func TestAGoodbyeOverTLS(t *testing.T) {
	behindTLS(t, nil, func(t *testing.T, s *servedTLS) {
		for _, path := range []string{"/ws/publish/V75", "/ws/subscribe"} {
			p := s.dial(t, path, 0).listen()
			eventually(t, "the connection", func() bool { n := stateOf(t, s.hub).Stats; return n.Publishers+n.Subscribers == 1 })
			p.close(1000)
			<-p.done
			p.conn.Close()
			if got := p.last().closing(); got != "1000 " {
				t.Errorf("%s: got the end %q", path, got)
			}
			eventually(t, "its end", func() bool { n := stateOf(t, s.hub).Stats; return n.Publishers+n.Subscribers == 0 })
		}
	})
}
