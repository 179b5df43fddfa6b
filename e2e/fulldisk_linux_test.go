//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestADiskThatIsFull fills the disk under a hub: it takes and hands on updates as
// before, says in /health what is wrong, and saves again when there is room.
func TestADiskThatIsFull(t *testing.T) {
	for _, disk := range []struct {
		name  string
		start func(t *testing.T) (h *hub, fill, free func())
	}{
		{"a limit on the size of files", limitedDisk},
		{"a file system of 1 MiB", smallDisk},
	} {
		t.Run(disk.name, func(t *testing.T) {
			h, fill, free := disk.start(t)
			h.publish("BEFORE", "1")
			subscriber := start(t, "subscriber", exec.Command(quasarBinary, "watch", "--json", "--hub", h.ws("")))
			subscriber.line() // what there was
			fill()
			h.publish("V75", "1")
			eventually(t, "/health says so", func() bool { return h.object("/health")["status"] == "degraded" })
			problem, _ := at(h.object("/health"), "engine", "problem").(string)
			if !strings.HasPrefix(problem, "the state is not saved: ") || strings.Contains(problem, "/") {
				t.Errorf("/health: got the problem %q, want the reason and no path", problem)
			}
			t.Log(problem)
			for _, path := range []string{"/readyz", "/livez", "/rankings", "/api/state"} {
				if status, body := h.get(path); status != http.StatusOK {
					t.Errorf("%s: got %d %s, want 200", path, status, body)
				}
			}
			h.publish("V75", "2")
			for !strings.Contains(subscriber.line(), `"training_steps":2`) { // it must come
			}
			free()
			eventually(t, "/health is well again", func() bool { return h.object("/health")["status"] == "ok" })
			h.kill()
		})
	}
}

// limitedDisk is a hub whose files may not grow beyond a size: a real write to a
// real disk fails.
func limitedDisk(t *testing.T) (h *hub, fill, free func()) {
	h = startHubIn(t, t.TempDir())
	limit := func(size uint64) func() {
		return func() {
			if err := unix.Prlimit(h.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: unix.RLIM_INFINITY}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	return h, limit(100), limit(unix.RLIM_INFINITY)
}

// smallDisk is a hub on a tmpfs of its own, in a mount namespace that ends with it.
// Where that is forbidden the other disk has to do.
func smallDisk(t *testing.T) (h *hub, fill, free func()) {
	const inside = `mount -t tmpfs -o size=1m,mode=700 none "$0" && exec "$@"`
	if out, err := exec.Command("unshare", "-rm", "sh", "-c", inside, t.TempDir(), "true").CombinedOutput(); err != nil {
		t.Logf("no tmpfs here, so a limit once more: %v %s", err, out)
		return limitedDisk(t)
	}
	dir := t.TempDir()
	h = startHubAs(t, freeAddress(t), func(args ...string) *exec.Cmd {
		return exec.Command("unshare", append([]string{"-rm", "sh", "-c", inside, dir, quasarBinary}, args...)...)
	}, dir)
	ballast := filepath.Join(fmt.Sprintf("/proc/%d/root", h.cmd.Process.Pid), dir, "ballast")
	fill = func() {
		if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); err == nil {
			t.Fatal("2 MiB fit into 1 MiB")
		}
	}
	free = func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
	return h, fill, free
}
