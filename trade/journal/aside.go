package journal

import (
	"errors"
	"io/fs"
	"time"

	"github.com/karlquant/quasar/internal/disk"
	"github.com/karlquant/quasar/trade"
)

// SetAside moves the journal of a mode out of the way, with ".corrupt-" and the time
// behind its name, so that Open begins a new one. It returns the new name; nobody but
// a person removes what has it. It is an error that is ErrInUse while a process has
// the journal.
func SetAside(dir string, mode trade.Mode, now time.Time) (string, error) {
	s := store{path: File(dir, mode)}
	lock, err := hold(s.path + lockSuffix)
	if err != nil {
		return "", s.named(err)
	}
	defer func() { _ = lock.Close() }() // nothing in it is needed
	aside := s.path + ".corrupt-" + now.UTC().Format("20060102T150405.000000Z")
	// The database goes first: a log without one is nothing that could be taken for a
	// shorter journal.
	for _, suffix := range []string{"", "-wal", "-shm", headSuffix} {
		if err := disk.Rename(s.path+suffix, aside+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", s.named(err)
		}
	}
	return aside, nil
}
