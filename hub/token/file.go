package token

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/karlquant/quasar/internal/disk"
)

// Read reads the entries of a file.
func Read(path string) ([]Entry, error) {
	data, err := readAll(path)
	if err != nil {
		return nil, err
	}
	entries, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return entries, nil
}

func readAll(path string) ([]byte, error) {
	f, _, err := disk.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s: got more than %d bytes", path, maxFile)
	}
	return data, err
}

// Change replaces the entries of a file by what change makes of them, at once for
// whoever reads it, and durably. A file that is not there has none. Changes of
// several processes happen one after the other.
func Change(path string, change func([]Entry) ([]Entry, error)) (err error) {
	unlock, err := lock(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	entries, err := Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if entries, err = change(entries); err != nil {
		return err
	}
	if len(entries) > maxEntries {
		return errTooMany
	}
	if err := checkAll(entries); err != nil {
		return err
	}
	return replace(path, Append(nil, entries...))
}

// lockPatience is how long another process may take for its change.
const lockPatience = 5 * time.Second

// lock takes the file PATH.lock, which is there for as long as somebody changes
// the file: it works on every system and every file system.
func lock(path string) (unlock func() error, err error) {
	name := path + ".lock"
	for deadline := time.Now().Add(lockPatience); ; time.Sleep(20 * time.Millisecond) {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			return func() error { return errors.Join(f.Close(), os.Remove(name)) }, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%s: another process has been changing the tokens for %v; remove that file if none does", name, lockPatience)
		}
	}
}

// replace writes a file of which nobody ever sees a part, readable by its owner
// alone.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // it is gone if all went well
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename last. Some systems cannot: there it lasts when it does.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}
