package bandit_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/karlquant/quasar/bandit"
)

// children are what this program does instead of testing when childEnv asks it to:
// "name argument".
var children = map[string]func(argument string) error{"write": writeUntilKilled}

const childEnv = "QUASAR_BANDIT_TEST_CHILD"

func TestMain(m *testing.M) {
	name, argument, ok := strings.Cut(os.Getenv(childEnv), " ")
	if !ok {
		m.Run()
		return
	}
	if err := children[name](argument); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child(t *testing.T, work string, with ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	if len(with) > 0 {
		c = exec.CommandContext(t.Context(), with[0], append(with[1:], os.Args[0])...)
	}
	c.Env = append(os.Environ(), childEnv+"="+work)
	return c
}

// writeUntilKilled records decisions for ever, and says after each write which is the
// newest that is on the disk.
func writeUntilKilled(path string) error {
	l, err := bandit.OpenLog(path, &bandit.LogOptions{MaxBytes: 1 << 20, Files: 3})
	if err != nil {
		return err
	}
	for id := int64(0); ; id++ {
		if err := l.Decision(decision(id)); err != nil {
			return err
		}
		if id%50 > 0 {
			continue
		}
		if err := l.Flush(); err != nil {
			return err
		}
		fmt.Println(id)
	}
}

// A process that is killed loses nothing of what it has written, and whoever comes
// after it goes on.
func TestKilledWhileWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.log")
	for range 3 {
		c := child(t, "write "+path)
		out, err := c.StdoutPipe()
		must(t, err)
		var said bytes.Buffer
		c.Stderr = &said
		must(t, c.Start())
		newest, lines := int64(-1), bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			newest, err = strconv.ParseInt(lines.Text(), 10, 64)
			must(t, err)
			if n == 25 {
				must(t, c.Process.Kill())
			}
		}
		if err := c.Wait(); err == nil || said.Len() > 0 {
			t.Fatalf("the child ended with %v: %s", err, said.String())
		}
		l := openLog(t, path, nil)
		t.Logf("killed after decision %d was written: %+v", newest, l.Stats())
		must(t, l.Close())
		records, damage := collect(bandit.ReadLogs(path))
		got := ids(records)
		if damage != nil {
			t.Fatalf("got %q, want no damage left", damage)
		}
		seen := false
		for i, id := range got {
			seen = seen || i > 0 && id == newest
			if i > 0 && id != got[i-1]+1 && id != 0 {
				t.Fatalf("decision %d stands after %d", id, got[i-1])
			}
		}
		if !seen {
			t.Fatalf("decision %d was written, but is not there: the last is %d", newest, got[len(got)-1])
		}
	}
}
