// Package fileengine is the engine of a hub that stands alone and keeps its state
// in a file, so that a restart, in whatever way the hub ended, costs what came in
// the last second and no more.
//
// It is no database: the file holds the newest record of each space and is written
// whole. While it cannot be written the hub goes on from memory, and says so in
// /health.
package fileengine

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/karlquant/quasar/hub"
)

var (
	_ hub.Engine   = (*Engine)(nil)
	_ hub.Restorer = (*Engine)(nil)
)

// The files of a data directory. A state that is being written has ".tmp" behind
// its name, one that was damaged ".corrupt-" and the time at which it was set aside.
const (
	stateFile = "hub-state.jsonl"
	lockFile  = "hub-state.lock"
)

// slowWrite is from when on a write that goes on is a problem: a disk that hangs
// gives no error.
const slowWrite = 10 * time.Second

// Options says how an engine behaves. The zero value, and nil, is a good one.
type Options struct {
	// Logger gets what a person who runs the hub should know; nil for none.
	Logger *slog.Logger
	// Every is how long the file is left alone after it was written; 0 for 1 s.
	// When Run ends, what is new is written at once.
	Every time.Duration
}

// Engine keeps the records of one hub in a directory.
type Engine struct {
	hub   string
	path  string // of the state
	log   *slog.Logger
	every time.Duration
	wake  chan struct{} // there is something to write; of capacity one

	mu      sync.Mutex // guards what follows
	fresh   map[string]hub.Record
	begun   time.Time // when the write under way began; zero for none
	problem string

	// What follows is Open's, then Run's.
	state   map[string]hub.Record
	unsaved bool // state has more than the file
	damaged bool // the file is to be set aside before anything is written
	lock    *os.File
	data    []byte // written last, to be written over
}

// Open takes a directory for the hub with that id, and makes it if there is none.
// It starts no goroutine. It is an error if another process has the directory, or
// if its state is one of another version, which stays as it is. A damaged state is
// set aside and the hub starts empty; a disk that takes nothing is no error but a
// problem of the Engine's Status.
func Open(dir, hubID string, opts *Options) (*Engine, error) {
	e := &Engine{
		hub: hubID, path: filepath.Join(dir, stateFile), log: slog.New(slog.DiscardHandler), every: time.Second,
		wake: make(chan struct{}, 1), fresh: make(map[string]hub.Record), state: make(map[string]hub.Record),
	}
	if opts != nil && opts.Logger != nil {
		e.log = opts.Logger
	}
	if opts != nil && opts.Every != 0 {
		e.every = opts.Every
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := e.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s: %w", dir, err), e.Close())
	}
	return e, nil
}

func (e *Engine) open() error {
	err := e.takeLock()
	if errors.Is(err, errHeld) {
		return err
	}
	kept, readErr := readState(e.path)
	switch {
	case readErr == nil:
		e.restore(kept, time.Now())
		if err == nil && len(e.state) > 0 {
			err = e.write() // before any seq is given: the next life begins above them
		}
		if e.unsaved = err != nil; e.unsaved {
			e.poke()
		}
	case errors.Is(readErr, errDamaged):
		e.damaged = true
		e.log.Error("the state is damaged; the hub starts empty", "file", e.path, "err", readErr)
		if err == nil {
			err = e.setAside()
		}
	case !errors.Is(readErr, os.ErrNotExist):
		return readErr
	}
	e.report(err)
	return nil
}

// headStart is how far the seq of a restored space is ahead of the last one that
// is known, in microseconds: what the hub gave after it wrote the file, in less
// time than this, is not known.
const headStart = 10_000_000

// restore takes over what a file says. Every seq is above all that the hub gave
// before it ended, also where the clock has gone back since. The time since the file
// was written counts as well: lives that ended without a write may have been in it, and
// none gives more than one seq in a microsecond.
func (e *Engine) restore(kept *state, now time.Time) {
	since := max(0, now.Sub(kept.writtenAt)).Microseconds()
	for _, r := range kept.records {
		s := &r.Snapshot
		s.Seq = max(s.Seq, kept.writtenAt.UnixMicro()) + headStart + since
		e.state[s.SpaceName] = r
	}
	e.log.Info("state restored", "file", e.path, "spaces", len(e.state), "written_at", kept.writtenAt.UTC())
}

// Restored implements hub.Restorer. It is for the time before Run.
func (e *Engine) Restored() []hub.Record { return sorted(e.state) }

// Close lets go of the directory. It is called after Run, if that was called.
func (e *Engine) Close() error {
	if e.lock == nil {
		return nil
	}
	lock := e.lock
	e.lock = nil
	return lock.Close()
}

// Offer implements hub.Engine.
func (e *Engine) Offer(r hub.Record) {
	e.mu.Lock()
	e.fresh[r.Snapshot.SpaceName] = r
	e.mu.Unlock()
	e.poke()
}

// Announce implements hub.Engine: which connections a hub has dies with it.
func (e *Engine) Announce(hub.Claim) {}

// Status implements hub.Engine.
func (e *Engine) Status() hub.EngineStatus {
	e.mu.Lock()
	defer e.mu.Unlock()
	status := hub.EngineStatus{Name: "file", Ready: true, Members: []string{e.hub}, Problem: e.problem}
	if busy := time.Since(e.begun); !e.begun.IsZero() && busy > slowWrite {
		status.Problem = fmt.Sprintf("the state is not saved: the disk has been at it for %v", busy.Round(time.Second))
	}
	return status
}
