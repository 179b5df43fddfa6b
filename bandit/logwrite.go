package bandit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"github.com/karlquant/quasar/internal/disk"
)

// Flush writes what has come so far. After an error it is still there, and the next
// Flush tries again; on the disk nothing is half written that is not then overwritten
// or cut.
func (l *Log) Flush() error {
	l.file.Lock()
	defer l.file.Unlock()
	for !l.shut {
		if len(l.out) == 0 && !l.swap() {
			return nil
		}
		n, err := l.write()
		if err != nil {
			return l.wrap(err)
		}
		l.out = l.out[n:]
		l.mu.Lock()
		l.waiting -= n
		l.mu.Unlock()
	}
	return nil
}

// swap takes what has come, if anything has.
func (l *Log) swap() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.in, l.out = nil, l.in
	return len(l.out) > 0
}

// write writes as many records as the file has room for, and returns their bytes.
func (l *Log) write() (int, error) {
	if err := l.ensure(); err != nil {
		return 0, err
	}
	n := l.fitting()
	if n == 0 {
		if err := l.rotate(); err != nil {
			return 0, err
		}
		n = l.fitting()
	}
	data := l.out[:n]
	if l.head {
		data = slices.Concat(l.begin, data)
	}
	// What a former attempt left behind good is overwritten, for it was a part of this.
	if _, err := l.f.WriteAt(data, l.good); err != nil {
		return 0, errors.Join(err, l.f.Truncate(l.good))
	}
	if !l.opts.NoSync {
		if err := l.f.Sync(); err != nil {
			return 0, err
		}
	}
	l.good, l.head = l.good+int64(len(data)), false
	return n, nil
}

// ensure opens the file again if it is not there any more: after an error in between
// two files, or if somebody removed or shortened it.
func (l *Log) ensure() error {
	if l.f != nil {
		mine, err := l.f.Stat()
		named, missing := os.Stat(l.path)
		if err == nil && missing == nil && os.SameFile(mine, named) && mine.Size() >= l.good {
			return nil
		}
		if err := l.f.Close(); err != nil {
			return err
		}
		l.f = nil
	}
	return l.open()
}

// fitting is how many bytes of whole records fit into the file, at least one record
// into a new one.
func (l *Log) fitting() int {
	room := l.opts.MaxBytes - l.good
	if l.head {
		room -= int64(len(l.begin))
	}
	if int64(len(l.out)) <= room {
		return len(l.out)
	}
	if n := 1 + bytes.LastIndexByte(l.out[:max(0, room)], '\n'); n > 0 || l.good > 0 {
		return n
	}
	return 1 + bytes.IndexByte(l.out, '\n')
}

// rotate renames the full file and begins another. If that fails, nothing is lost, and
// the next write tries again.
func (l *Log) rotate() error {
	if err := l.f.Close(); err != nil {
		return err
	}
	l.f = nil
	name := func(i int) string {
		if i == 0 {
			return l.path
		}
		return l.path + "." + strconv.Itoa(i)
	}
	if l.opts.Files == 1 {
		if err := os.Remove(l.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for i := l.opts.Files - 2; i >= 0; i-- {
		if err := disk.Rename(name(i), name(i+1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return l.open()
}

// open opens the file, holds it, and cuts a line without an end. Lines that are damaged
// stay: who reads leaves them out, and somebody may still make sense of them.
func (l *Log) open() error {
	if info, err := os.Stat(l.path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("got %s, want a file", disk.Kind(info))
	}
	f, err := disk.Hold(l.path)
	if errors.Is(err, errors.ErrUnsupported) {
		f, err = os.OpenFile(l.path, os.O_RDWR|os.O_CREATE, 0o600)
	}
	if err != nil {
		return err
	}
	good, damaged, end, err := survey(f)
	if err == nil && end > good {
		err = f.Truncate(good)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.mu.Lock()
	l.stats.Cut, l.stats.Damaged = l.stats.Cut+end-good, l.stats.Damaged+damaged
	l.mu.Unlock()
	l.f, l.good, l.head = f, good, true
	return nil
}

// survey finds where the last line of a log that has an end ends, how many lines are
// damaged, and where the file ends.
func survey(r io.Reader) (good, damaged, end int64, err error) {
	l := newLines(r)
	for l.next() {
		err := l.check()
		var damage *LogDamage
		switch {
		case errors.Is(err, ErrNoLog):
			return 0, 0, 0, err
		case errors.As(err, &damage) && damage.Torn:
			continue // the last
		case err != nil:
			damaged++
		}
		good = l.after
	}
	return good, damaged, l.after, l.err
}
