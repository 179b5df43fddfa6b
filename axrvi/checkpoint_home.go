package axrvi

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/karlquant/quasar/internal/disk"
	"github.com/karlquant/quasar/internal/safetensors"
)

// HomeOptions say what a ranker is like whose state is opened.
type HomeOptions struct {
	// Sizes are those of its network, from inputs to outputs.
	Sizes []int
	// FeatureHash is that of its rank.Features.
	FeatureHash string
	// Logger is told of a checkpoint that cannot be used; nil for nothing.
	Logger *slog.Logger
}

// Home is where a ranker keeps what it learns, and what was there already: a
// Checkpoint, or the network of an Import, or neither. No other process has it.
type Home struct {
	// Path is the checkpoint that Save writes.
	Path string
	// Checkpoint is what to go on from; nil for nothing.
	Checkpoint *Checkpoint
	// Import is a network to start from; nil for none.
	Import *Import
	// Notes say what was found and done, for the person who started the ranker.
	Notes []string

	hold     *hold
	imported string // what Save notes in checkpoints
	outdated bool   // what is at Path is to be set aside before anything is written
}

// ErrHeld says that another process has a checkpoint: a ranker is running with it.
var ErrHeld = disk.ErrHeld

// OpenError is why Open came to nothing: there is something to be changed by a
// person, and the text says what. It wraps ErrIncompatible for a checkpoint that the
// ranker cannot go on from, and ErrHeld for one that another process has.
type OpenError struct{ Err error }

// Error implements error.
func (e *OpenError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *OpenError) Unwrap() error { return e.Err }

// HomePath returns where what is learned from a model is kept: beside it, under its
// name with the ending .quasar in place of one that model files usually have. Nothing
// is ever written to a file with another ending.
func HomePath(model string) string {
	ending := filepath.Ext(model)
	switch {
	case ending == ".quasar":
		return model
	case slices.Contains([]string{".pt", ".pth", ".bin", ".ckpt", ".safetensors"}, ending):
		return model[:len(model)-len(ending)] + ".quasar"
	}
	return model + ".quasar"
}

// Open opens what a ranker is told to start from, and takes HomePath(model) for it
// alone until Close:
//
//   - nothing is there: it starts anew;
//   - HomePath(model) is there and not older than the model: that is what was learned
//     since, and it goes on from there;
//   - the model is a file of PyTorch or safetensors: its network is taken over, see
//     ImportFile;
//   - the model is a checkpoint under another name: it goes on from there.
//
// The error is an *OpenError.
func Open(model string, opts *HomeOptions) (h *Home, err error) {
	h = &Home{Path: HomePath(model)}
	if h.hold, err = holdCheckpoint(h.Path); err != nil {
		return nil, &OpenError{err}
	}
	if err := h.open(model, opts); err != nil {
		return nil, &OpenError{errors.Join(err, h.Close())}
	}
	if h.Checkpoint != nil {
		h.imported = h.Checkpoint.Imported
	}
	if h.Import != nil {
		h.imported = h.Import.Hash
	}
	return h, nil
}

func (h *Home) open(model string, opts *HomeOptions) error {
	if err := disk.Sweep(h.Path); err != nil {
		return err
	}
	kept, err := newest(h.Path, Former(h.Path))
	if err != nil {
		return err
	}
	if model == h.Path {
		return h.load(!kept.IsZero(), model, opts)
	}
	at, err := newest(model)
	switch {
	case err != nil:
		return err
	case at.IsZero():
		return h.load(!kept.IsZero(), model, opts)
	case kept.IsZero():
		return h.take(model, opts)
	case !kept.Before(at):
		h.note("%s is newer than %s and is used: it has what was learned since", h.Path, model)
		return h.load(true, model, opts)
	}
	return h.compare(model, opts)
}

// newest returns when the newest of the files was changed; zero if there is none.
func newest(paths ...string) (at time.Time, err error) {
	for _, path := range paths {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return at, err
		}
		if info.ModTime().After(at) {
			at = info.ModTime()
		}
	}
	return at, nil
}

func (h *Home) note(format string, args ...any) {
	h.Notes = append(h.Notes, fmt.Sprintf(format, args...))
}

// load goes on from the checkpoint, or starts anew.
func (h *Home) load(there bool, model string, opts *HomeOptions) error {
	if there {
		c, err := LoadCheckpoint(h.Path, opts.FeatureHash, opts.Logger)
		if err != nil {
			return err
		}
		return h.use(c, h.Path, opts)
	}
	h.note("%s is not there: starting anew; what is learned is kept in %s", model, h.Path)
	return nil
}

// use goes on from a checkpoint, or if it is one that 'quasar model import' made
// takes the network out of it.
func (h *Home) use(c *Checkpoint, path string, opts *HomeOptions) error {
	layers, err := c.Model.layers()
	if err != nil {
		return fmt.Errorf("%s: %w: %w", path, errDamaged, err)
	}
	if sizes := sizesOf(layers); sizes != nil && !slices.Equal(sizes, opts.Sizes) {
		return fmt.Errorf("%w: %s: got a network %s, want %s; to start anew and keep this file under another name: quasar model reset %s",
			ErrIncompatible, path, dashed(sizes), dashed(opts.Sizes), h.Path)
	}
	if !c.Model.onlyNet() {
		h.Checkpoint = c
		return nil
	}
	h.Import = &Import{Layers: layers, Hash: c.Imported}
	h.note("the network of %s is taken over", path)
	return nil
}

// compare decides between a model and a checkpoint that is older: if the checkpoint
// came from this very model, that was only copied or touched.
func (h *Home) compare(model string, opts *HomeOptions) error {
	if err := h.take(model, opts); err != nil {
		return err
	}
	kept, err := LoadCheckpoint(h.Path, "", nil)
	if err == nil && h.Import != nil && kept.Imported == h.Import.Hash {
		h.Checkpoint, h.Import, h.Notes = nil, nil, nil
		h.note("%s is used: it has what was learned since %s was taken over", h.Path, model)
		return h.load(true, model, opts)
	}
	h.outdated = true
	h.note("%s is newer than %s: what was learned there is set aside with the first save", model, h.Path)
	return nil
}

// take starts from the model: a network, or a checkpoint.
func (h *Home) take(model string, opts *HomeOptions) error {
	data, err := ReadModel(model)
	if err != nil {
		return err
	}
	if f, err := safetensors.Decode(data); err == nil && IsCheckpoint(f.Metadata) {
		h.note("%s is a checkpoint and is used; what is learned is kept in %s", model, h.Path)
		c, err := readCheckpoint(model, opts.FeatureHash)
		if err != nil {
			return err
		}
		return h.use(c, model, opts)
	}
	if h.Import, err = decodeImport(data, opts.Sizes); err != nil {
		return fmt.Errorf("%s: %w", model, err)
	}
	h.note("the network of %s is taken over; what is learned is kept in %s", model, h.Path)
	h.Notes = append(h.Notes, h.Import.Notes...)
	return nil
}

// Save writes a checkpoint to Path, as Checkpoint.Save does, and notes in it where
// the network once came from.
func (h *Home) Save(c *Checkpoint) error {
	if h.outdated {
		if _, err := setAside(h.Path, c.Created); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("checkpoint: %w", err)
		}
		h.outdated = false
	}
	c.Imported = h.imported
	return c.Save(h.Path)
}

// Close lets the state go; nothing is written.
func (h *Home) Close() error { return h.hold.Close() }
