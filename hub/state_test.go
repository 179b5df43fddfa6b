package hub_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
)

// state is /api/state as far as these tests look at it; openapi_test.go holds its
// shape.
type state struct {
	Snapshots   map[string]quasar.Snapshot
	Order       string
	Rankings    []ranking
	Publishers  map[string]publisherRow
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
	Stripped        int64
	StrippedFields  map[string]int64 `json:"stripped_fields"`
	LastRejection   *struct {
		At     float64
		Reason string
	} `json:"last_rejection"`
	Note *string
}

type subscriberRow struct {
	ID        int64
	Client    string
	Assets    *[]string
	Sent      int64
	Conflated int64
	Pending   int64
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
	Stripped, Superseded            int64
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
