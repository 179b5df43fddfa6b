package hub_test

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
)

// The page of a ranker is a link on ours: it is one that a browser opens, or the hub
// does not start.
func TestRankerURL(t *testing.T) {
	s := hubtest.New(t, &hub.Options{RankerURL: "https://ranker.example/quasar/"})
	if _, body := get(t, s, "/api/state"); !strings.Contains(body, `"ranker_url":"https://ranker.example/quasar/"`) {
		t.Errorf("got %s, want the ranker's page in it", body)
	}
	if _, body := get(t, hubtest.New(t, nil), "/api/state"); !strings.Contains(body, `"ranker_url":null`) {
		t.Errorf("got %s, want no ranker in it", body)
	}
	for _, bad := range []string{"ranker.example", "javascript:alert(1)", "https://", "https://me:secret@ranker.example/", "ws://ranker.example/", "http://[::1", "/ranker"} {
		if _, err := hub.New(&hub.Options{RankerURL: bad}); err == nil {
			t.Errorf("%q: got a hub, want an error", bad)
		}
	}
}

// Pages of strangers: no Origin but our own opens a WebSocket (cross-site WebSocket
// hijacking), no Host but a known one is answered at all (DNS rebinding, where Host
// and Origin are both the attacker's), and no answer is shared with other origins.
func TestOriginAndHost(t *testing.T) {
	s := hubtest.New(t, &hub.Options{AllowedHosts: []string{"owner-hub.hf.space"}, AllowedOrigins: []string{"https://dash.example"}})
	for _, c := range []struct {
		name, host, origin string
		want               int
	}{
		{"no browser", "localhost:7860", "", 101},
		{"our own page", "localhost:7860", "http://localhost:7860", 101},
		{"our own page behind a proxy", "owner-hub.hf.space", "https://owner-hub.hf.space", 101},
		{"a page that was allowed", "127.0.0.1:7860", "https://dash.example", 101},
		{"another port", "localhost:7860", "http://localhost:3000", 403},
		{"a stranger", "localhost:7860", "https://evil.example", 403},
		{"a file or a sandbox", "localhost:7860", "null", 403},
		{"two origins", "localhost:7860", "http://localhost:7860\r\nOrigin: https://evil.example", 403},
		{"rebinding", "evil.example", "http://evil.example", 403},
		{"rebinding without an origin", "evil.example:7860", "", 403},
	} {
		for _, path := range []string{"/ws/publish/V75", "/ws/subscribe"} {
			conn, err := s.Dial(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			request := strings.Replace(strings.Replace(handshake, "%s", path, 1), "hub.localhost", c.host, 1)
			headers := ""
			if c.origin != "" {
				headers = "Origin: " + c.origin + "\r\n"
			}
			_, answer := shakeRaw(t, conn, strings.Replace(request, "%s", headers, 1), http.MethodGet)
			if c.want == http.StatusSwitchingProtocols {
				if answer.StatusCode != c.want {
					t.Errorf("%s: %s: got %s", c.name, path, answer.Status)
				}
			} else {
				checkProblem(t, c.name+": "+path, answer, c.want)
			}
			conn.Close()
		}
	}
	for _, path := range []string{"/", "/rankings", "/metrics/V75", "/metrics", "/health", "/api/state", "/livez", "/readyz", "/openapi.json", "/nothing"} {
		checkProblem(t, path, ask(t, s, http.MethodGet, path, "Host: evil.example"), http.StatusForbidden)
		answer := ask(t, s, http.MethodGet, path, "Origin: https://evil.example")
		for name := range answer.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: got the header %s", path, name)
			}
		}
	}
}

