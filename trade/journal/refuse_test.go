package journal

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/karlquant/quasar/trade"
)

func TestWhatIsRefusedLeavesNothing(t *testing.T) {
	j := mustOpen(t, t.TempDir())
	other := opened()
	other.Opened.Account.ID = "DOT2"
	if err := j.Append(t.Context(), other); !errors.Is(err, ErrOtherAccount) {
		t.Errorf("another account: got %v, want that the journal is another's", err)
	}
	if err := j.Append(t.Context(), planned(1)); !errors.Is(err, trade.ErrOutOfOrder) {
		t.Errorf("an intent first: got %v, want that it cannot be", err)
	}
	mustAppend(t, j, opened())
	endless, two := planned(1), planned(1)
	endless.Planned.Quote.Spot = math.NaN()
	two.Sent = &trade.Sent{Intent: "i1"}
	for name, e := range map[string]*trade.Entry{
		"a number that is none": endless, "two things": two, "nothing": {}, "a second beginning": opened(),
	} {
		if err := j.Append(t.Context(), planned(2), e); err == nil || e.Seq != 0 {
			t.Errorf("%s: got the number %d and %v, want an error", name, e.Seq, err)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := j.Append(ended, planned(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context ended", err)
	}
	mustAppend(t, j)
	if got := len(all(t, j)); got != 1 {
		t.Errorf("got %d entries, want 1", got)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(t.Context(), planned(1)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("got %v, want that it is closed", err)
	}
}

func TestWhatIsNoJournalIsNotOpened(t *testing.T) {
	if _, err := Open(t.TempDir(), trade.Account{Mode: "real"}, nil); err == nil {
		t.Error("got no error of the mode real")
	}
	if _, err := OpenView(t.TempDir(), trade.Paper); !errors.Is(err, ErrNone) {
		t.Errorf("got %v, want that there is none", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenView(file, trade.Paper); err == nil || strings.Contains(err.Error(), "unable to open database") || !strings.Contains(err.Error(), file) {
		t.Errorf("a file in place of the directory: got %v, want what the system says of it", err)
	}
	for name, c := range map[string]struct {
		statement string
		want      error
	}{
		"a newer version":             {"PRAGMA user_version = 2", ErrNewer},
		"another's database":          {"PRAGMA application_id = 3", ErrDamaged},
		"a trigger less":              {"DROP TRIGGER unremoved", ErrDamaged},
		"a trigger more":              {"CREATE TRIGGER more AFTER INSERT ON entries BEGIN SELECT 1; END", ErrDamaged},
		"a table more":                {"CREATE TABLE more (a)", ErrDamaged},
		"an entry less":               {"DROP TRIGGER unremoved; DELETE FROM entries WHERE seq = 2; " + schema[4], ErrDamaged},
		"an entry changed":            {"DROP TRIGGER unchanged; UPDATE entries SET body = x'7b7d' WHERE seq = 2; DROP TRIGGER unremoved; " + schema[3] + ";" + schema[4], ErrDamaged},
		"an entry changed to another": {"DROP TRIGGER unchanged; UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), 'V75', 'V76') AS BLOB) WHERE seq = 2; DROP TRIGGER unremoved; " + schema[3] + ";" + schema[4], ErrDamaged},
		"a decision forgotten":        {"DROP TRIGGER unchanged; UPDATE entries SET decision = NULL WHERE seq = 2; DROP TRIGGER unremoved; " + schema[3] + ";" + schema[4], ErrDamaged},
	} {
		dir := t.TempDir()
		j := mustOpen(t, dir)
		mustAppend(t, j, opened(), planned(1), sent(1))
		if _, err := j.conn.ExecContext(t.Context(), c.statement); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, account, nil)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if says := "entry 2"; strings.HasPrefix(name, "an entry") && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want that it says %s", name, err, says)
		}
	}
}

// The process that made it was killed before there was a table, or any byte.
func TestAJournalThatWasHardlyBegun(t *testing.T) {
	for name, begin := range map[string]func(path string) error{
		"no byte": func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"no table": func(path string) error {
			db, err := openDatabase(path, writing)
			if err != nil {
				return err
			}
			return errors.Join(db.PingContext(t.Context()), db.Close())
		},
	} {
		dir := t.TempDir()
		if err := begin(filepath.Join(dir, "demo.db")); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenView(dir, account.Mode); !errors.Is(err, ErrNone) {
			t.Errorf("%s: got %v, want that there is none yet", name, err)
		}
		mustAppend(t, mustOpen(t, dir), opened())
	}
}

// A head that is not whole, as after a power failure, says nothing; the journal does.
func TestAHeadThatIsNotWhole(t *testing.T) {
	for _, head := range []string{"", "1", formatHead(link{seq: 9})[:80], strings.Replace(formatHead(link{seq: 9}), "9", "8", 1)} {
		dir := t.TempDir()
		left := whole(t)
		left["demo.db.head"] = []byte(head)
		left.write(t, dir)
		if got := len(all(t, mustOpen(t, dir))); got != 3 {
			t.Errorf("%q: got %d entries, want 3", head, got)
		}
	}
}

func FuzzParseHead(f *testing.F) {
	f.Add([]byte(formatHead(link{seq: 17, hash: Hash{1, 2, 3}})))
	f.Add([]byte(formatHead(link{seq: -1})))
	f.Add([]byte("17 ff 00\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if l := parseHead(text); l != (link{}) && (l.seq < 0 || formatHead(l) != string(text)) {
			t.Errorf("got %+v of %q, want what it says or nothing", l, text)
		}
	})
}

// The chain of a journal can be followed by whoever has its bytes, for ever.
func TestTheChainIsAsDocumented(t *testing.T) {
	first := link{}.next([]byte(`{"seq":1}`))
	second := first.next([]byte(`{"seq":2}`))
	if got, want := second.hash.String(), "24dc1f86b7e87ad7bafec932fb53ef3403d7df9704ad95c263a64059de6962eb"; got != want || second.seq != 2 {
		t.Errorf("got %d %s, want 2 %s", second.seq, got, want)
	}
}
