package disk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenTakesFilesAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("four"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, info, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil || info.Size() != 4 {
		t.Errorf("got %d bytes, %v, want 4", info.Size(), err)
	}
	for path, want := range map[string]string{dir: "got a directory", filepath.Join(dir, "none"): "none"} {
		if _, _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}
