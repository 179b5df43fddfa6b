package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	codes "modernc.org/sqlite/lib"

	"golang.org/x/sys/unix"
)

func init() {
	children["fill"] = func(dir string) error { return appendOnAFullDisk(dir, fillDisk, codes.SQLITE_FULL) }
	children["limit"] = func(dir string) error { return appendOnAFullDisk(dir, limitFiles, codes.SQLITE_IOERR) }
	children["readonly"] = openOnAReadOnlyDisk
}

// appendOnAFullDisk takes all room in the middle of trading and gives it back: what
// was acknowledged stays, nothing else is there, and the same journal goes on.
func appendOnAFullDisk(dir string, fill func(dir string) (free func() error, err error), want int) error {
	ctx := context.Background()
	j, err := Open(dir, account, nil)
	if err != nil {
		return err
	}
	if err := j.Append(ctx, opened()); err != nil {
		return err
	}
	for round := range 3 {
		free, err := fill(dir)
		if err != nil {
			return err
		}
		count, err := appendUntil(ctx, j)
		if codeOf(err)&0xff != want {
			return fmt.Errorf("round %d: got %w, want error %d of the database", round, err, want)
		}
		fmt.Printf("round %d: entry %d: %v\n", round, count+1, err)
		if err := counted(ctx, j, count); err != nil {
			return err
		}
		if err := free(); err != nil {
			return err
		}
		if err := j.Append(ctx, nth(count+1)); err != nil {
			return fmt.Errorf("there is room again: %w", err)
		}
	}
	last := j.last.seq
	if err := j.Close(); err != nil {
		return err
	}
	again, err := Open(dir, account, nil)
	if err != nil {
		return err
	}
	return errors.Join(counted(ctx, again, last), again.Close())
}

// appendUntil appends until that is an error, and again to see that it stays one.
func appendUntil(ctx context.Context, j *Journal) (count int64, err error) {
	for range 5000 {
		if err = j.Append(ctx, nth(j.last.seq+1)); err != nil {
			break
		}
	}
	count = j.last.seq
	if again := j.Append(ctx, nth(count+1)); again == nil {
		return count, errors.New("got no error the second time")
	}
	return count, err
}

func counted(ctx context.Context, j *Journal, want int64) error {
	got := int64(0)
	for _, err := range j.Entries(ctx) {
		if err != nil {
			return err
		}
		got++
	}
	if got != want {
		return fmt.Errorf("got %d entries, want %d", got, want)
	}
	return nil
}

// room is what is left, for some entries.
const room = 96 << 10

// fillDisk leaves next to no room on the file system of dir.
func fillDisk(dir string) (free func() error, err error) {
	path := filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	block := make([]byte, 4096)
	for range 1 << 16 {
		if _, err = f.Write(block); err != nil {
			break
		}
	}
	if !errors.Is(err, unix.ENOSPC) {
		return nil, fmt.Errorf("got %w, want a full disk", err)
	}
	size, err := f.Seek(-room, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	return func() error { return errors.Join(f.Close(), os.Remove(path)) }, f.Truncate(size)
}

// limitFiles lets no file grow: writing to one is an error, though no full disk.
func limitFiles(dir string) (free func() error, err error) {
	info, err := os.Stat(filepath.Join(dir, string(account.Mode)+".db-wal"))
	if err != nil {
		return nil, err
	}
	limit := func(n uint64) error {
		return unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: unix.RLIM_INFINITY})
	}
	return func() error { return limit(unix.RLIM_INFINITY) }, limit(uint64(info.Size() + room))
}

// openOnAReadOnlyDisk reads where nothing can be written, and is told so where it
// wants to write.
func openOnAReadOnlyDisk(dir string) error {
	ctx := context.Background()
	j, err := Open(dir, account, nil)
	if err != nil {
		return err
	}
	if err := errors.Join(j.Append(ctx, opened(), planned(1)), j.Close()); err != nil {
		return err
	}
	if err := unix.Mount("none", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		return err
	}
	if _, err := Open(dir, account, nil); !errors.Is(err, unix.EROFS) {
		return fmt.Errorf("got %w, want that nothing can be written", err)
	}
	v, err := OpenView(dir, account.Mode)
	if err != nil {
		return err
	}
	sum, err := v.Verify(ctx)
	if err := errors.Join(err, v.Close()); err != nil {
		return err
	}
	if sum.Entries != 2 {
		return fmt.Errorf("got %d entries, want 2", sum.Entries)
	}
	return nil
}

// inTmpfs makes a child work on a file system of 1 MiB, in a mount namespace that ends
// with it. It is false where that is forbidden.
func inTmpfs(t *testing.T, dir string, args ...string) (*exec.Cmd, bool) {
	t.Helper()
	const inside = `mount -t tmpfs -o size=1m,mode=700 none "$0" && exec "$@"`
	if out, err := exec.Command("unshare", "-rm", "sh", "-c", inside, t.TempDir(), "true").CombinedOutput(); err != nil {
		t.Logf("no tmpfs here: %v %s", err, out)
		return nil, false
	}
	return exec.Command("unshare", append([]string{"-rm", "sh", "-c", inside, dir}, args...)...), true
}

// A disk without room, and one that refuses writes: nothing is half written, and the
// journal goes on once it can.
func TestADiskThatTakesNothing(t *testing.T) {
	for _, work := range []string{"fill", "readonly", "limit"} {
		dir := t.TempDir()
		c := exec.Command(os.Args[0])
		if work != "limit" {
			var ok bool
			if c, ok = inTmpfs(t, dir, os.Args[0]); !ok {
				continue // the limit does for the writes
			}
		}
		c.Env = append(os.Environ(), childEnv+"="+work+" "+dir)
		out, err := c.CombinedOutput()
		t.Logf("%s:\n%s", work, strings.TrimSpace(string(out)))
		if err != nil {
			t.Errorf("%s: %v", work, err)
		}
	}
}
