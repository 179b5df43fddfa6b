package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/karlquant/quasar/internal/disk"
)

// Backup makes a copy of the journal in dir, as it is at one moment, also while
// another process writes to it, and returns what the copy comes to. The directory is
// made if it is not there; one that has a journal of this mode already is refused.
// The copy has its name once it is verified and on the disk.
func (v *View) Backup(ctx context.Context, dir string) (*Summary, error) {
	known, err := readHead(v.path + headSuffix) // before the entries: it is never ahead of them
	if err != nil {
		return nil, v.named(err)
	}
	to := filepath.Join(dir, filepath.Base(v.path))
	if err := errors.Join(disk.MakeDirectory(dir), vacant(to)); err != nil {
		return nil, err
	}
	part := to + ".part"
	sum, err := v.copyTo(ctx, part, known)
	if err == nil {
		err = name(part, to, link{sum.Entries, sum.Head})
	}
	if err != nil {
		return nil, errors.Join(v.named(err), forget(part))
	}
	return sum, nil
}

// vacant tells of a file that a copy would stand on, or that would be taken for its own.
func vacant(path string) error {
	for _, file := range []string{path, path + "-wal", path + headSuffix} {
		switch _, err := os.Lstat(file); {
		case err == nil:
			return fmt.Errorf("%s is there, want a directory without such a journal", file)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return nil
}

// copyTo writes a copy and verifies it.
func (v *View) copyTo(ctx context.Context, path string, known link) (*Summary, error) {
	if err := forget(path); err != nil { // of a copy that was broken off
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	db, err := openDatabase(v.path, copying)
	if err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", path)
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, told(err)
	}
	return inspect(path, known)
}

// name gives a copy its name, with its head beside it, and returns when both are on
// the disk.
func name(part, to string, newest link) error {
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := disk.Replace(to+headSuffix, []byte(formatHead(newest)), ""); err != nil {
		return err
	}
	return disk.Rename(part, to)
}

func forget(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
