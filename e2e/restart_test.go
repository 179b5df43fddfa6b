//go:build e2e

package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestHubIsKilled kills the hub while two trainers publish, and starts another
// at its address: both are back in 30 seconds and seq has not gone back.
func TestHubIsKilled(t *testing.T) {
	h := startHub(t, freeAddress(t))
	python := exec.Command(pythonWith("json", "")(t)[0], "clients/trainer.py", h.ws(""), "PY")
	python.Env = append(os.Environ(), "PYTHONPATH=../python")
	start(t, "Python trainer", python)
	start(t, "Go trainer", exec.Command(trainerBinary, h.ws(""), "GO"))

	spaces := []string{"GO", "PY"}
	before := map[string]reading{}
	for _, space := range spaces {
		eventually(t, space+" trains", func() bool { return h.read(space).steps > 5 })
	}
	for _, space := range spaces {
		before[space] = h.read(space)
	}
	h.kill()
	time.Sleep(2 * time.Second) // an outage that both notice
	h = startHub(t, h.address)
	restarted := time.Now()
	for _, space := range spaces {
		last := before[space]
		eventually(t, space+" is back", func() bool {
			now := h.read(space)
			if now.seq != 0 && now.seq < last.seq {
				t.Errorf("%s: got seq %f after %f, want it never to go back", space, now.seq, last.seq)
			}
			last.seq = max(last.seq, now.seq)
			return now.connected && now.steps > before[space].steps && now.seq > before[space].seq
		})
		t.Logf("%s was back %v after the hub", space, time.Since(restarted).Round(time.Millisecond))
	}
	if back := time.Since(restarted); back > 30*time.Second {
		t.Errorf("the trainers: got back after %v, want 30s at most", back)
	}
}

// reading is what the hub says of a space; zero when it has not seen it.
type reading struct {
	steps, seq float64
	connected  bool
}

func (h *hub) read(space string) reading {
	h.t.Helper()
	status, body := h.get("/metrics/" + space)
	if status != http.StatusOK {
		return reading{}
	}
	return readingOf(decode(h.t, string(body)))
}

func readingOf(answer map[string]any) (r reading) {
	r.steps, _ = at(answer, "snapshot", "training", "training_steps").(float64)
	r.seq, _ = at(answer, "snapshot", "seq").(float64)
	r.connected, _ = answer["connected"].(bool)
	return r
}
