package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar/publisher"
)

func TestASpaceSaysThatItLives(t *testing.T) {
	stats := publisher.Stats{}
	s := &spaceServer{name: "V75", stats: func() publisher.Stats { return stats }, since: time.Now()}
	get := func(path string) (*httptest.ResponseRecorder, string) {
		w := httptest.NewRecorder()
		s.handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w, w.Body.String()
	}
	for _, test := range []struct {
		name, path, want string
		connected        bool
	}{
		{name: "without a hub it is well all the same", path: "/health", want: `"connected":false`},
		{name: "with one it says so", path: "/health", connected: true, want: `"connected":true`},
		{name: "the page names the space", path: "/", want: "<h1>V75</h1>"},
		{name: "the page says that the hub is away", path: "/", want: "no connection to its hub"},
		{name: "it lives", path: "/livez", want: "ok"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stats.Connected = test.connected
			if w, body := get(test.path); w.Code != http.StatusOK || !strings.Contains(body, test.want) {
				t.Errorf("got %d %s, want %s", w.Code, body, test.want)
			}
		})
	}
	if w, _ := get("/elsewhere"); w.Code != http.StatusNotFound {
		t.Errorf("got %d, want 404 for what is not there", w.Code)
	}
}

func TestASpacesPageIsShownInItsFrameAndInNoOther(t *testing.T) {
	s := &spaceServer{name: "V75", stats: func() publisher.Stats { return publisher.Stats{} }}
	for id, want := range map[string]string{"": "frame-ancestors 'none'", "owner/v75": "frame-ancestors https://huggingface.co"} {
		t.Setenv("SPACE_ID", id)
		w := httptest.NewRecorder()
		s.handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
		if got := w.Header().Get("Content-Security-Policy"); !strings.HasSuffix(got, want) {
			t.Errorf("SPACE_ID %q: got the policy %q, want it to end with %s", id, got, want)
		}
	}
}
