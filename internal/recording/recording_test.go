package recording

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

var begun = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func record(i int) Record {
	return Record{At: begun.Add(time.Duration(i) * 100 * time.Millisecond), Tick: &Tick{Symbol: "R_75", Epoch: int64(i), Quote: jsontext.Value(fmt.Sprintf("%d.10", i))}}
}

func write(t *testing.T, dir string, opts *Options, from, to int) *Writer {
	t.Helper()
	w, err := NewWriter(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	for i := from; i < to; i++ {
		if err := w.Write(record(i)); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func read(t *testing.T, files ...string) []Record {
	t.Helper()
	var records []Record
	for r, err := range Read(files...) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

func records(from, to int) []Record {
	var list []Record
	for i := from; i < to; i++ {
		list = append(list, record(i))
	}
	return list
}

func TestWhatIsWrittenIsReadOverSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	w := write(t, dir, &Options{MostTime: 5 * time.Second}, 0, 175)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := Files(dir)
	if err != nil || len(files) != 4 || w.Files() != 4 {
		t.Fatalf("got %d files, %v, want four", len(files), err)
	}
	if diff := cmp.Diff(read(t, files...), records(0, 175)); diff != "" {
		t.Errorf("got (-) want (+):\n%s", diff)
	}
}

func TestAFileIsFullByItsBytes(t *testing.T) {
	w := write(t, t.TempDir(), &Options{MostBytes: 200, SyncEvery: time.Nanosecond}, 0, 100)
	if w.Files() < 10 {
		t.Errorf("got %d files, want many", w.Files())
	}
}

func TestOneDoesNotOverwriteAnotherOfTheSameMoment(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		if err := write(t, dir, nil, 0, 5).Close(); err != nil {
			t.Fatal(err)
		}
	}
	files, err := Files(dir)
	if err != nil || len(files) != 3 || len(read(t, files...)) != 15 {
		t.Errorf("got %v, %v, want three files of five", files, err)
	}
}

// A process that is killed leaves a file without an end. All but the last second
// must be there, wherever it was cut.
func TestACutFileIsReadUpToItsCut(t *testing.T) {
	w := write(t, t.TempDir(), nil, 0, 100)
	whole, err := os.ReadFile(w.Path())
	if err != nil {
		t.Fatal(err)
	}
	if got := decode(t, whole); len(got) < 90 {
		t.Errorf("not closed: got %d records, want all but the last second of 100", len(got))
	}
	before := 0
	for cut := range whole {
		got := decode(t, whole[:cut])
		if len(got) < before {
			t.Fatalf("cut at %d: got %d records, %d before", cut, len(got), before)
		}
		if diff := cmp.Diff(got, records(0, len(got)), cmp.Comparer(func(a, b Record) bool { return a.Tick.Epoch == b.Tick.Epoch })); diff != "" {
			t.Fatalf("cut at %d: got (-) want (+):\n%s", cut, diff)
		}
		before = len(got)
	}
}

func decode(t *testing.T, file []byte) []Record {
	t.Helper()
	var list []Record
	for r, err := range Decode(bytes.NewReader(file)) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func TestFilesThatAreNoRecordingsAreRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := Files(dir); err == nil {
		t.Error("an empty directory: got no error")
	}
	path := filepath.Join(dir, "x"+Extension)
	if err := os.WriteFile(path, []byte("no gzip at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, err := range Read(path, filepath.Join(dir, "none")) {
		if err == nil || !strings.HasPrefix(err.Error(), "recording: ") {
			t.Errorf("got %v, want an error with the file's name", err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	w, err := NewWriter(f.TempDir(), nil)
	if err != nil {
		f.Fatal(err)
	}
	for i := range 3 {
		if err := w.Write(record(i)); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	file, err := os.ReadFile(w.Path())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Fuzz(func(_ *testing.T, file []byte) {
		n := 0
		for range Decode(bytes.NewReader(file)) {
			if n++; n > 1000 {
				return
			}
		}
	})
}

// Whatever a write fails of, a file that was left alone is not written to again, and
// the next record begins another.
func TestAWriterGoesOnInAnotherFile(t *testing.T) {
	for name, fail := range map[string]func(w *Writer) error{
		"a record": func(w *Writer) error { return w.Write(record(50)) },
		"a sync":   func(w *Writer) error { return w.Sync(begun.Add(time.Hour)) },
		"the end":  func(w *Writer) error { return w.Close() },
	} {
		w := write(t, t.TempDir(), nil, 0, 45)
		before := w.Path()
		if err := w.file.Close(); err != nil { // no write to it succeeds from here on
			t.Fatal(err)
		}
		err := fail(w)
		if err == nil || strings.Count(err.Error(), "recording: ") != 1 || !strings.Contains(err.Error(), before) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one error of %s", name, err, before)
		}
		if err := w.Write(record(60)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil || w.Path() == before {
			t.Errorf("%s: got %s, %v, want another file", name, w.Path(), err)
		}
		if got := read(t, before, w.Path()); len(got) < 41 || got[len(got)-1].Tick.Epoch != 60 {
			t.Errorf("%s: got %d records, want what was synced and the new one", name, len(got))
		}
	}
}
