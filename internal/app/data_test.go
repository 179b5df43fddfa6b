package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a hub was sent is there after it was ended and started again.
func TestAHubKeepsItsStateInADirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	start1 := start(t, "hub", "--listen", "127.0.0.1:0", "--data-dir", dir)
	url := start1.pages(t, 1)[0]
	for _, steps := range []string{"1", "2", "3"} { // within less than a second
		if r := quasarCommand(t, "", "publish", "V75", "--hub", url, "--training-steps", steps); r.code != exitOK {
			t.Fatal(r)
		}
	}
	until(t, func() (result, bool) {
		r := quasarCommand(t, "", "health", url)
		return r, strings.Contains(r.stdout, "3 accepted")
	})
	start1.interrupt()

	t.Setenv("QUASAR_DATA_DIR", dir)
	url = start(t, "hub", "--listen", "127.0.0.1:0").pages(t, 1)[0]
	got := quasarCommand(t, "", "watch", "--once", "--json", "--hub", url)
	if !strings.Contains(got.stdout, `"training_steps":3`) {
		t.Errorf("got %+v, want what was published last", got)
	}

	second := quasarCommand(t, "", "hub", "--listen", "127.0.0.1:0")
	if second.code != exitConfiguration || !strings.Contains(second.stderr, "another process keeps its state there") {
		t.Errorf("a second hub on the directory: got %+v, want it refused", second)
	}
}

func TestADataDirectoryThatCannotBeUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got := quasarCommand(t, "", "hub", "--listen", "127.0.0.1:0", "--data-dir", file)
	if got.code != exitConfiguration || !strings.Contains(got.stderr, "data directory: mkdir "+file) {
		t.Errorf("got %+v, want it refused with its name", got)
	}
}

// A container's health check sees that the state is not saved, and why; the hub
// takes updates all the same.
func TestHealthOfAHubThatCannotSave(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	url := start(t, "hub", "--listen", "127.0.0.1:0", "--data-dir", dir).pages(t, 1)[0]
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if r := quasarCommand(t, "", "publish", "V75", "--hub", url, "--training-steps", "1"); r.code != exitOK {
		t.Fatal(r)
	}
	until(t, func() (result, bool) {
		r := quasarCommand(t, "", "health", url)
		return r, r.code == exitFailure && strings.HasPrefix(r.stdout, "degraded, ") && strings.Contains(r.stdout, "the state is not saved: no such file or directory") &&
			strings.Contains(r.stdout, "1 accepted") && strings.Contains(r.stderr, "status: got degraded, want ok")
	})
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	until(t, func() (result, bool) {
		r := quasarCommand(t, "", "health", url)
		return r, r.code == exitOK
	})
}
