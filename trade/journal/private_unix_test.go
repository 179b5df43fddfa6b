//go:build unix

package journal

import (
	"os"
	"path/filepath"
	"testing"
)

// Whose money is traded and how is nobody else's business, also in a directory that
// others may look into.
func TestAJournalIsForItsOwnerAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	j := mustOpen(t, dir)
	if err := j.Append(t.Context(), opened()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("got %v, %v, want the journal and what is beside it", files, err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v, want 0600", file, info.Mode(), err)
		}
	}
}
