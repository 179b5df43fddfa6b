package fileengine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/karlquant/quasar/internal/disk"
)

// errHeld says that another process has the directory.
var errHeld = errors.New("another process keeps its state there; give each hub a directory of its own")

// takeLock makes sure that no other process has the directory.
func (e *Engine) takeLock() error {
	if e.lock != nil {
		return nil
	}
	f, err := disk.Hold(filepath.Join(filepath.Dir(e.path), lockFile))
	if errors.Is(err, disk.ErrHeld) {
		return errHeld
	}
	e.lock = f
	return err
}

// setAside moves a damaged file out of the way. Nobody but a person removes it.
func (e *Engine) setAside() error {
	aside := e.path + ".corrupt-" + time.Now().UTC().Format("20060102T150405.000000Z")
	err := disk.Rename(e.path, aside)
	if errors.Is(err, os.ErrNotExist) { // somebody did it
		e.damaged = false
		return nil
	}
	if err != nil {
		return fmt.Errorf("a damaged state cannot be set aside: %w", err)
	}
	e.damaged = false
	e.log.Error("the damaged state is set aside", "file", aside)
	return nil
}

// replaceFile writes a file anew. Whenever the machine stops, there is the old
// file or the new one, whole.
func replaceFile(path string, data []byte) error {
	temporary := path + ".tmp"
	if err := writeSynced(temporary, data); err != nil {
		_ = os.Remove(temporary) // it takes room, and that may be what lacks
		return err
	}
	return disk.Rename(temporary, path)
}

// writeSynced writes a new file and returns when it is on the disk.
func writeSynced(path string, data []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
