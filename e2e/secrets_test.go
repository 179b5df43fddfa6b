//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A hub whose tokens are in use, in the right places and in wrong ones, is asked
// for all that it tells of itself, and then dies and leaves its stacks. Nowhere in
// that is a token.
func TestNoTokenIsInAnythingThatAHubLeaves(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) { leaveNoToken(t, format) })
	}
}

func leaveNoToken(t *testing.T, format string) {
	folder := t.TempDir()
	file, data := filepath.Join(folder, "tokens.jsonl"), filepath.Join(folder, "data")
	tokens := map[string]string{
		"publisher":  newToken(t, file, "--role", "publisher", "--space", "V75"),
		"subscriber": newToken(t, file, "--role", "subscriber"),
		"viewer":     newToken(t, file, "--role", "viewer"),
		"admin":      newToken(t, file, "--role", "admin"),
	}
	h, admin := &hub{address: freeAddress(t)}, freeAddress(t)
	cmd := exec.Command(quasarBinary, "hub", "--listen", h.address, "--tokens-file", file, "--data-dir", data,
		"--admin-listen", admin, "--log-level", "debug", "--log-format", format)
	cmd.Env = append(os.Environ(), "GOTRACEBACK=system")
	h.process = start(t, "quasar hub", cmd)
	h.awaitAlive()

	var left bytes.Buffer
	for _, token := range tokens {
		useEverywhere(t, h, token)
	}
	pub := dialWith(t, h.ws("/ws/publish/V75"), tokens["publisher"])
	dialWith(t, h.ws("/ws/subscribe"), tokens["subscriber"])
	if err := pub.Write(t.Context(), websocket.MessageText, []byte(`{"type":"training","data":{"training_steps":1}}`)); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{h.address + "/metrics", h.address + "/health", h.address + "/api/state", h.address + "/rankings",
		admin + "/debug/pprof/goroutine?debug=2", admin + "/debug/pprof/heap?debug=1", admin + "/debug/pprof/", admin + "/debug/pprof/cmdline"} {
		status, body := request(t, "http://"+address, "Authorization", "Bearer "+tokens["viewer"])
		if status != http.StatusOK && !strings.HasSuffix(address, "/cmdline") {
			t.Errorf("%s: got %d %s", address, status, body)
		}
		left.Write(body)
	}
	time.Sleep(1500 * time.Millisecond) // the state is written once a second
	if err := h.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	if err := h.wait(); err == nil {
		t.Error("SIGQUIT: got a good end, want a crash")
	}
	left.WriteString(h.errors())
	collect(t, folder, &left)

	for _, want := range []string{"goroutine 1 ", "publisher connected", `training_steps`, `"sha256"`} {
		if !strings.Contains(left.String(), want) {
			t.Errorf("got no %s in what the hub left, want it there: this test looks in the wrong place", want)
		}
	}
	for role, token := range tokens {
		if at := strings.Index(left.String(), token[len("qsr_pub_"):]); at >= 0 {
			t.Errorf("got the token of the %s in what the hub left: …%s…", role, left.String()[max(0, at-200):at])
		}
	}
}

func newToken(t *testing.T, file string, args ...string) string {
	t.Helper()
	out, err := exec.Command(quasarBinary, append([]string{"token", "new", "--file", file}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(string(out))
	if !strings.HasPrefix(token, "qsr_") || len(token) < 40 {
		t.Fatalf("token new: got %d bytes, want a token", len(out))
	}
	return token
}

// useEverywhere brings a token through every carrier, and to where none belongs.
func useEverywhere(t *testing.T, h *hub, token string) {
	t.Helper()
	base := "http://" + h.address
	for _, path := range []string{"/rankings", "/api/state", "/ws/subscribe", "/ws/publish/V75", "/ws/publish/" + token, "/metrics/" + token, "/" + token,
		"/rankings?token=" + token, "/rankings?" + token, "/ws/subscribe?token=" + token, "/ws/subscribe?assets=" + token, "/health?order=" + token} {
		request(t, base+path, "Authorization", "Bearer "+token)
		request(t, base+path, "X-Quasar-Token", token)
		request(t, base+path, "Cookie", "quasar_token="+token)
		request(t, base+path, "Origin", "https://"+token)
		request(t, base+path, "Authorization", "Basic "+token)
	}
	answer, err := http.PostForm(base+"/login", url.Values{"token": {token}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, h.ws("/ws/subscribe"), &websocket.DialOptions{Subprotocols: []string{"quasar.v1", "bearer." + token}})
	if err == nil {
		conn.CloseNow()
	}
}

// dialWith opens a WebSocket that stays open until the test ends.
func dialWith(t *testing.T, address, token string) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), address, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + token}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return conn
}

func request(t *testing.T, address, header, value string) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(header, value)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer.Body); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, body.Bytes()
}

// collect adds all files of a folder.
func collect(t *testing.T, folder string, to *bytes.Buffer) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		to.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
