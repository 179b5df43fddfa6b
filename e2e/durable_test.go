//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startHubIn starts a hub that keeps its state in a directory.
func startHubIn(t *testing.T, dir string) *hub {
	t.Helper()
	return startHubAs(t, freeAddress(t), plainHub, dir)
}

func plainHub(args ...string) *exec.Cmd { return exec.Command(quasarBinary, args...) }

func startHubAs(t *testing.T, address string, command func(args ...string) *exec.Cmd, dir string) *hub {
	t.Helper()
	h := &hub{address: address}
	h.process = start(t, "quasar hub", command("hub", "--listen", address, "--data-dir", dir))
	h.awaitAlive()
	return h
}

// publish sends one frame.
func (h *hub) publish(space, steps string) {
	h.t.Helper()
	if out, err := exec.Command(quasarBinary, "publish", space, "--hub", h.ws(""), "--training-steps", steps).CombinedOutput(); err != nil {
		h.t.Fatalf("quasar publish: %v\n%s", err, out)
	}
}

// row is what a hub says of a space, without what changes by itself.
type row struct {
	snapshot string
	seq      float64
	stale    bool
}

func (h *hub) row(space string) row {
	h.t.Helper()
	answer := h.object("/metrics/" + space)
	snapshot, _ := answer["snapshot"].(map[string]any)
	var r row
	r.seq, _ = snapshot["seq"].(float64)
	r.stale, _ = answer["stale"].(bool)
	delete(snapshot, "seq")
	text, err := json.Marshal(snapshot)
	if err != nil {
		h.t.Fatal(err)
	}
	r.snapshot = string(text)
	return r
}

// TestHubIsKilledInALoop kills a hub with a data directory at any moment: each
// time the next one has what the last had, marked stale, but for the last second
// at most, and seq only rises.
func TestHubIsKilledInALoop(t *testing.T) {
	dir, address := t.TempDir(), freeAddress(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	h := startHubAs(t, address, plainHub, dir)
	h.publish("QUIET", "7")
	h.publish("BUSY", "1")
	eventually(t, "the state is on disk", func() bool {
		data, err := os.ReadFile(filepath.Join(dir, "hub-state.jsonl"))
		return err == nil && strings.Contains(string(data), `"QUIET"`) && strings.Contains(string(data), `"BUSY"`)
	})
	quiet, busy := h.row("QUIET"), h.row("BUSY")
	for round := range 20 {
		for n := range random.IntN(12) {
			h.publish("BUSY", fmt.Sprint(round*100+n))
			busy = h.row("BUSY")
		}
		time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
		h.kill()
		h = startHubAs(t, address, plainHub, dir)
		now := h.row("QUIET")
		if now.snapshot != quiet.snapshot || now.seq < quiet.seq || !now.stale {
			t.Fatalf("QUIET: got %+v after %+v, want the same, stale, and seq not lower", now, quiet)
		}
		quiet = now
		if now := h.row("BUSY"); now.seq < busy.seq || !now.stale {
			t.Fatalf("BUSY: got %+v after %+v, want it stale, and seq not lower", now, busy)
		}
		h.publish("BUSY", fmt.Sprint(round*100+99))
		eventually(t, "BUSY is fresh", func() bool { return !h.row("BUSY").stale })
		if now := h.row("BUSY"); now.seq <= busy.seq {
			t.Fatalf("BUSY: got %+v after %+v, want a higher seq", now, busy)
		}
		busy = h.row("BUSY")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 3 {
		t.Errorf("got %v (%v) in the directory, want no more than the state, the lock and a leftover", entries, err)
	}
}

// TestTheLastStateIsWrittenOnSIGTERM ends a hub in good order: not even the last
// second is lost.
func TestTheLastStateIsWrittenOnSIGTERM(t *testing.T) {
	dir := t.TempDir()
	h := startHubIn(t, dir)
	for _, steps := range []string{"1", "2", "3", "4"} {
		h.publish("V75", steps)
	}
	eventually(t, "the hub has it all", func() bool { return h.read("V75").steps == 4 })
	before := h.row("V75")
	if err := h.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := h.wait(); err != nil {
		t.Fatalf("got %v, want exit code 0", err)
	}
	after := startHubIn(t, dir).row("V75")
	if after.snapshot != before.snapshot || after.seq < before.seq || !after.stale {
		t.Errorf("got %+v after %+v, want the same, stale", after, before)
	}
}
