package app

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Profiles are for this machine, whatever else is allowed.
func TestTheAdminListenerIsOnLoopbackAlone(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.org:0", "127.0.0.1", "localhost.example.org:1"} {
		got := quasarCommand(t, "", "hub", "--listen", "127.0.0.1:0", "--insecure-allow-anonymous", "--admin-listen", address)
		if got.code != exitConfiguration || !strings.Contains(got.stderr, "admin-listen address: got ") {
			t.Errorf("%s: got %d and %q, want %d", address, got.code, got.stderr, exitConfiguration)
		}
	}
	for _, address := range []string{"127.0.0.1:0", "localhost:0", "127.1.2.3:0"} {
		l, err := listenAdmin(t.Context(), address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		l.Close()
	}
}

func TestAnAdminListenerWhosePortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := quasarCommand(t, "", "hub", "--listen", "127.0.0.1:0", "--admin-listen", l.Addr().String())
	if got.code != exitFailure || !strings.Contains(got.stderr, "--admin-listen") {
		t.Errorf("got %+v", got)
	}
}

func TestTheAdminListenerServesProfilesAndNoCommandLine(t *testing.T) {
	admin := newAdmin()
	for _, c := range []struct {
		name, method, path, host, site string
		want                           int
	}{
		{"the index", "GET", "/debug/pprof/", "127.0.0.1:1", "none", 200},
		{"a profile of memory", "GET", "/debug/pprof/heap", "localhost", "", 200},
		{"goroutines as text", "GET", "/debug/pprof/goroutine?debug=2", "[::1]:1", "same-origin", 200},
		{"symbols", "GET", "/debug/pprof/symbol", "localhost", "", 200},
		{"the command line", "GET", "/debug/pprof/cmdline", "localhost", "", 404},
		{"anything else", "GET", "/metrics", "localhost", "", 404},
		{"another method", "POST", "/debug/pprof/symbol", "localhost", "", 405},
		{"a stranger's domain that points here", "GET", "/debug/pprof/", "evil.example", "", 403},
		{"an image in a stranger's page", "GET", "/debug/pprof/profile?seconds=30", "localhost", "cross-site", 403},
		{"a page of another port", "GET", "/debug/pprof/profile", "localhost", "same-site", 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil)
			r.Host = c.host
			if c.site != "" {
				r.Header.Set("Sec-Fetch-Site", c.site)
			}
			w := httptest.NewRecorder()
			if admin.ServeHTTP(w, r); w.Code != c.want {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, c.want)
			}
		})
	}
}

// A profile that takes half a minute does not hold up the end.
func TestTheEndDoesNotWaitForAProfile(t *testing.T) {
	l, err := listenAdmin(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- serveAdmin(ctx, l, slog.New(slog.DiscardHandler)) }()
	asking, hangUp := context.WithCancel(t.Context())
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		r, _ := http.NewRequestWithContext(asking, http.MethodGet, "http://"+l.Addr().String()+"/debug/pprof/trace?seconds=600", nil)
		if answer, err := http.DefaultClient.Do(r); err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
	}()
	time.Sleep(100 * time.Millisecond) // it is under way, or else there is nothing to wait for
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	hangUp()
	<-asked
}

// What net/http complains of goes to the log like everything else, in lines whose
// number is bounded.
func TestComplaintsOfTheServerAreLogged(t *testing.T) {
	var out bytes.Buffer
	log, err := logger(&out, slog.LevelInfo, "json")
	if err != nil {
		t.Fatal(err)
	}
	server := serverLog(log)
	for range 10_000 {
		server.Printf("http: TLS handshake error from 127.0.0.1:1: \u202e\nlevel=ERROR")
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) < 200 || len(lines) > 1000 {
		t.Errorf("got %d lines, want a few hundred", len(lines))
	}
	if want := `"level":"WARN","msg":"http server","problem":"http: TLS handshake error from 127.0.0.1:1: \u202e\nlevel=ERROR"}`; !strings.HasSuffix(lines[0], want) {
		t.Errorf("got %s, want %s", lines[0], want)
	}
}
