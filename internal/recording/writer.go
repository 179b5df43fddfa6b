package recording

import (
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
)

// Extension is that of the files.
const Extension = ".jsonl.gz"

// Options of a Writer.
type Options struct {
	// MostBytes is when a file is full, compressed; 0 is 64 MiB.
	MostBytes int64
	// MostTime is when it is old; 0 is 24 h.
	MostTime time.Duration
	// SyncEvery is how much a crash may cost; 0 is a second.
	SyncEvery time.Duration
}

// Writer writes records to files of a directory, one after the other. It is for
// one goroutine.
type Writer struct {
	dir    string
	opts   Options
	file   *os.File
	zip    *gzip.Writer
	begun  time.Time
	synced time.Time
	dirty  bool
	last   string
	files  int
}

// NewWriter makes the directory if need be. It opens no file before the first
// record.
func NewWriter(dir string, opts *Options) (*Writer, error) {
	w := &Writer{dir: dir}
	if opts != nil {
		w.opts = *opts
	}
	if w.opts.MostBytes < 0 || w.opts.MostTime < 0 || w.opts.SyncEvery < 0 {
		return nil, fmt.Errorf("recording: got %d bytes, %v and %v, want none below 0", w.opts.MostBytes, w.opts.MostTime, w.opts.SyncEvery)
	}
	if w.opts.MostBytes == 0 {
		w.opts.MostBytes = 64 << 20
	}
	if w.opts.MostTime == 0 {
		w.opts.MostTime = 24 * time.Hour
	}
	if w.opts.SyncEvery == 0 {
		w.opts.SyncEvery = time.Second
	}
	return w, os.MkdirAll(dir, 0o750)
}

// Write adds a record, and syncs or begins another file when it is time. After
// an error nothing more is written to that file.
func (w *Writer) Write(r Record) error { return w.abandon(w.write(r)) }

// abandon leaves the file alone that an error is of: what it has can be read.
func (w *Writer) abandon(err error) error {
	if err == nil {
		return nil
	}
	if w.file != nil {
		_ = w.file.Close() // the error that counts is the first
		w.file = nil
	}
	return fmt.Errorf("recording: %w", err)
}

func (w *Writer) write(r Record) error {
	if w.file == nil {
		if err := w.open(r.At); err != nil {
			return err
		}
	}
	if err := w.line(r); err != nil {
		return err
	}
	if r.At.Sub(w.synced) >= w.opts.SyncEvery {
		if err := w.sync(r.At); err != nil {
			return err
		}
	}
	return w.rotate(r.At)
}

func (w *Writer) line(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.dirty = true
	_, err = w.zip.Write(append(line, '\n'))
	return err
}

// open begins a file, whose name is the moment, and another number if there is
// one of that moment.
func (w *Writer) open(at time.Time) error {
	name := "quasar-" + at.UTC().Format("20060102T150405.000")
	path := filepath.Join(w.dir, name+Extension)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	for n := 2; errors.Is(err, os.ErrExist) && n < 1000; n++ {
		path = filepath.Join(w.dir, fmt.Sprintf("%s-%d%s", name, n, Extension))
		file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		return err
	}
	w.file, w.zip, w.begun, w.last = file, gzip.NewWriter(file), at, path
	w.files++
	if err := w.line(header{Version: Version, Begun: at.UTC()}); err != nil {
		return err
	}
	return w.sync(at)
}

func (w *Writer) sync(at time.Time) error {
	w.synced = at
	if !w.dirty {
		return nil
	}
	w.dirty = false
	if err := w.zip.Flush(); err != nil {
		return err
	}
	return w.file.Sync()
}

// Sync brings what was written to the disk, when nothing comes for a while. After an
// error nothing more is written to that file.
func (w *Writer) Sync(at time.Time) error {
	if w.file == nil || at.Sub(w.synced) < w.opts.SyncEvery {
		return nil
	}
	return w.abandon(w.sync(at))
}

// rotate closes a file that is full or old.
func (w *Writer) rotate(at time.Time) error {
	info, err := w.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < w.opts.MostBytes && at.Sub(w.begun) < w.opts.MostTime {
		return nil
	}
	return w.end()
}

// Close ends the file that is open. The writer can be used again.
func (w *Writer) Close() error { return w.abandon(w.end()) }

func (w *Writer) end() error {
	if w.file == nil {
		return nil
	}
	if err := w.zip.Close(); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	file := w.file
	w.file = nil
	return file.Close()
}

// Path is the newest file, empty before the first.
func (w *Writer) Path() string { return w.last }

// Files is how many were begun.
func (w *Writer) Files() int { return w.files }
