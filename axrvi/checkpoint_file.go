package axrvi

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/karlquant/quasar/internal/disk"
	"github.com/karlquant/quasar/internal/safetensors"
	"github.com/karlquant/quasar/internal/torchfile"
)

// MaxCheckpoint is the largest checkpoint that is read, in bytes: those of ten
// thousand assets have some twenty million.
const MaxCheckpoint = 256 << 20

// Former is the name of the checkpoint before the one at path.
func Former(path string) string { return path + ".1" }

// Save writes the checkpoint to path and returns when it is on the disk. Whatever
// happens meanwhile, the file is the former checkpoint or this one, whole; the former
// one is kept as Former(path).
func (c *Checkpoint) Save(path string) error {
	data, err := c.Encode()
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := disk.Replace(path, data, Former(path)); err != nil {
		return fmt.Errorf("checkpoint %s: %w", path, err)
	}
	return nil
}

// LoadCheckpoint reads the checkpoint at path, and if that is missing or damaged the
// former one, which it logs as an error; nil discards that. The error is
// fs.ErrNotExist if there is neither, and ErrIncompatible for a checkpoint of another
// schema or, unless featureHash is "", of other features: going on without it is
// then for a person to decide, and the error says how.
func LoadCheckpoint(path, featureHash string, log *slog.Logger) (*Checkpoint, error) {
	c, err := readCheckpoint(path, featureHash)
	if err == nil || errors.Is(err, ErrIncompatible) {
		return c, err
	}
	if !errors.Is(err, errDamaged) && !errors.Is(err, fs.ErrNotExist) {
		return nil, err // it cannot be read now; it may be well
	}
	former, formerErr := readCheckpoint(Former(path), featureHash)
	switch {
	case formerErr == nil:
		warnOfFormer(log, path, err, former)
		return former, nil
	case errors.Is(formerErr, fs.ErrNotExist):
		return nil, err
	case errors.Is(err, fs.ErrNotExist):
		return nil, formerErr
	}
	return nil, fmt.Errorf("%w; the one before it cannot help: %w", err, formerErr)
}

func warnOfFormer(log *slog.Logger, path string, err error, former *Checkpoint) {
	if log == nil {
		return
	}
	log.Error("the checkpoint cannot be used: going on from the one before it, what was learned since is lost",
		"file", path, "err", err, "former", Former(path), "step", former.Step, "created", former.Created.Format(time.RFC3339))
}

// ReadCheckpoint reads the checkpoint at path and no other, of whatever features.
func ReadCheckpoint(path string) (*Checkpoint, error) { return readCheckpoint(path, "") }

func readCheckpoint(path, featureHash string) (*Checkpoint, error) {
	data, err := ReadModel(path)
	if err != nil {
		return nil, err
	}
	if !safetensors.IsOne(data) && torchfile.IsOne(data) {
		return nil, fmt.Errorf("%w: %s: got a file of PyTorch, want a checkpoint: quasar model import %s -o NEW.quasar", ErrIncompatible, path, path)
	}
	c, err := DecodeCheckpoint(data)
	if err == nil && featureHash != "" && c.FeatureHash != "" && c.FeatureHash != featureHash {
		err = fmt.Errorf("%w: got a checkpoint of the features %s, want %s: they were made otherwise, or with other options", ErrIncompatible, clip(c.FeatureHash), featureHash)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w; to start anew and keep this file under another name: quasar model reset %s", path, err, path)
	}
	return c, nil
}

// ReadModel reads a model's file, in whatever format, if it is not larger than those
// may be.
func ReadModel(path string) ([]byte, error) {
	f, info, err := disk.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	head := make([]byte, 16)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := checkSize(head[:n], info.Size()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return io.ReadAll(io.LimitReader(f, info.Size()))
}

func checkSize(head []byte, size int64) error {
	if !safetensors.IsOne(head) {
		return torchfile.CheckSize(size)
	}
	if size > MaxCheckpoint {
		return fmt.Errorf("got %d bytes, want at most %d", size, MaxCheckpoint)
	}
	return nil
}

// aside is the end of the name of a file that was set aside at a time.
func aside(at time.Time) string { return ".before-" + at.UTC().Format("20060102T150405.000000Z") }

// Reset gives a checkpoint and the one before it other names, with the time at at
// their ends, and returns those: nothing is deleted, and the next ranker starts
// anew. The error is fs.ErrNotExist if there is neither, and ErrHeld if a ranker is
// running with it.
func Reset(path string, at time.Time) (set []string, err error) {
	hold, err := holdCheckpoint(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, hold.Close()) }()
	return setAside(path, at)
}

func setAside(path string, at time.Time) (set []string, err error) {
	for _, from := range []string{Former(path), path} { // the newest last: if that fails nothing is worse
		to := from + aside(at)
		switch err := disk.Rename(from, to); {
		case err == nil:
			set = append(set, to)
		case !errors.Is(err, fs.ErrNotExist):
			return set, err
		}
	}
	if len(set) == 0 {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return set, nil
}

// hold is a checkpoint's lock.
type hold struct{ f *os.File }

// holdCheckpoint makes sure that no other process writes the checkpoint. On a system
// without such locks it does nothing.
func holdCheckpoint(path string) (*hold, error) {
	f, err := disk.Hold(path + ".lock")
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return &hold{}, nil
	case errors.Is(err, ErrHeld):
		return nil, fmt.Errorf("%s: %w: a ranker is running with it; stop that one, or give this one a --model of its own", path, err)
	case err != nil:
		return nil, fmt.Errorf("the model's state cannot be kept: %w", err)
	}
	return &hold{f}, nil
}

// Close lets the checkpoint go.
func (h *hold) Close() error {
	if h.f == nil {
		return nil
	}
	return h.f.Close()
}
