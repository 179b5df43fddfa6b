package app

import (
	"cmp"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const proxyWants = "Bearer hf_sesame-open"

// proxyGuard is a proxy that speaks TLS and hands on to a hub what brings its own
// Authorization, as that of a private Hugging Face Space does; it keeps that header.
type proxyGuard struct {
	*httptest.Server

	mu      sync.Mutex // guards clients
	clients map[string]bool
}

func newProxyGuard(t *testing.T, i *issued, hub string) *proxyGuard {
	t.Helper()
	target, err := url.Parse(hub)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(i.cert, i.key)
	if err != nil {
		t.Fatal(err)
	}
	g := &proxyGuard{clients: make(map[string]bool)}
	onward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = target.Host
		r.Out.Header.Del("Authorization")
	}}
	g.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != proxyWants {
			http.Error(w, "Sorry, we can't find the page you are looking for.", http.StatusNotFound)
			return
		}
		g.mu.Lock()
		g.clients[r.UserAgent()] = true
		g.mu.Unlock()
		onward.ServeHTTP(w, r)
	}))
	g.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	g.StartTLS()
	t.Cleanup(g.CloseClientConnections)
	t.Cleanup(g.Close)
	return g
}

func (g *proxyGuard) saw(client string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for name := range g.clients {
		if strings.HasPrefix(name, "quasar") && strings.Contains(name, client) {
			return true
		}
	}
	return false
}

// A hub behind a proxy that wants a credential of its own: each client brings both,
// and neither credential is in anything that is printed.
func TestAHubBehindAProxyThatWantsAnAuthorization(t *testing.T) {
	dir := t.TempDir()
	tokens := filepath.Join(dir, "tokens.jsonl")
	publish := newSecret(t, "--role", "publisher", "--space", "V75", "--space", "PY", "--space", "LIVE", "--file", tokens)
	view := newSecret(t, "--role", "viewer", "--file", tokens)
	hub := start(t, "hub", "--listen", "127.0.0.1:0", "--tokens-file", tokens, "--log-level", "debug")
	i := newIssued(t)
	proxy := newProxyGuard(t, i, strings.TrimSuffix(hub.pages(t, 1)[0], "/"))
	wss := strings.Replace(proxy.URL, "https", "wss", 1)
	held := filepath.Join(dir, "held")
	if err := os.WriteFile(held, []byte(proxyWants+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	command := func(want int, token string, args ...string) string {
		t.Helper()
		t.Setenv("QUASAR_TOKEN", token)
		r := quasarCommand(t, "", append(args, "--ca-file", i.cert)...)
		if r.code != want {
			t.Errorf("quasar %s: got %+v, want %d", args[0], r, want)
		}
		said.WriteString(r.stdout + r.stderr)
		return r.stdout
	}
	one := []string{"publish", "V75", "--hub", wss, "--training-steps", "7", "--avn-accuracy", "0.5", "--buy-count", "7", "--sell-count", "3"}
	command(exitNoConnection, publish, append(one, "--timeout", "500ms")...)
	command(exitOK, publish, append(one, "--authorization-file", held)...)

	t.Setenv("QUASAR_AUTHORIZATION", proxyWants)
	command(exitOK, publish, one...)
	command(exitNoConnection, view, append(one, "--timeout", "500ms")...)
	if got := command(exitOK, view, "watch", "--once", "--hub", wss); !strings.Contains(got, "V75") {
		t.Errorf("watch: got %s", got)
	}
	if got := command(exitOK, view, "health", proxy.URL); !strings.Contains(got, "V75") {
		t.Errorf("health: got %s", got)
	}
	ranks := start(t, "rank", "--hub", wss, "--ca-file", i.cert, "--listen", "127.0.0.1:0", "--json", "--log-level", "debug")
	eventually(t, func() bool { return strings.Contains(ranks.stdout.String(), `"V75"`) }, ranks.stderr.String)
	t.Setenv("QUASAR_TOKEN", publish)
	lives := start(t, "space", "LIVE", "--index", "V75", "--seed", "1", "--hub", wss, "--ca-file", i.cert, "--log-level", "debug")
	eventually(t, func() bool { return strings.Contains(lives.stderr.String(), "connected to the hub") }, lives.stderr.String)

	t.Run("Python", func(t *testing.T) {
		python, err := exec.LookPath(cmp.Or(os.Getenv("PYTHON"), "python3"))
		if err != nil {
			t.Skip("no Python: install python3 to publish from it")
		}
		script := exec.CommandContext(t.Context(), python, "-c", useToken, wss, publish, "600")
		script.Env = append(os.Environ(), "PYTHONPATH=../../python", "PYTHONDONTWRITEBYTECODE=1", "SSL_CERT_FILE="+i.cert)
		out, err := script.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "\nSENT") || !proxy.saw("quasar-client/") {
			t.Errorf("got %v\n%s", err, out)
		}
		said.Write(out)
	})
	for _, client := range []string{" (publisher)", " (subscriber)", " (command)"} {
		if !proxy.saw(client) {
			t.Errorf("no client called itself %q; got %v", client, proxy.clients)
		}
	}
	for _, b := range []*background{ranks, lives, hub} {
		b.interrupt()
		said.WriteString(b.stdout.String() + b.stderr.String())
	}
	if all := said.String(); strings.Contains(all, "sesame") || strings.Contains(all, publish[9:]) || strings.Contains(all, view[9:]) {
		t.Errorf("a credential is in what was printed:\n%s", all)
	}
}

// Where it would be read on the way, it does not leave, and the command says so
// before it asks anybody.
func TestAnAuthorizationDoesNotLeaveInTheClear(t *testing.T) {
	t.Setenv("QUASAR_AUTHORIZATION", proxyWants)
	const want = "authorization: got a hub without TLS beyond this machine"
	for _, args := range [][]string{
		{"publish", "V75", "--training-steps", "1", "--hub", "ws://hub.example"},
		{"watch", "--hub", "ws://hub.example"},
		{"watch", "--once", "--hub", "ws://hub.example"},
		{"health", "http://hub.example"},
		{"health", "hub.example:7860"},
		{"space", "V75", "--hub", "http://hub.example"},
		{"rank", "--hub", "ws://hub.example", "--listen", "127.0.0.1:0"},
		{"record", "--hub", "ws://hub.example", "--dir", t.TempDir()},
	} {
		begin := time.Now()
		got := quasarCommand(t, "", args...)
		if got.code != exitConfiguration || !strings.Contains(got.stderr, want) || strings.Contains(got.stderr, "sesame") {
			t.Errorf("quasar %s: got %+v after %v, want %d and %q", args[0], got, time.Since(begin), exitConfiguration, want)
		}
	}
	asked := make(chan http.Header, 10)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.Header }))
	defer other.Close()
	moved := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer moved.Close()
	for _, args := range [][]string{{"health", moved.URL}, {"watch", "--once", "--hub", moved.URL}} {
		if got := quasarCommand(t, "", args...); got.code == exitOK || len(asked) > 0 || strings.Contains(got.stderr, "sesame") {
			t.Errorf("quasar %s, redirected: got %+v, and %d requests at the other", args[0], got, len(asked))
		}
	}
	t.Setenv("QUASAR_AUTHORIZATION", "hf_sesame")
	if got := quasarCommand(t, "", "health", "https://hub.example"); got.code != exitConfiguration || strings.Contains(got.stderr, "sesame") {
		t.Errorf("a word alone: got %+v", got)
	}
}
