package hub_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/internal/wire"
)

// state is /api/state as far as these tests look at it; openapi_test.go holds its
// shape.
type state struct {
	Snapshots  map[string]quasar.Snapshot
	Order      string
	Rankings   []ranking
	Publishers map[string]publisherRow
	Owners     map[string]struct {
		HubID        string   `json:"hub_id"`
		SupersededAt []string `json:"superseded_at"`
	}
	Subscribers []subscriberRow
	Events      []event
	Stats       stats
}

type ranking struct {
	Rank             *int
	SpaceName        string   `json:"space_name"`
	Score            *float64 `json:"score"`
	SignalConfidence *float64 `json:"signal_confidence"`
	AVNAccuracy      *float64 `json:"avn_accuracy"`
	DominantSignal   *string  `json:"dominant_signal"`
	Reason           *string
	Connected, Stale bool
	Suspect          bool
	AgeSeconds       float64 `json:"age_seconds"`
	Snapshot         quasar.Snapshot
}

type publisherRow struct {
	Connected       bool
	LiveConnections int `json:"live_connections"`
	Connects        int64
	ConnectedAt     *float64 `json:"connected_at"`
	DisconnectedAt  *float64 `json:"disconnected_at"`
	LastFrameAt     *float64 `json:"last_frame_at"`
	Accepted        int64
	Rejected        int64
	FieldErrors     int64 `json:"field_errors"`
	NonFinite       int64 `json:"non_finite"`
	Superseded      int64
	Throttled       int64
	Stripped        int64
	StrippedFields  map[string]int64 `json:"stripped_fields"`
	Implausible     int64
	Suspect         *suspicion
	LastRejection   *struct {
		At     float64
		Reason string
	} `json:"last_rejection"`
	Note *string
}

type suspicion struct {
	Since, Until float64
	Reasons      map[string]string
}

type subscriberRow struct {
	ID         int64
	Client     string
	Assets     *[]string
	Compressed bool
	Sent       int64
	Conflated  int64
	Pending    int64
}

type event struct {
	At        float64
	Kind      string
	SpaceName *string `json:"space_name"`
	Text      string
}

type stats struct {
	Publishers, Subscribers, Assets int
	Accepted, Rejected              int64
	FieldErrors                     int64 `json:"field_errors"`
	NonFinite                       int64 `json:"non_finite"`
	Stripped, Superseded, Throttled int64
	Implausible                     int64
	Suspects                        int
	Broadcasts, Conflated           int64
	UpdatesPerSecond                float64 `json:"updates_per_second"`
}

// stateOf asks a hub that has no port.
func stateOf(t testing.TB, h *hub.Hub) state {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/api/state", nil)
	r.Host = "localhost"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var s state
	if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil || w.Code != http.StatusOK {
		t.Fatalf("got %d %s (%v)", w.Code, w.Body, err)
	}
	return s
}

// row returns the publisher's row of a space, which must be there.
func row(t testing.TB, s *hubtest.Server, space string) publisherRow {
	t.Helper()
	r, ok := stateOf(t, s.Hub).Publishers[space]
	if !ok {
		t.Fatalf("no row of %s", space)
	}
	return r
}

// steps is a frame that sets training_steps.
func steps(n int) string {
	return string(wire.AppendUpdate(nil, quasar.UpdateOf(&quasar.Training{TrainingSteps: new(int64(n))}, nil)))
}

// votes is a frame that sets both counts.
func votes(buy, sell int) string {
	return string(wire.AppendUpdate(nil, quasar.UpdateOf(nil, &quasar.Voting{BuyCount: new(int64(buy)), SellCount: new(int64(sell))})))
}

// stepsOf returns the training_steps of the snapshots, in their order.
func stepsOf(t testing.TB, frames []wire.HubFrame) []int64 {
	t.Helper()
	var out []int64
	for _, f := range frames {
		for _, s := range f.Snapshots {
			if s.Training.TrainingSteps == nil {
				t.Fatalf("got no training_steps in %+v", s)
			}
			out = append(out, *s.Training.TrainingSteps)
		}
	}
	return out
}

// get asks the hub and returns the status and the body.
func get(t testing.TB, s *hubtest.Server, path string) (int, string) {
	t.Helper()
	answer := ask(t, s, http.MethodGet, path)
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// ask sends a request with headers ("Name: value") whose answer is closed when
// the test ends.
func ask(t testing.TB, s *hubtest.Server, method, path string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Add(name, value)
	}
	client := s.HTTPClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// eventually waits for what another goroutine is about to bring about.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

// checkProblem holds that an answer is an error as RFC 9457 has it, and is no
// redirect.
func checkProblem(t testing.TB, what string, answer *http.Response, status int) {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != status {
		t.Errorf("%s: got %s %s, want %d", what, answer.Status, body, status)
		return
	}
	if kind := answer.Header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("%s: got the type %q of %s", what, kind, body)
	}
	var got struct {
		Type, Title, Detail string
		Status              int
	}
	if err := json.Unmarshal(body, &got); err != nil || got.Type != "about:blank" || got.Status != status || got.Title != http.StatusText(status) || got.Detail == "" {
		t.Errorf("%s: got the problem %s (%v)", what, body, err)
	}
}