// The user's own page is served as it is, without our policy, and anew when it was
// edited; ours stays at /ui/ under a strict policy.
func TestPages(t *testing.T) {
	mine := filepath.Join(t.TempDir(), "mine.html")
	const first = "<!doctype html><script>alert('mine')</script>"
	if err := os.WriteFile(mine, []byte(first), 0o600); err != nil {
		t.Fatal(err)
	}
	s := hubtest.New(t, &hub.Options{
		DashboardHTML: mine, FrameAncestors: []string{"https://huggingface.co"},
		UI:  fstest.MapFS{"index.html": {Data: []byte("ours")}, "shared/app.js": {Data: []byte("1")}},
		SDK: fstest.MapFS{"websocket_client.py": {Data: []byte("import json")}},
	})
	check := func(path, body, kind, policy string) {
		t.Helper()
		answer := ask(t, s, http.MethodGet, path)
		got, _ := io.ReadAll(answer.Body)
		if answer.StatusCode != http.StatusOK || string(got) != body || answer.Header.Get("Content-Type") != kind || answer.Header.Get("Content-Security-Policy") != policy {
			t.Errorf("%s: got %s %q, type %q, policy %q", path, answer.Status, got, answer.Header.Get("Content-Type"), answer.Header.Get("Content-Security-Policy"))
		}
	}
	const html, policy = "text/html; charset=utf-8", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors https://huggingface.co"
	check("/", first, html, "")
	if err := os.WriteFile(mine, []byte("edited"), 0o600); err != nil {
		t.Fatal(err)
	}
	check("/", "edited", html, "")
	check("/ui/", "ours", html, policy)
	check("/ui/index.html", "ours", html, policy)
	check("/ui/shared/app.js", "1", "text/javascript; charset=utf-8", policy)
	check("/sdk/websocket_client.py", "import json", "text/x-python; charset=utf-8", strings.Replace(policy, "https://huggingface.co", "'none'", 1))
	checkProblem(t, "a page that names nothing", ask(t, s, http.MethodGet, "/ui/none.js"), http.StatusNotFound)
	if err := os.Remove(mine); err != nil {
		t.Fatal(err)
	}
	checkProblem(t, "a page that is gone", ask(t, s, http.MethodGet, "/"), http.StatusInternalServerError)

	s = hubtest.New(t, &hub.Options{UI: fstest.MapFS{"index.html": {Data: []byte("ours")}}})
	check("/", "ours", html, strings.Replace(policy, "https://huggingface.co", "'none'", 1))
	s = hubtest.New(t, nil)
	check("/", "Quasar hub. This build has no dashboard; the data is at /rankings, /api/state and /openapi.json.\n", "text/plain; charset=utf-8", "")
}

// No browser guesses what an answer of ours is, shares it with another origin, or
// runs what is not ours in a page of ours. The user's own page is the user's.
func TestSecurityHeaders(t *testing.T) {
	k := newTokens(t)
	s := hubtest.New(t, &hub.Options{UI: apiPages, SDK: apiSDK, Authenticator: k.store})
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	for _, e := range everyEndpoint {
		for _, token := range []string{k.secret["viewer"], k.secret["wrong"]} {
			answer := ask(t, s, http.MethodGet, e.path, "X-Quasar-Token: "+token, "Origin: http://hub.localhost")
			if got := answer.Header.Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("%s: %s: got X-Content-Type-Options: %q", e.path, answer.Status, got)
			}
			if got := answer.Header.Get("Content-Security-Policy"); strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") && got != policy {
				t.Errorf("%s: got the policy %q", e.path, got)
			}
			for name := range answer.Header {
				if strings.HasPrefix(name, "Access-Control-") || name == "Server" || name == "X-Powered-By" {
					t.Errorf("%s: got the header %s", e.path, name)
				}
			}
		}
	}
}

// A pipe, a directory or a huge file is no page, and opening it must not block.
func TestWhatIsNoPage(t *testing.T) {
	dir := t.TempDir()
	huge := filepath.Join(dir, "huge.html")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 17<<20); err != nil {
		t.Fatal(err)
	}
	paths := []string{dir, huge, filepath.Join(dir, "none")}
	pipe := filepath.Join(dir, "pipe")
	if exec.Command("mkfifo", pipe).Run() == nil {
		paths = append(paths, pipe)
	}
	for _, path := range paths {
		s := hubtest.New(t, &hub.Options{DashboardHTML: path})
		checkProblem(t, path, ask(t, s, http.MethodGet, "/"), http.StatusInternalServerError)
	}
}
