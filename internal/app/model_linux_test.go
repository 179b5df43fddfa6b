package app

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/karlquant/quasar/axrvi"
)

// terminal opens a pseudo-terminal: what is written to person is read from its other
// end.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

func TestModelResetAsksAPerson(t *testing.T) {
	for _, c := range []struct {
		answer string
		resets bool
	}{{"n\n", false}, {"\n", false}, {"maybe\n", false}, {"y\n", true}, {"YES\n", true}} {
		path := filepath.Join(t.TempDir(), "x.quasar")
		if err := (&axrvi.Checkpoint{}).Save(path); err != nil {
			t.Fatal(err)
		}
		person, program := terminal(t)
		if _, err := person.WriteString(c.answer); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), []string{"model", "reset", path}, program, &stdout, &stderr)
		_, err := os.Stat(path)
		if code != exitOK || os.IsNotExist(err) != c.resets || !strings.HasPrefix(stderr.String(), "Start anew without "+path+"? It is kept under another name. [y/N] ") {
			t.Errorf("%q: got %d %s, %v, want a reset: %t", c.answer, code, &stderr, err, c.resets)
		}
	}
}
