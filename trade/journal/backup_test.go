package journal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A copy that SQLite makes of a journal in use is a journal, and one that is put back
// over a newer journal is damage: it lacks what there was.
func TestABackup(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	j := mustOpen(t, dir)
	mustAppend(t, j, opened(), planned(1))
	other, err := openDatabase(j.path, "mode=rw")
	if err != nil {
		t.Fatal(err)
	}
	backup := File(copied, account.Mode)
	_, err = other.ExecContext(t.Context(), "VACUUM INTO ?", backup)
	if err := errors.Join(err, other.Close()); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, j, sent(1))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if got := verified(t, copied); got.Entries != 2 {
		t.Errorf("got %d entries, want the two that there were", got.Entries)
	}
	mustAppend(t, mustOpen(t, copied), sent(1))

	data, err := os.ReadFile(backup)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "demo.db"), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, account, nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v, want that entry 3 is missed", err)
	}
}
