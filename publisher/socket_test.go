package publisher_test

import (
	"context"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/publisher"
)

// socketHub is a hub on a real port that can be killed and started again.
type socketHub struct {
	address string

	mu     sync.Mutex // guards what follows
	frames []frame
	conns  int
}

// start serves at the hub's address until the answer is called.
func (h *socketHub) start(t testing.TB) (kill func()) {
	t.Helper()
	l, err := net.Listen("tcp", h.address)
	if err != nil {
		t.Fatal(err)
	}
	h.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: h, BaseContext: func(net.Listener) context.Context { return ctx }}}
	server.Start()
	return func() {
		cancel()
		server.Close()
	}
}

func (h *socketHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	h.mu.Lock()
	h.conns++
	number := h.conns
	h.mu.Unlock()
	for {
		_, data, err := ws.Read(r.Context())
		if err != nil {
			return
		}
		h.mu.Lock()
		h.frames = append(h.frames, frame{Conn: number, Text: string(data)})
		h.mu.Unlock()
	}
}

// newest is what the hub knows from its newest connection.
func (h *socketHub) newest(t testing.TB) quasar.Snapshot {
	h.mu.Lock()
	defer h.mu.Unlock()
	var frames []frame
	for _, f := range h.frames {
		if f.Conn == h.conns {
			frames = append(frames, f)
		}
	}
	return store(t, frames)
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not after 30 s: %s", what)
		}
	}
}

// Real sockets, real clocks, many callers, and a hub that is killed and started
// again on the same port.
func TestManyCallersAndAHubThatRestarts(t *testing.T) {
	before := runtime.NumGoroutine()
	hub := &socketHub{address: "127.0.0.1:0"}
	kill := hub.start(t)
	pub, err := publisher.New("V75", "http://"+hub.address, &publisher.Options{Rand: rand.New(rand.NewPCG(1, 1))})
	if err != nil {
		t.Fatal(err)
	}
	pub.Start()
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for n := int64(0); ; n++ {
				select {
				case <-stop:
					return
				default:
					pub.Publish(steps(n), votes(quasar.Buy, n))
					pub.Stats()
					runtime.Gosched()
				}
			}
		})
	}
	for range 2 {
		connects := pub.Stats().Connects
		eventually(t, "a frame", func() bool { return hub.newest(t).Training.TrainingSteps != nil })
		kill()
		eventually(t, "the loss is noticed", func() bool { return !pub.Stats().Connected })
		kill = hub.start(t)
		eventually(t, "another connection", func() bool { s := pub.Stats(); return s.Connected && s.Connects > connects })
	}
	close(stop)
	callers.Wait()
	pub.Publish(steps(quasar.MaxCount), votes(quasar.Neutral, 4))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := pub.Close(ctx); err != nil {
		t.Errorf("Close: got the error %v, want none", err)
	}
	got := hub.newest(t)
	if show(got.Training.TrainingSteps) != show(quasar.MaxCount) || show(got.Voting.DominantSignal) != `"NEUTRAL"` {
		t.Errorf("the hub's newest: got %s, want the last values that were published", show(got))
	}
	kill()
	eventually(t, "all goroutines are gone", func() bool { return runtime.NumGoroutine() <= before })
}

func TestTLS(t *testing.T) {
	hub := &socketHub{}
	server := httptest.NewUnstartedServer(hub)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the stranger below makes it complain
	server.StartTLS()
	defer server.Close()
	pub, err := publisher.New("V75", strings.Replace(server.URL, "https", "wss", 1), &publisher.Options{HTTPClient: server.Client()})
	if err != nil {
		t.Fatal(err)
	}
	pub.Start()
	pub.PublishTraining(steps(7))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := pub.Close(ctx); err != nil {
		t.Errorf("Close: got the error %v, want none", err)
	}
	if got := show(hub.newest(t).Training.TrainingSteps); got != "7" {
		t.Errorf("training steps: got %s, want 7", got)
	}
	stranger, err := publisher.New("V75", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	stranger.Start()
	eventually(t, "an error", func() bool { return stranger.Stats().LastError != nil })
	if text := stranger.Stats().LastError.Error(); !strings.Contains(text, "certificate signed by unknown authority") {
		t.Errorf("with an unknown certificate: got the error %s, want it to say so", text)
	}
	if err := stranger.Close(ctx); err != nil {
		t.Errorf("Close: got the error %v, want none", err)
	}
}
