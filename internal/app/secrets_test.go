package app

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	hushToken         = "qsr_pub_0123456789abcdefABCDEFhushhushhush"
	hushAuthorization = "Bearer hf_hushHUSHhush"
)

// tells looks for a secret in what a command printed.
func tells(got result) bool {
	text := strings.ToLower(got.stdout + got.stderr)
	return strings.Contains(text, "hush")
}

// Whoever answers may repeat what it was sent, in any part of its answer. A person
// copies what is printed into a report.
func TestAnEchoOfTheCredentialsIsNotPrinted(t *testing.T) {
	headers := func(r *http.Request) string {
		return fmt.Sprintf("%s; %s", r.Header.Get("X-Quasar-Token"), r.Header.Get("Authorization"))
	}
	for name, echo := range map[string]http.HandlerFunc{
		"a refusal": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"detail": "credential: got %s"}`, headers(r))
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/?"+headers(r))
			w.WriteHeader(http.StatusFound)
		},
		"a key twice": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `{"%[1]s": 1, "%[1]s": 2}`, headers(r))
		},
		"no HTTP": func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprintf(conn, "HTTP/1.1 %s\r\n\r\n", headers(r))
			_ = conn.Close()
		},
	} {
		server := httptest.NewServer(echo)
		for _, args := range [][]string{
			{"health"}, {"watch", "--once"}, {"publish", "V75", "--training-steps", "1", "--timeout", "2s", "--log-level", "debug"},
		} {
			got := quasarCommand(t, "", append(args, "--hub", server.URL, "--token", hushToken, "--authorization", hushAuthorization)...)
			if got.code == exitOK || tells(got) {
				t.Errorf("%s to %v: got %+v, want a failure that tells no secret", name, args, got)
			}
		}
		server.Close()
	}
}

// Somebody puts a password or a token where an address belongs: no error repeats it.
func TestASecretInAnAddressIsNotPrinted(t *testing.T) {
	for _, address := range []string{
		"ws://me:hush@127.0.0.1:1", "ws://hush@127.0.0.1:1", "ftp://me:hush@127.0.0.1:1", "ws://me:hush@127.0.0.1:x1", "ws://127.0.0.1:%zz/?token=hush",
		"http://[::1/?token=hush", "ws://127.0.0.1:1/?token=hush", "ws://127.0.0.1:1/#hush", "me:hush@127.0.0.1:1", hushToken + "://127.0.0.1:1", "ws://127.0.0.1:1/" + hushToken,
	} {
		for _, args := range [][]string{
			{"health", address}, {"watch", "--once", "--hub", address}, {"publish", "V75", "--training-steps", "1", "--hub", address},
			{"compare", "--theirs", address}, {"deriv", "symbols", "--url", address},
		} {
			if got := quasarCommand(t, "", args...); got.code == exitOK || tells(got) {
				t.Errorf("%v: got %+v, want a failure that tells no secret", args, got)
			}
		}
		if strings.Contains(address, "qsr_") {
			continue // as a path it may be one
		}
		for _, args := range [][]string{{"space", "V75", "--hub", address}, {"hub", "--listen", "127.0.0.1:0", "--ranker-url", address + "#hush"}} {
			if got := quasarCommand(t, "", args...); got.code != exitConfiguration || tells(got) {
				t.Errorf("%v: got %+v, want %d and no secret", args, got, exitConfiguration)
			}
		}
	}
}

// A token that stands in a file of another shape is not repeated, nor are the types of
// the parser.
func TestAConfigurationOfAnotherShape(t *testing.T) {
	for text, want := range map[string]string{
		"token: " + hushToken + "\n": "line 1: got something else, want sections",
		hushToken + "\n":             "line 1: got something else, want sections",
		"- hub\n":                    "line 1: got something else, want sections",
		"hub:\n  - token: hush\n":    "line 2: got something else, want sections",
		"hub:\n  listen: a\nhub:\n":  `line 3: mapping key "hub" already defined at line 1`,
		"hub: {\n":                   "line 1: did not find",
	} {
		file := filepath.Join(t.TempDir(), "quasar.conf")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got := quasarCommand(t, "", "hub", "--config", file)
		if got.code != exitConfiguration || !strings.Contains(got.stderr, want) || tells(got) || strings.Contains(got.stderr, "unmarshal") || strings.Contains(got.stderr, "yaml: ") {
			t.Errorf("%q: got %+v, want %q", text, got, want)
		}
	}
}

// What a server says of itself must not steer the terminal of who asks.
func TestHealthIsHarmless(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"status": "ok", "version": "\u001b[2J1", "engine": {"problem": "\u001b]0;x"}, "publishers": {"\u001b[1m": {"last_rejection": {"reason": "\u009b1m"}}}}`)
	}))
	defer server.Close()
	if got := quasarCommand(t, "", "health", server.URL); got.code != exitOK || strings.ContainsAny(got.stdout, "\x1b\u009b") {
		t.Errorf("got %+v, want nothing that steers a terminal", got)
	}
}
