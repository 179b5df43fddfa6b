package disk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func init() {
	children["fill"] = replaceOnAFullDisk
	children["limit"] = func(dir string) error {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 1 << 20, Max: unix.RLIM_INFINITY}); err != nil {
			return err
		}
		return replaceOnAFullDisk(dir)
	}
}

// replaceOnAFullDisk is for a disk that has room for 1 MiB.
func replaceOnAFullDisk(dir string) error {
	path := filepath.Join(dir, "state")
	for range 2 {
		if err := Replace(path, []byte("before"), path+".1"); err != nil {
			return err
		}
	}
	err := Replace(path, make([]byte, 2<<20), path+".1")
	if !errors.Is(err, unix.ENOSPC) && !errors.Is(err, unix.EFBIG) {
		return fmt.Errorf("got %w, want that the disk is full", err)
	}
	fmt.Println(err)
	for _, name := range []string{"state", "state.1"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != "before" {
			return fmt.Errorf("%s: got %q, %w, want it as it was", name, got, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		return fmt.Errorf("got %v, %w, want no leftover, which takes room", entries, err)
	}
	return Replace(path, bytes.Repeat([]byte("after"), 1000), path+".1")
}

// A write that fails leaves what was there, and no rubbish: on a file system of 1
// MiB, in a mount namespace that ends with the child, or where that is forbidden
// with a limit on the size of files.
func TestADiskThatIsFull(t *testing.T) {
	const inside = `mount -t tmpfs -o size=1m,mode=700 none "$0" && exec "$@"`
	dir := t.TempDir()
	work, c := "fill", exec.Command("unshare", "-rm", "sh", "-c", inside, dir, os.Args[0])
	if out, err := exec.Command("unshare", "-rm", "sh", "-c", inside, t.TempDir(), "true").CombinedOutput(); err != nil {
		t.Logf("no tmpfs here, so a limit: %v %s", err, out)
		work, c = "limit", exec.Command(os.Args[0])
	}
	c.Env = append(os.Environ(), childEnv+"="+work+" "+dir)
	out, err := c.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}
