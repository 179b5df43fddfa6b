package guard

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestCheckListen(t *testing.T) {
	for addr, loopback := range map[string]bool{
		"127.0.0.1:7860": true, "127.8.9.1:0": true, "[::1]:7860": true, "localhost:7860": true, "[::ffff:127.0.0.1]:1": true,
		":7860": false, "0.0.0.0:7860": false, "[::]:7860": false, "192.168.1.5:7860": false, "example.org:80": false, "localhost.example.org:80": false,
	} {
		if err := CheckListen(addr); (err == nil) != loopback || err != nil && !errors.Is(err, ErrNotLoopback) {
			t.Errorf("%s: got %v", addr, err)
		}
	}
	if err := CheckListen("7860"); err == nil || errors.Is(err, ErrNotLoopback) {
		t.Errorf("no port: got %v", err)
	}
}

// DNS rebinding: a same-origin check passes where Host and Origin are both the
// attacker's, so the Host has to be known.
func TestCheckHost(t *testing.T) {
	allowed := []string{"owner-hub.hf.space"}
	for host, ok := range map[string]bool{
		"localhost": true, "localhost:7860": true, "LOCALHOST:1": true, "hub.localhost": true, "127.0.0.1:7860": true,
		"[::1]:7860": true, "[::1]": true, "192.168.1.5:7860": true, "10.0.0.1": true, "owner-hub.hf.space": true, "Owner-Hub.hf.space:443": true,
		"evil.example": false, "evil.example:7860": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false, "": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		if err := CheckHost(r, allowed); (err == nil) != ok {
			t.Errorf("%q: got %v", host, err)
		}
	}
}

// Cross-site WebSocket hijacking: browsers open WebSockets to anywhere.
func TestCheckOrigin(t *testing.T) {
	for _, c := range []struct {
		origins []string
		ok      bool
	}{
		{nil, true},
		{[]string{"http://localhost:7860"}, true},
		{[]string{"https://localhost:7860"}, true}, // TLS ends at a proxy
		{[]string{"https://dash.example"}, true},
		{[]string{"http://localhost:7861"}, false},
		{[]string{"http://localhost"}, false},
		{[]string{"http://evil.example"}, false},
		{[]string{"null"}, false},
		{[]string{""}, false},
		{[]string{"http://localhost:7860.evil.example"}, false},
		{[]string{"http://user@localhost:7860"}, false},
		{[]string{"http://localhost:7860/path"}, false},
		{[]string{"file://localhost:7860"}, false},
		{[]string{"http://localhost:7860", "http://evil.example"}, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/ws/subscribe", nil)
		r.Host = "localhost:7860"
		r.Header["Origin"] = c.origins
		if err := CheckOrigin(r, []string{"https://dash.example"}); (err == nil) != c.ok {
			t.Errorf("%q: got %v", c.origins, err)
		}
	}
}

func TestHostsAnswersAProblem(t *testing.T) {
	handler := Hosts(nil, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for host, want := range map[string]int{"localhost:1": http.StatusNoContent, "evil.example": http.StatusForbidden} {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Host = host
		handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: got %d, want %d", host, w.Code, want)
		}
	}
}
