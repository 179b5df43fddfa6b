//go:build unix

package app

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/karlquant/quasar/trade"
)

// SIGUSR1 and a file halt, and a halt that was asked for while nobody traded is obeyed
// before anything is bought.
func TestASignalAndAFileHalt(t *testing.T) {
	url, dir := simulator(t), t.TempDir()
	b, page := trader(t, url, dir, "--trade", "paper")
	by := func() any {
		halted, _ := ask(t, page, "/risk")["account"].(map[string]any)["halted"].(map[string]any)
		return halted["by"]
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return by() == "signal" }, b.stderr.String)
	if got := quasarCommand(t, "", "trade", "resume", "--data-dir", dir); got.code != exitOK || by() != nil {
		t.Errorf("resume: got %d %s, want no halt", got.code, got.stderr)
	}
	b.interrupt()
	if err := os.WriteFile(orderFile(dir, trade.Paper, "halt"), []byte("from afar"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, page = trader(t, url, dir, "--trade", "paper")
	eventually(t, func() bool { return by() == "file" }, b.stderr.String)
	b.interrupt()
	b, page = trader(t, url, dir, "--trade", "paper")
	if by() != "file" || !strings.Contains(b.stderr.String(), "Trade") {
		t.Errorf("after a restart: got a halt by %v, want the file's", by())
	}
}
