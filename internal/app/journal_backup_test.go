package app

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
)

func TestJournalBackup(t *testing.T) {
	dir, to := aJournal(t, trade.Demo, happenings()...), filepath.Join(t.TempDir(), "copies", "today")
	got := quasarCommand(t, "", "journal", "backup", "--account", "demo", "--data-dir", dir, "--to", to)
	if got.code != exitOK || got.stderr != "" || !strings.Contains(got.stdout, "17 entries copied, ") {
		t.Fatalf("got %+v, want all entries copied", got)
	}
	of := func(dir string) string {
		return quasarCommand(t, "", "journal", "export", "--entries", "--account", "demo", "--data-dir", dir).stdout
	}
	if diff := cmp.Diff(of(dir), of(to)); diff != "" || of(to) == "" {
		t.Errorf("-journal +copy\n%s", diff)
	}
	got = quasarCommand(t, "", "journal", "backup", "--account", "demo", "--data-dir", dir, "--to", to)
	if got.code != exitFailure || !strings.Contains(got.stderr, "demo.db is there") {
		t.Errorf("got %+v, want that the copy of before stays", got)
	}
	got = quasarCommand(t, "", "journal", "backup", "--account", "demo", "--data-dir", dir)
	if got.code != exitUsage || !strings.Contains(got.stderr, "--to") {
		t.Errorf("got %+v, want --to asked for", got)
	}
}
