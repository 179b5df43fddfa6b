package bandit_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/bandit"
)

// Wherever the process was killed in a write: what was whole before is there, the rest
// is reported and cut, and the log goes on.
func TestATornTailIsCutAndReported(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "decisions.log")
	l := openLog(t, path, nil)
	must(t, l.Decision(decision(1)))
	must(t, l.Decision(decision(2)))
	must(t, l.Close())
	data := written(t, path)
	header := bytes.IndexByte(data, '\n') + 1
	second := header + bytes.IndexByte(data[header:], '\n') + 1
	for end := range len(data) + 1 {
		if end%7 > 0 && min(end, abs(end-header), abs(end-second), len(data)-end) > 3 {
			continue // around the ends of records is where it matters
		}
		must(t, os.WriteFile(path, data[:end], 0o600))
		records, said := collect(bandit.ReadLog(bytes.NewReader(data[:end])))
		whole := end == 0 || end == header || end == second || end == len(data)
		if (said == nil) != whole {
			t.Fatalf("of %d bytes reading says %q, want a word if they end in a record", end, said)
		}
		var heard bytes.Buffer
		l := openLog(t, path, &bandit.LogOptions{Logger: slog.New(slog.NewTextHandler(&heard, nil)), NoSync: true})
		if stats := l.Stats(); (stats.Cut > 0) == whole || stats.Damaged > 0 || (heard.Len() > 0) == whole {
			t.Fatalf("of %d bytes: got %+v and %q, want to hear of a cut if they end in a record", end, stats, heard.String())
		}
		if _, said := collect(bandit.ReadLogs(path)); said != nil {
			t.Fatalf("of %d bytes, once it is open: got %q, want the rest cut", end, said)
		}
		must(t, l.Decision(decision(7)))
		must(t, l.Close())
		after, said := collect(bandit.ReadLogs(path))
		if diff := cmp.Diff(append(ids(records), 7), ids(after)); diff != "" || said != nil {
			t.Fatalf("of %d bytes, after going on: %q (-want +got):\n%s", end, said, diff)
		}
	}
}

func abs(n int) int { return max(n, -n) }

// A bad sector costs the records on it, and none after it.
func TestDamageInTheMiddleCostsThatLineAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.log")
	l := openLog(t, path, nil)
	for id := range int64(3) {
		must(t, l.Decision(decision(id)))
	}
	must(t, l.Close())
	data := written(t, path)
	data[bytes.Index(data, []byte(`"id":1`))+5] = '9'
	must(t, os.WriteFile(path, data, 0o600))
	records, said := collect(bandit.ReadLogs(path))
	if diff := cmp.Diff([]int64{0, 2}, ids(records)); diff != "" || len(said) != 1 || !strings.Contains(said[0], "line 3, at byte") || !strings.Contains(said[0], "checksum") {
		t.Errorf("got %q (-want +got):\n%s", said, diff)
	}
	again := openLog(t, path, nil)
	if diff := cmp.Diff(bandit.LogStats{Damaged: 1}, again.Stats()); diff != "" {
		t.Errorf("opening it (-want +got):\n%s", diff)
	}
	must(t, again.Close())
	if diff := cmp.Diff(data, written(t, path)); diff != "" {
		t.Errorf("it was changed (-was +is):\n%s", diff)
	}
}

// A log whose every line was changed, say by a program that writes lines in its own
// way, is not thrown away for it.
func TestALogOfDamagedLinesIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.log")
	l := openLog(t, path, nil)
	must(t, l.Decision(decision(1)))
	must(t, l.Close())
	data := bytes.ReplaceAll(written(t, path), []byte("\n"), []byte("\r\n"))
	must(t, os.WriteFile(path, data, 0o600))
	l = openLog(t, path, nil)
	must(t, l.Decision(decision(2)))
	must(t, l.Close())
	records, said := collect(bandit.ReadLogs(path))
	if diff := cmp.Diff([]int64{2}, ids(records)); diff != "" || len(said) != 2 || !bytes.HasPrefix(written(t, path), data) {
		t.Errorf("got %q (-want +got):\n%s", said, diff)
	}
}

// Whoever gives the wrong file does not lose it.
func TestWhatIsNoLogStaysAsItIs(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"notes":             "buy milk\n",
		"one letter":        "x",
		"no end":            "buy milk",
		"other JSON lines":  `{"kind":"trade","id":1}` + "\n",
		"zeros of a crash":  strings.Repeat("\x00", 5000),
		"a very long line":  strings.Repeat("long", 1<<20),
		"a beginning alike": `{"kind":"logs"}`,
	} {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(text), 0o600))
		if _, err := bandit.OpenLog(path, nil); !errors.Is(err, bandit.ErrNoLog) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want that it is no log", name, err)
		}
		if got := string(written(t, path)); got != text {
			t.Errorf("%s: it was changed", name)
		}
		if _, said := collect(bandit.ReadLogs(path)); len(said) != 1 || !strings.Contains(said[0], bandit.ErrNoLog.Error()) {
			t.Errorf("%s: reading says %q, want once that it is no log", name, said)
		}
	}
	if _, err := bandit.OpenLog(dir, nil); err == nil {
		t.Error("a directory was opened as a log")
	}
}

func TestALaterFormatIsNotGuessedAt(t *testing.T) {
	const text = `{"kind":"log","version":2,"crc32c":"2f3ea0b6"}` + "\n" + "{}\n"
	_, said := collect(bandit.ReadLog(strings.NewReader(text)))
	if diff := cmp.Diff([]string{"line 1: another version of the format: got 2, want 1"}, said); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
