package hub_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/internal/wire"
)

// A client of others, over real sockets: it publishes, subscribes, and is told
// when the hub goes.
func TestAClientOfOthersIsToldThatTheHubGoes(t *testing.T) {
	h, err := hub.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	stop, cancel := context.WithCancel(t.Context())
	defer cancel()
	running := make(chan error, 1)
	go func() { running <- h.Run(stop) }()

	ctx, done := context.WithTimeout(t.Context(), patience)
	defer done()
	dial := func(path string) *websocket.Conn {
		c, _, err := websocket.Dial(ctx, server.URL+path, &websocket.DialOptions{Subprotocols: []string{"quasar.v1"}, CompressionMode: websocket.CompressionContextTakeover})
		if err != nil {
			t.Fatal(err)
		}
		if c.Subprotocol() != "quasar.v1" {
			t.Errorf("%s: got the subprotocol %q", path, c.Subprotocol())
		}
		return c
	}
	sub, pub := dial("/ws/subscribe"), dial("/ws/publish/V75")
	if _, _, err := sub.Read(ctx); err != nil {
		t.Fatal(err)
	}
	if err := pub.Write(ctx, websocket.MessageText, []byte(steps(900))); err != nil {
		t.Fatal(err)
	}
	_, data, err := sub.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := wire.DecodeHub(data); err != nil || *f.Snapshots[0].Training.TrainingSteps != 900 {
		t.Errorf("got %s (%v)", data, err)
	}
	cancel()
	for name, c := range map[string]*websocket.Conn{"subscriber": sub, "publisher": pub} {
		_, _, err := c.Read(ctx)
		var closed websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != websocket.StatusGoingAway || closed.Reason != "the hub is shutting down" {
			t.Errorf("%s: got %v, want the close 1001 and its reason", name, err)
		}
	}
	if err := <-running; err != nil {
		t.Errorf("Run: got %v, want nil", err)
	}
}

// Shutdown may be called while connections come, more than once at a time, and
// leaves no WebSocket behind.
func TestShutdownWhileConnectionsCome(t *testing.T) {
	for range 10 {
		synctest.Test(t, func(t *testing.T) {
			s := hubtest.New(t, nil)
			var coming sync.WaitGroup
			for i := range 20 {
				coming.Go(func() {
					time.Sleep(time.Duration(i%5) * time.Microsecond)
					conn, err := s.Dial(t.Context())
					if err != nil {
						return
					}
					path := map[bool]string{true: "/ws/subscribe", false: "/ws/publish/V75"}[i%2 == 0]
					p, answer := shake(t, conn, path, "")
					if answer.StatusCode == http.StatusServiceUnavailable {
						return
					}
					if p.listen(); i%3 == 0 {
						_ = p.write(masked(fin|opText, []byte(steps(i))))
					}
					<-p.done
					if got := p.last().closing(); got != "1001 the hub is shutting down" {
						t.Errorf("got the end %q", got)
					}
				})
			}
			time.Sleep(2 * time.Microsecond)
			var going sync.WaitGroup
			for range 3 {
				going.Go(func() {
					if err := s.Hub.Shutdown(context.Background()); err != nil {
						t.Error(err)
					}
				})
			}
			going.Wait()
			coming.Wait()
			if got := stateOf(t, s.Hub).Stats; got.Publishers+got.Subscribers != 0 {
				t.Errorf("got %+v, want nobody left", got)
			}
		})
	}
}

// Who has no time to wait cuts off those who are left.
func TestShutdownEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		for range 5 {
			dial(t, s, "/ws/subscribe") // reads nothing
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := s.Hub.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("took %v of fake time", took)
		}
		if got := stateOf(t, s.Hub).Stats.Subscribers; got != 0 {
			t.Errorf("got %d subscribers left", got)
		}
	})
}

// The error of an engine ends Run, and the hub with it.
func TestRunEndsWithItsEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("the cluster's certificate has expired")
		h, err := hub.New(&hub.Options{Engine: brokenEngine{hub.NewMemoryEngine("h1"), broken}})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Run(t.Context()); !errors.Is(err, broken) {
			t.Errorf("got %v, want %v", err, broken)
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/readyz", nil)
		r.Host = "localhost"
		if h.ServeHTTP(w, r); w.Code != http.StatusServiceUnavailable {
			t.Errorf("/readyz: got %d, want 503", w.Code)
		}
	})
}

type brokenEngine struct {
	hub.Engine
	err error
}

func (e brokenEngine) Run(context.Context, hub.Receiver) error { return e.err }
