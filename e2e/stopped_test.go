//go:build e2e

package e2e

import (
	"os/exec"
	"syscall"
	"testing"
)

// A trainer that is stopped and not ended keeps its connection open and answers
// nothing. The hub does not show it as connected for long; when the trainer goes
// on it comes back by itself, and seq has not gone back.
func TestATrainerIsStoppedAndGoesOn(t *testing.T) {
	h := startHub(t, freeAddress(t), "--ping-interval", "500ms", "--peer-timeout", "3s")
	trainer := start(t, "Go trainer", exec.Command(trainerBinary, h.ws(""), "GO"))
	eventually(t, "it trains", func() bool { return h.read("GO").steps > 5 })

	if err := trainer.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the hub takes it for gone", func() bool { return !h.read("GO").connected })
	before := h.read("GO")
	if before.steps <= 5 {
		t.Errorf("got %f steps, want what was known of it", before.steps)
	}
	if err := trainer.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is back", func() bool {
		now := h.read("GO")
		return now.connected && now.steps > before.steps && now.seq > before.seq
	})
}
