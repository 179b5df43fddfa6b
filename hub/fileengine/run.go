package fileengine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/karlquant/quasar/hub"
)

// Run implements hub.Engine: it writes what is new, at most once in Every, and
// what is left when ctx ends.
func (e *Engine) Run(ctx context.Context, _ hub.Receiver) error {
	for ctx.Err() == nil {
		select {
		case <-e.wake:
			e.save()
			pause(ctx, e.every)
		case <-ctx.Done():
		}
	}
	e.save()
	return nil
}

func (e *Engine) poke() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// save writes the state if there is anything new in it. It tries again soon if
// that goes wrong, whether or not anything comes.
func (e *Engine) save() {
	e.mu.Lock()
	fresh := e.fresh
	e.fresh = make(map[string]hub.Record, len(fresh))
	e.mu.Unlock()
	for name, r := range fresh {
		e.state[name], e.unsaved = r, true
	}
	if !e.unsaved {
		return
	}
	e.setBegun(time.Now())
	err := e.write()
	e.setBegun(time.Time{})
	e.report(err)
	if e.unsaved = err != nil; e.unsaved {
		e.poke()
	}
}

func (e *Engine) setBegun(at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.begun = at
}

// write replaces the file by one that has the state.
func (e *Engine) write() error {
	if err := e.takeLock(); err != nil {
		return err
	}
	if e.damaged {
		if err := e.setAside(); err != nil {
			return err
		}
	}
	e.data = appendState(e.data[:0], &state{time.Now(), sorted(e.state)})
	if len(e.data) > maxState {
		return fmt.Errorf("%s: got %d bytes, want at most %d", e.path, len(e.data), maxState)
	}
	return replaceFile(e.path, e.data)
}

// report tells what became of the newest attempt to save: Status always, the log
// when that has changed.
func (e *Engine) report(err error) {
	problem := ""
	if err != nil {
		problem = "the state is not saved: " + innermost(err).Error()
	}
	e.mu.Lock()
	before := e.problem
	e.problem = problem
	e.mu.Unlock()
	switch {
	case err != nil && before == "":
		e.log.Error("the state is not saved; the hub goes on without", "err", err)
	case err == nil && before != "":
		e.log.Info("the state is saved again", "file", e.path)
	}
}

// innermost returns what is left of an error without the names of files, which
// are not for everybody who may ask for /health.
func innermost(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// sorted returns the records in the order of their names.
func sorted(records map[string]hub.Record) []hub.Record {
	return slices.SortedFunc(maps.Values(records), byName)
}
