package journal

import (
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/trade"
)

// everyEnv makes the test of damage try every byte and every length, which takes
// minutes, and not some hundred in all.
const everyEnv = "QUASAR_TEST_EVERY_BYTE"

// files are those of a directory, by name.
type files map[string][]byte

func readFiles(t *testing.T, dir string) files {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	all := make(files)
	for _, name := range names {
		if all[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func (f files) write(t *testing.T, dir string) {
	t.Helper()
	for name, data := range f {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// whole is the directory of a journal that was closed, and killed one whose log has
// all but the first entry.
func whole(t *testing.T) files {
	t.Helper()
	dir := t.TempDir()
	j := mustOpen(t, dir)
	mustAppend(t, j, opened(), planned(1), sent(1))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return readFiles(t, dir)
}

func killed(t *testing.T) files {
	t.Helper()
	dir := t.TempDir()
	j := mustOpen(t, dir)
	mustAppend(t, j, opened())
	if _, err := j.conn.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, j, planned(1))
	mustAppend(t, j, sent(1))
	all := readFiles(t, dir)
	delete(all, "demo.db-shm") // a machine that went down has none
	return all
}

// damage is one way in which a file may be other than it was.
type damage struct {
	name string
	at   int
	do   func(data []byte, at int) []byte
}

func flip(data []byte, at int) []byte {
	data = slices.Clone(data)
	data[at] ^= 1 << (at % 8)
	return data
}

func cut(data []byte, at int) []byte { return data[:at] }

// damages of a file: bytes that are flipped, and ends that are gone. Without everyEnv
// they are those of its beginning and some by chance.
func damages(random *rand.Rand, data []byte) (all []damage) {
	for at := range data {
		if os.Getenv(everyEnv) != "" || at < 8 || random.IntN(len(data)) < 12 {
			all = append(all, damage{"flipped", at, flip})
		}
		if os.Getenv(everyEnv) != "" || at%4096 == 0 || random.IntN(len(data)) < 4 {
			all = append(all, damage{"cut", at, cut})
		}
	}
	return all
}

// Whatever a disk does to the files of a journal, entries that were acknowledged are
// there, or somebody is told that they are not.
func TestDamageIsToldOrHarmless(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	want := []*trade.Entry{opened(), planned(1), sent(1)}
	for i, e := range want {
		e.Seq = int64(i + 1)
	}
	for kind, original := range map[string]files{"closed": whole(t), "killed": killed(t)} {
		toldOf, harmless := 0, 0
		for _, name := range slices.Sorted(maps.Keys(original)) {
			for _, d := range damages(random, original[name]) {
				dir := t.TempDir()
				damaged := maps.Clone(original)
				damaged[name] = d.do(original[name], d.at)
				damaged.write(t, dir)
				got, err := entriesIn(t, dir)
				switch {
				case err != nil:
					toldOf++
				case cmp.Equal(want, got):
					harmless++
				default:
					t.Errorf("seed %d: %s, %s %s at %d: got %d entries and no error, want them all or to be told", seed, kind, name, d.name, d.at, len(got))
				}
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
			}
		}
		t.Logf("seed %d: %s: %d told, %d harmless", seed, kind, toldOf, harmless)
	}
}

// entriesIn opens a journal as a trader does, and adds to it if it can: what is
// damaged where nobody looked would show.
func entriesIn(t *testing.T, dir string) (entries []*trade.Entry, err error) {
	j, err := Open(dir, account, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	for e, err := range j.Entries(t.Context()) {
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, j.Append(t.Context(), &trade.Entry{Rejected: &trade.Rejected{Intent: "i1"}})
}

func TestWhatIsGoneIsMissed(t *testing.T) {
	for name, remove := range map[string][]string{
		"the log that a killed process left": {"demo.db-wal"},
		"the journal":                        {"demo.db"},
		"the journal and its log":            {"demo.db", "demo.db-wal"},
	} {
		dir := t.TempDir()
		left := killed(t)
		for _, file := range remove {
			delete(left, file)
		}
		left.write(t, dir)
		if _, err := Open(dir, account, nil); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v, want that the journal is damaged", name, err)
		}
	}
}

func TestADamagedJournalIsSetAside(t *testing.T) {
	dir := t.TempDir()
	left := killed(t)
	left["demo.db"] = left["demo.db"][:100]
	left.write(t, dir)
	if _, err := Open(dir, account, nil); !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v, want that it is damaged", err)
	}
	aside, err := SetAside(dir, account.Mode, began)
	if err != nil || filepath.Base(aside) != "demo.db.corrupt-20260301T120000.000000Z" {
		t.Fatalf("got %q, %v, want its new name", aside, err)
	}
	kept := readFiles(t, dir)
	for _, file := range []string{"demo.db", "demo.db-wal", "demo.db.head"} {
		now := filepath.Base(aside) + file[len("demo.db"):]
		if diff := cmp.Diff(left[file], kept[now]); diff != "" {
			t.Errorf("%s: got %d bytes, want the %d of %s", now, len(kept[now]), len(left[file]), file)
		}
	}
	j := mustOpen(t, dir)
	if got := all(t, j); got != nil {
		t.Errorf("got %d entries, want a new journal", len(got))
	}
	if _, err := SetAside(dir, account.Mode, began); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v, want that it is in use", err)
	}
}

func TestADamagedJournalIsSetAsideWhereNoMoneyIs(t *testing.T) {
	left := killed(t)
	for _, mode := range []trade.Mode{trade.Demo, trade.Live} {
		dir := t.TempDir()
		of := account
		of.Mode = mode
		if err := os.WriteFile(File(dir, mode), left["demo.db"][:100], 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := Open(dir, of, &Options{SetAsideDamaged: true})
		if mode == trade.Live {
			if got := readFiles(t, dir)["live.db"]; !errors.Is(err, ErrDamaged) || !cmp.Equal(got, left["demo.db"][:100]) {
				t.Errorf("%s: got %v, want that a person has to look", mode, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(j.Append(t.Context(), opened()), j.Close()); err != nil {
			t.Error(err)
		}
		if kept, err := filepath.Glob(filepath.Join(dir, "demo.db.corrupt-*Z")); err != nil || len(kept) != 1 {
			t.Errorf("got %q, %v, want the damaged one", kept, err)
		}
	}
}

func TestAJournalThatIsMovedTakesNothing(t *testing.T) {
	for _, file := range []string{"demo.db", "demo.db-wal"} {
		dir := t.TempDir()
		j := mustOpen(t, dir)
		mustAppend(t, j, opened())
		path := filepath.Join(dir, file)
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		if err := j.Append(t.Context(), planned(1)); !errors.Is(err, ErrMoved) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want that it was moved", file, err)
		}
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, j, planned(1))
	}
}

func TestWhoWritesBesideIsNoticed(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir)
	mustAppend(t, j, opened())
	db, err := openDatabase(j.path, writing)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // it did its harm
	if _, err := db.ExecContext(t.Context(), "INSERT INTO entries (seq, hash, body) VALUES (2, x'00', x'00')"); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(t.Context(), planned(1)); !errors.Is(err, ErrMoved) {
		t.Errorf("got %v, want that somebody else wrote", err)
	}
	for _, err := range j.Entries(t.Context()) {
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("got %v, want that entry 2 is damaged", err)
		}
	}
}

// Entries that somebody wrote anew, all hashes included, are not those that were
// there.
func TestARewrittenChain(t *testing.T) {
	dir := t.TempDir()
	whole(t).write(t, dir)
	other := t.TempDir()
	j := mustOpen(t, other)
	mustAppend(t, j, opened(), planned(2), sent(2))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	files{"demo.db": readFiles(t, other)["demo.db"]}.write(t, dir)
	if _, err := Open(dir, account, nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v, want that it is damaged", err)
	}
}
