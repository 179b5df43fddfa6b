package app

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
)

// noRoom is an output on a full disk.
type noRoom struct{}

func (noRoom) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// A command whose result nobody has did not end well, whatever it is.
func TestAResultThatCannotBeWrittenIsAFailure(t *testing.T) {
	dir := t.TempDir()
	book, err := journal.Open(dir, trade.Account{ID: "PAPER", Mode: trade.Paper, Currency: "USD"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"help"}, {"hub", "--help"}, {"trade"}, {"version"}, {"token", "new", "--role", "viewer"}, {"completion", "bash"},
		{"trade", "status", "--data-dir", dir}, {"journal", "list", "--data-dir", dir}, {"health", realHub(t)}, {"watch", "--once", "--hub", realHub(t)},
	} {
		var stderr bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(""), noRoom{}, &stderr); code != exitFailure || !strings.Contains(stderr.String(), "no space left") {
			t.Errorf("%v: got %d and %q, want %d and why", args, code, &stderr, exitFailure)
		}
	}
}

// What is a terminal is one behind output, too.
func TestTheFileOfAnOutput(t *testing.T) {
	if f, ok := fileOf(&output{to: os.Stdout}); !ok || f != os.Stdout {
		t.Errorf("got %v, %t, want the standard output", f, ok)
	}
	if f, ok := fileOf(&output{to: new(bytes.Buffer)}); ok {
		t.Errorf("got %v, want none", f)
	}
}
