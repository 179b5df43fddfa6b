// Package disk has what a file needs that must outlast whatever happens: it is
// replaced as a whole, the one before it is kept, and one process has it at a time.
package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ErrHeld says that another process holds a file.
var ErrHeld = errors.New("another process has it")

// Hold opens the file at path, which is made if it is not there, and holds it until
// it is closed or the process ends, however that ends. It is an error that is
// ErrHeld if another process holds it, and one that is errors.ErrUnsupported if the
// system knows no such thing; nobody holds it then.
func Hold(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		_ = f.Close() // nothing was written to it
		return nil, err
	}
	return f, nil
}

// HoldForAll is Hold among all users of the machine: the file is in a directory in
// which each of them may make files and nobody may remove another's, as in /tmp
// itself. It is of use between people who mean well.
func HoldForAll(dir, name string) (*os.File, error) {
	if err := os.Mkdir(dir, 0o700); err == nil {
		err = os.Chmod(dir, 0o777|os.ModeSticky)
		if err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	root, err := os.OpenRoot(dir) // a link in it leads nowhere
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // it was only read
	f, err := openForAll(root, name)
	if err != nil {
		return nil, err
	}
	if err := lock(f); err != nil {
		_ = f.Close() // nothing was written to it
		return nil, err
	}
	return f, nil
}

// openForAll opens a file, or makes one that everybody may write. An existing one is
// opened without O_CREATE, which Linux refuses in such a directory to all but the
// owner.
func openForAll(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return root.OpenFile(name, os.O_RDWR, 0)
	}
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(0o666); err != nil {
		_ = f.Close() // nothing was written to it
		return nil, err
	}
	return f, nil
}

// Rename renames a file and returns when that is on the disk.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(to))
}

// Replace writes a file anew and returns when it is on the disk. Whatever happens
// meanwhile, what has the name is the former one or the new one, whole. The former
// one is kept under the name keep; "" for not. On a file system without hard links
// there is none under the name for a moment, and the former one under keep.
//
// A process that is killed in it leaves a file beside it, which Sweep removes.
func Replace(path string, data []byte, keep string) error {
	if err := replace(path, data, func() error { return keepAs(path, keep) }); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

// keepAs gives the file at path a second name, in place of what has it.
func keepAs(path, keep string) error {
	if keep == "" {
		return nil
	}
	other := keep + ".new"
	if err := remove(other); err != nil {
		return err
	}
	err := os.Link(path, other)
	if errors.Is(err, fs.ErrNotExist) { // there is none to keep
		return nil
	}
	if err != nil { // a file system without second names: the name is free for a moment
		return os.Rename(path, keep)
	}
	if err := os.Rename(other, keep); err != nil {
		return err
	}
	return remove(other) // it stays if keep was this very file
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Sweep removes what Replace left beside path when its process was killed. Nobody
// may be in Replace.
func Sweep(path string) error {
	dir, base := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(dir))
	for _, e := range entries {
		if isLeftover(e.Name(), base) {
			err = errors.Join(err, remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// isLeftover tells whether a name is that of a file which was to replace base: a
// dot, the name, and a number.
func isLeftover(name, base string) bool {
	number, ok := strings.CutPrefix(name, "."+base)
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

// MakeDirectory makes a directory and those above it that are not there, for this
// user alone, and returns when they are on the disk.
func MakeDirectory(path string) error {
	path = filepath.Clean(path)
	var made []string
	for at := path; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			break // it is there, or MkdirAll says what is wrong
		}
		made = append(made, at)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for _, at := range made {
		if err := syncDirectory(filepath.Dir(at)); err != nil {
			return err
		}
	}
	return nil
}
