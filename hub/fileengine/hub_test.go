package fileengine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/fileengine"
	"github.com/karlquant/quasar/publisher"
)

// life is a hub that keeps its state in a directory, on a port.
type life struct {
	hub    *hub.Hub
	url    string
	finish func()
}

func live(t *testing.T, dir string) *life {
	t.Helper()
	e, err := fileengine.Open(dir, "h1", &fileengine.Options{Every: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	h, err := hub.New(&hub.Options{ID: "h1", Engine: e})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	finish := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		server.Close()
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	t.Cleanup(finish)
	return &life{h, server.URL, finish}
}

// snapshots are those that the hub shows, without seq, which changes in between.
func (l *life) snapshots(t *testing.T) map[string]quasar.Snapshot {
	t.Helper()
	w := httptest.NewRecorder()
	l.hub.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/api/state", nil))
	var state struct {
		Snapshots map[string]quasar.Snapshot `json:"snapshots"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &state); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	for name, s := range state.Snapshots {
		s.Seq = 0
		state.Snapshots[name] = s
	}
	return state.Snapshots
}

// flood publishes as fast as it goes until the time is over.
func flood(t *testing.T, url, space string, d time.Duration) {
	p, err := publisher.New(space, url, nil)
	if err != nil {
		t.Error(err)
		return
	}
	p.Start()
	for n, end := int64(1), time.Now().Add(d); time.Now().Before(end); n++ {
		p.Publish(
			quasar.Training{TrainingSteps: &n, ActorLoss: new(1 / float64(n))},
			quasar.Voting{BuyCount: &n, LastPrice: new(float64(n)), SignalSource: new(fmt.Sprint("source ", n))},
		)
		time.Sleep(100 * time.Microsecond)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := p.Close(ctx); err != nil {
		t.Error(err)
	}
}

// What the hub showed last is what the next one starts from, to the last field,
// though the file was written while updates came in.
func TestAHubStartsFromWhatItShowedLast(t *testing.T) {
	dir := t.TempDir()
	first := live(t, dir)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() { flood(t, first.url, fmt.Sprintf("S%d", i), 500*time.Millisecond) })
	}
	all.Wait()
	first.finish()
	want := first.snapshots(t)
	if len(want) != 4 {
		t.Fatalf("got %d spaces, want 4", len(want))
	}
	if diff := cmp.Diff(want, live(t, dir).snapshots(t)); diff != "" {
		t.Errorf("-last +first\n%s", diff)
	}
}
