//go:build !windows

package disk

import (
	"path/filepath"

	"github.com/google/renameio/v2"
)

// replace writes beside path, calls before when that is on the disk, and renames.
func replace(path string, data []byte, before func() error) error {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithExistingPermissions())
	if err != nil {
		return err
	}
	defer func() { _ = f.Cleanup() }() // it takes room, and that may be what lacks
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := before(); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}
