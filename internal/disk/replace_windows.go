package disk

import (
	"errors"
	"os"
	"path/filepath"
)

// replace writes beside path, calls before when that is on the disk, and renames.
// renameio is not made for Windows, whose rename replaces a file all the same.
func replace(path string, data []byte, before func() error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // it is gone if all went well
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := before(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
