package journal

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
)

// aBackup is of the journal in dir, in a directory of its own.
func aBackup(t *testing.T, dir string) (to string, sum *Summary, err error) {
	t.Helper()
	v, err := OpenView(dir, account.Mode)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	to = filepath.Join(t.TempDir(), "copies", "today")
	sum, err = v.Backup(t.Context(), to)
	return to, sum, err
}

func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		info, err := one.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: got %v, %v, want it for this user alone", one.Name(), info.Mode(), err)
		}
		names = append(names, one.Name())
	}
	return names
}

// A copy of a journal in use is a journal that goes on, and one that is put back over
// a newer journal is damage: it lacks what there was.
func TestABackup(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	mustAppend(t, j, opened(), planned(1))
	copied, sum, err := aBackup(t, dir)
	if err != nil || sum.Entries != 2 || sum.Head != verified(t, copied).Head {
		t.Fatalf("got %+v, %v, want the two entries that there were", sum, err)
	}
	if diff := cmp.Diff([]string{"demo.db", "demo.db.head"}, filesIn(t, copied)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	mustAppend(t, j, sent(1))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(copied, "demo.db"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "demo.db"), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, account, nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v, want that entry 3 is missed", err)
	}
	mustAppend(t, mustOpen(t, copied), sent(1))
}

// While entries come all the time, each copy is one of a moment.
func TestABackupWhileEntriesCome(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	mustAppend(t, j, opened())
	ended := make(chan error, 1)
	go func() {
		var err error
		for n := int64(2); n < 300 && err == nil; n += 3 { // an order at once, from intent to refusal
			err = j.Append(t.Context(), nth(n), nth(n+1), nth(n+2))
		}
		ended <- err
	}()
	for range 3 {
		copied, sum, err := aBackup(t, dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := verified(t, copied); sum.Entries%3 != 1 || got.Entries != sum.Entries {
			t.Errorf("got %d entries and %d, want all of each order or none", sum.Entries, got.Entries)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A copy of a demo journal that was given the name of a live one is none of a real
// account, and stays as it is.
func TestADemoBackupIsNoneOfARealAccount(t *testing.T) {
	dir := t.TempDir()
	mustAppend(t, mustOpen(t, dir), opened())
	copied, _, err := aBackup(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(File(copied, account.Mode), File(copied, trade.Live)); err != nil {
		t.Fatal(err)
	}
	money := account
	money.Mode = trade.Live
	if _, err := Open(copied, money, nil); !errors.Is(err, ErrOtherAccount) || !strings.Contains(err.Error(), account.String()) {
		t.Errorf("got %v, want whose it is", err)
	}
	if _, err := os.Stat(File(copied, trade.Live)); err != nil {
		t.Error(err)
	}
}

// Nothing that there is goes for a copy, and nothing is left of one that failed.
func TestABackupThatIsRefused(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	mustAppend(t, j, opened(), planned(1))
	v, err := OpenView(dir, account.Mode)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Backup(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "demo.db is there") {
		t.Errorf("got %v, want its own directory refused", err)
	}
	for _, file := range []string{"demo.db", "demo.db-wal", "demo.db.head"} {
		to := t.TempDir()
		if err := os.WriteFile(filepath.Join(to, file), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Backup(t.Context(), to); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: got %v, want it refused", file, err)
		}
		if diff := cmp.Diff([]string{file}, filesIn(t, to)); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "demo.db.head"), []byte(formatHead(link{seq: 3})), 0o600); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	if _, err := v.Backup(t.Context(), to); !errors.Is(err, ErrDamaged) || filesIn(t, to) != nil {
		t.Errorf("a journal that lacks an entry: got %v and %v, want that said, and no file", err, filesIn(t, to))
	}
}
