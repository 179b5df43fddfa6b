//go:build e2e

package e2e

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os/exec"
	"testing"
	"time"
)

// hub is a running `quasar hub`.
type hub struct {
	*process
	address string
}

func startHub(t *testing.T, address string, flags ...string) *hub {
	t.Helper()
	h := &hub{address: address}
	h.process = start(t, "quasar hub", exec.Command(quasarBinary, append([]string{"hub", "--listen", address}, flags...)...))
	h.awaitAlive()
	return h
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (h *hub) awaitAlive() {
	h.t.Helper()
	eventually(h.t, "the hub at "+h.address+" answers", func() bool {
		status, _, err := get("http://" + h.address + "/livez")
		return err == nil && status == http.StatusOK
	})
}

func (h *hub) ws(path string) string { return "ws://" + h.address + path }

// get returns the status and the body of the hub's answer.
func (h *hub) get(path string) (int, []byte) {
	h.t.Helper()
	status, body, err := get("http://" + h.address + path)
	if err != nil {
		h.t.Fatal(err)
	}
	return status, body
}

func get(url string) (int, []byte, error) {
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get(url)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// object returns the JSON object at path.
func (h *hub) object(path string) map[string]any {
	h.t.Helper()
	status, body := h.get(path)
	if status != http.StatusOK {
		h.t.Fatalf("GET %s: got status %d, want 200", path, status)
	}
	return decode(h.t, string(body))
}

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatalf("got %q, want strict JSON: %v", text, err)
	}
	return object
}

// at walks into nested objects; the answer is nil where a key is missing.
func at(value any, keys ...string) any {
	for _, key := range keys {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

// eventually waits until something is true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited %v, and still not: %s", patience, what)
}
