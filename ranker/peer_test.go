package ranker_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/dial/dialtest"
	"github.com/karlquant/quasar/internal/wire"
	"github.com/karlquant/quasar/ranker"
)

// fakeHub is the hub's end of the wire, in a bubble of fake time: it plays what a
// test says, and pings as hubs do.
type fakeHub struct {
	*dialtest.Network
	t     *testing.T
	ahead time.Duration // by how much its clock is ahead of the local one

	mu      sync.Mutex // guards what follows
	ws      *websocket.Conn
	initial []quasar.Snapshot
	header  http.Header
	uri     string
}

func newHub(t *testing.T, initial ...quasar.Snapshot) *fakeHub {
	h := &fakeHub{t: t, initial: initial}
	h.Network = dialtest.Serve(t, h)
	return h
}

func (h *fakeHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	ctx := ws.CloseRead(r.Context())
	h.mu.Lock()
	h.ws, h.header, h.uri = ws, r.Header.Clone(), r.URL.RequestURI()
	first := wire.AppendInitialState(nil, h.initial, h.now())
	h.mu.Unlock()
	_ = ws.Write(ctx, websocket.MessageText, first)
	ping(ctx, ws)
}

func ping(ctx context.Context, ws *websocket.Conn) {
	ticker := time.NewTicker(20 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			_ = ws.Ping(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func (h *fakeHub) now() time.Time { return time.Now().Add(h.ahead) }

// say sends a frame, and waits until the ranker is done with it.
func (h *fakeHub) say(frame string) {
	h.t.Helper()
	h.mu.Lock()
	ws := h.ws
	h.mu.Unlock()
	if err := ws.Write(h.t.Context(), websocket.MessageText, []byte(frame)); err != nil {
		h.t.Fatal(err)
	}
	synctest.Wait()
}

// update sends an update, stamped with the hub's time.
func (h *fakeHub) update(s quasar.Snapshot) {
	h.t.Helper()
	h.say(update(s, h.now()))
}

func update(s quasar.Snapshot, stamp time.Time) string {
	return string(wire.AppendMetricsUpdate(nil, &s, stamp))
}

// leave ends the connection without a word; those to come start with initial.
func (h *fakeHub) leave(initial ...quasar.Snapshot) {
	h.mu.Lock()
	h.initial = initial
	ws := h.ws
	h.mu.Unlock()
	_ = ws.CloseNow()
	synctest.Wait()
}

// snap is a snapshot that the hub stamped this very moment.
func (h *fakeHub) snap(name string, seq, buys, sells int64, accuracy float64) quasar.Snapshot {
	now := h.now()
	return quasar.Snapshot{
		SpaceName: name, Seq: seq, UpdatedAt: now, TrainingAt: now, VotingAt: now,
		Training: quasar.Training{AVNAccuracy: &accuracy},
		Voting:   quasar.Voting{BuyCount: &buys, SellCount: &sells, DominantSignal: new(quasar.Buy), LastPrice: new(100.0)},
	}
}

// running is a ranker that follows a hub until the test ends.
type running struct {
	*ranker.Ranker
	stop func() // ends Run, and returns when it has returned
}

func follow(t *testing.T, hub *fakeHub, opts *ranker.Options) *running {
	t.Helper()
	r := prepare(t, hub, opts)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: got the error %v, want none", err)
		}
	})
	t.Cleanup(stop)
	synctest.Wait()
	return &running{r, stop}
}

// prepare makes a ranker that does not run.
func prepare(t *testing.T, hub *fakeHub, opts *ranker.Options) *ranker.Ranker {
	t.Helper()
	if opts == nil {
		opts = &ranker.Options{}
	}
	opts.HubURL, opts.HTTPClient = "ws://localhost", hub.Client()
	r, err := ranker.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// bubble runs a test in fake time.
func bubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// ask makes a request of a ranker, from this machine.
func ask(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, "http://127.0.0.1:7861"+target, nil)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
			continue
		}
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}
