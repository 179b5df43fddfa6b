package app

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// The original's health is taken, too, whatever it says of its publishers.
func TestHealthOfAnotherHub(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"status": "ok", "publishers": 3, "uptime_seconds": 7.4}`))
	}))
	defer server.Close()
	if got := quasarCommand(t, "", "health", server.URL); got.code != exitOK || got.stdout != "ok, version unknown, up 7s\n" {
		t.Errorf("got %+v, want that it is well", got)
	}
}
