package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files from what the code does")

// Nothing that a stranger wrote steers the terminal that shows a log or forges a
// line of it, in whatever place of a record it stands.
func TestGoldenLogIsSafeForATerminal(t *testing.T) {
	hostile := "a\nlevel=ERROR\x1b[2J\u009b31m\u202egnp.exe\u2028\x00\xff\U000e0041\t\"=é"
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			var got bytes.Buffer
			log, err := logger(&got, slog.LevelInfo, format)
			if err != nil {
				t.Fatal(err)
			}
			log = slog.New(timeless{log.Handler()})
			log.Info("a value", "v", hostile)
			log.Info("an error", "err", errors.New(hostile))
			log.Info(hostile) //nolint:sloglint // what if it were not a constant
			log.Info("a key", hostile, 1)
			log.Info("a list", "v", []string{hostile})
			log.Info("a struct", "v", struct{ Name string }{hostile})
			log.Info("bytes", "v", []byte(hostile))
			log.Info("a group", slog.Group(hostile, "v", hostile))
			log.With("v", hostile).WithGroup(hostile).Info("of a child", "v", hostile)
			log.Info("é is for the eye, and a plane-1 letter: 𝔔", "space", "V75")
			log.Info("a token in the place of a name", "space", "qsr_pub_"+strings.Repeat("aB3_-", 9), "other", "qsr_pub_")
			log.Debug("not asked for")

			checkInert(t, got.Bytes(), 11)
			if format == "json" {
				checkValues(t, got.String(), hostile)
			}
			golden(t, "log."+format+".golden", got.Bytes())
		})
	}
}

// timeless leaves the time of records out.
type timeless struct{ slog.Handler }

func (h timeless) Handle(ctx context.Context, r slog.Record) error {
	r.Time = time.Time{}
	return h.Handler.Handle(ctx, r)
}

func (h timeless) WithAttrs(a []slog.Attr) slog.Handler { return timeless{h.Handler.WithAttrs(a)} }
func (h timeless) WithGroup(name string) slog.Handler   { return timeless{h.Handler.WithGroup(name)} }

func checkInert(t *testing.T, log []byte, lines int) {
	t.Helper()
	if got := bytes.Count(log, []byte("\n")); got != lines {
		t.Errorf("got %d lines, want %d", got, lines)
	}
	for _, r := range string(log) {
		if !unicode.IsPrint(r) && r != '\n' || r == unicode.ReplacementChar {
			t.Errorf("got %U in\n%+q", r, log)
			return
		}
	}
	if bytes.Contains(log, []byte("aB3_-")) {
		t.Errorf("got a token in %s", log)
	}
}

// What a program reads out of the JSON is what was logged, but for bytes that are
// not UTF-8.
func checkValues(t *testing.T, log, want string) {
	t.Helper()
	want = strings.ToValidUTF8(want, "\ufffd")
	first, _, _ := strings.Cut(log, "\n")
	var line map[string]string
	if err := json.Unmarshal([]byte(first), &line); err != nil {
		t.Fatalf("%s: %v", first, err)
	}
	if diff := cmp.Diff(map[string]string{"level": "INFO", "msg": "a value", "v": want}, line); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for line := range strings.Lines(log) {
		if !json.Valid([]byte(line)) {
			t.Errorf("got %s, want JSON", line)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// A writer that is gone is an error and not a short count.
func TestALogThatCannotBeWritten(t *testing.T) {
	broken := errors.New("the disk is full")
	if n, err := (inertWriter{failingWriter{broken}}).Write([]byte("x\n")); n != 0 || !errors.Is(err, broken) {
		t.Errorf("got %d, %v, want 0 and %v", n, err, broken)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// Whatever a line holds, it stays one line, printable and without a token.
func FuzzLogLine(f *testing.F) {
	f.Add("plain")
	f.Add("\u202e\x9b\xff\u2028\U000e0041")
	f.Add("qsr_adm_" + strings.Repeat("x", 43) + "\u200b")
	f.Add("qsr_\u202epub_" + strings.Repeat("x", 43))
	f.Fuzz(func(t *testing.T, text string) {
		var out bytes.Buffer
		log, _ := logger(&out, slog.LevelInfo, "json")
		log.Info("fuzz", "v", text)
		if bytes.Count(out.Bytes(), []byte("\n")) != 1 || bytes.ContainsFunc(bytes.TrimSuffix(out.Bytes(), []byte("\n")), steers) {
			t.Errorf("got %q", out.String())
		}
		var line struct{ V string }
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Errorf("%s: %v", out.String(), err)
		}
		if tokenPattern.MatchString(line.V) {
			t.Errorf("got a token in %q", line.V)
		}
	})
}
