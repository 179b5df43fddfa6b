package disk

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// childEnv makes the test's own program do one of the children's work in the
// directory that follows the work's name.
const childEnv = "QUASAR_TEST_CHILD"

var children = map[string]func(dir string) error{"write": writeForEver, "hold": holdForEver}

func TestMain(m *testing.M) {
	work, dir, _ := bytes.Cut([]byte(os.Getenv(childEnv)), []byte(" "))
	if do := children[string(work)]; do != nil {
		if err := do(string(dir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child starts one, which has said a word when this returns.
func child(t *testing.T, work, dir string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childEnv+"="+work+" "+dir)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() }) // they may be gone
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the child: got %q, %v, want a word from it", line, err)
	}
	return c
}

// files returns what each file of a directory has.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(data)
	}
	return all
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for _, c := range []struct {
		data, keep string
		want       map[string]string
	}{
		{"one", "a.1", map[string]string{"a": "one"}},
		{"two", "a.1", map[string]string{"a": "two", "a.1": "one"}},
		{"three", "a.1", map[string]string{"a": "three", "a.1": "two"}},
		{"four", "", map[string]string{"a": "four", "a.1": "two"}},
	} {
		keep := c.keep
		if keep != "" {
			keep = filepath.Join(dir, keep)
		}
		if err := Replace(path, []byte(c.data), keep); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, files(t, dir)); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.data, diff)
		}
	}
}

// A process that ends between the two renames leaves one file under both names.
func TestReplaceWhatIsKeptAlready(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := errors.Join(os.WriteFile(path, []byte("one"), 0o600), os.Link(path, path+".1")); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, []byte("two"), path+".1"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "two", "a.1": "one"}, files(t, dir)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestReplaceWhereItCannot(t *testing.T) {
	dir := t.TempDir()
	if err := Replace(filepath.Join(dir, "none", "a"), nil, ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that the folder is not there", err)
	}
	path := filepath.Join(dir, "a")
	if err := errors.Join(os.WriteFile(path, []byte("one"), 0o600), os.MkdirAll(filepath.Join(dir, "kept", "full"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, []byte("two"), filepath.Join(dir, "kept")); err == nil {
		t.Error("got no error, want that a folder is in the way of what is to be kept")
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "one" {
		t.Errorf("got %q, %v, want the file as it was", got, err)
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "a.1", ".a", ".a.1", ".a123456789", ".a1234567890123", ".b123", ".a12x", "a123"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Sweep(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": "", "a.1": "", ".a": "", ".a.1": "", ".b123": "", ".a12x": "", "a123": ""}
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	t.Chdir(dir)
	if err := Sweep("a"); err != nil {
		t.Errorf("in the folder itself: %v", err)
	}
}

func holdForEver(dir string) error {
	f, err := Hold(filepath.Join(dir, "lock"))
	if err != nil {
		return err
	}
	fmt.Println("held")
	time.Sleep(time.Minute) // it is killed before
	return f.Close()
}

func TestAProcessHoldsAFileUntilItIsKilled(t *testing.T) {
	dir := t.TempDir()
	holder := child(t, "hold", dir)
	if f, err := Hold(filepath.Join(dir, "lock")); f != nil || !errors.Is(err, ErrHeld) {
		t.Errorf("got %v, want that another process has it", err)
	}
	_ = holder.Process.Kill()
	_ = holder.Wait() // it was killed
	f, err := Hold(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestMakeDirectory(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "b")
	for range 2 {
		if err := MakeDirectory(path); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("got %v, %v, want a directory for one user", info, err)
		}
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := MakeDirectory(filepath.Join(file, "a")); err == nil {
		t.Error("below a file: got no error")
	}
}

func TestALockForAllUsers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "locks")
	f, err := HoldForAll(dir, "a")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{dir: 0o777 | fs.ModeSticky | fs.ModeDir, filepath.Join(dir, "a"): 0o666} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	if _, err := HoldForAll(dir, "a"); !errors.Is(err, ErrHeld) {
		t.Errorf("got %v, want that it is held", err)
	}
	other, err := HoldForAll(dir, "b")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), other.Close()); err != nil {
		t.Fatal(err)
	}
	f, err = HoldForAll(dir, "a")
	if err != nil {
		t.Fatalf("held before: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	outside := filepath.Join(t.TempDir(), "precious")
	if err := errors.Join(os.WriteFile(outside, nil, 0o600), os.Symlink(outside, filepath.Join(dir, "c"))); err != nil {
		t.Fatal(err)
	}
	if _, err := HoldForAll(dir, "c"); err == nil {
		t.Error("a link to elsewhere: got no error")
	}
	if _, err := HoldForAll(filepath.Join(outside, "locks"), "a"); err == nil {
		t.Error("below a file: got no error")
	}
}

// content is what the writer writes in its n-th turn: large enough to be killed in
// the middle of, and whole or not at a glance.
func content(n int) []byte {
	return append(bytes.Repeat(fmt.Appendf(nil, "%08d\n", n), 20_000), "end\n"...)
}

func number(t *testing.T, dir, name string) (n int) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(string(data), "%d", &n); err != nil || !bytes.Equal(data, content(n)) {
		t.Fatalf("%s: got %d bytes from %d on, %v, want it whole", name, len(data), n, err)
	}
	return n
}

func writeForEver(dir string) error {
	path := filepath.Join(dir, "state")
	if err := Sweep(path); err != nil {
		return err
	}
	n := 0
	if data, err := os.ReadFile(path); err == nil {
		if _, err := fmt.Sscanf(string(data), "%d", &n); err != nil {
			return err
		}
	}
	for turn := range 100_000 {
		n++
		if err := Replace(path, content(n), path+".1"); err != nil {
			return err
		}
		if turn == 1 {
			fmt.Println("written twice")
		}
	}
	return nil
}

// kill -9 at any moment, in the middle of a write for the most part: both files are
// there and whole, and no older than they were.
func TestAWriterIsKilledInALoop(t *testing.T) {
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	last, leftovers := 0, 0
	for range 20 {
		writer := child(t, "write", dir)
		time.Sleep(time.Duration(random.IntN(20_000)) * time.Microsecond)
		_ = writer.Process.Kill()
		_ = writer.Wait() // it was killed
		now, before := number(t, dir, "state"), number(t, dir, "state.1")
		if now < last+2 || before != now && before != now-1 {
			t.Fatalf("seed %d: got %d and before it %d, want above %d and the one before", seed, now, before, last+1)
		}
		last = now
		if entries := files(t, dir); len(entries) > 4 {
			t.Fatalf("seed %d: got %d files, want the two and what one killed writer leaves", seed, len(entries))
		} else if len(entries) > 2 {
			leftovers++
		}
	}
	t.Logf("%d of 20 were killed in the middle of a write; they came to turn %d", leftovers, last)
}
