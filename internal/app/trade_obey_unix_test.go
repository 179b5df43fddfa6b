//go:build unix

package app

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

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
	left := orderFile(dir, trade.Paper, "resume")
	yesterday := time.Now().Add(-24 * time.Hour)
	if err := errors.Join(os.WriteFile(left+".old", nil, 0o600), os.Chtimes(left+".old", yesterday, yesterday), os.Rename(left+".old", left)); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return strings.Contains(b.stderr.String(), "want one for which somebody waits") }, b.stderr.String)
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) || by() != "file" {
		t.Errorf("a resume that somebody left behind: got a halt by %v and its file %v, want the halt and no file", by(), err)
	}
}

// An order that nobody took before its sender was interrupted does not wait for the next
// trader, but for a halt.
func TestAnInterruptedOrderIsTakenBack(t *testing.T) {
	for order, stays := range map[string]bool{"resume": false, "flatten": false, "halt": true} {
		dir := t.TempDir()
		b := start(t, "trade", order, "--data-dir", dir)
		there := func() bool {
			_, err := os.Stat(orderFile(dir, trade.Paper, order))
			return err == nil
		}
		eventually(t, there, b.stderr.String)
		if code := b.interrupt(); code != exitInterrupted || there() != stays {
			t.Errorf("%s: got %d and an order that is there: %t, want %d and %t", order, code, there(), exitInterrupted, stays)
		}
	}
}
