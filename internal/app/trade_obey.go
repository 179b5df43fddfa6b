package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/karlquant/quasar/trade"
)

// A person beside the data directory commands a trader with a file: paper.halt,
// paper.resume, paper.flatten, paper.resolve or paper.tighten, with a note or more in it.
// The trader takes the file away, does it, and writes what came of it into paper.answer;
// a halt waits for one that is not running, and its file goes when it is on record; any
// other order is for now, and one that nobody took within seconds is refused. Who may
// write there may command, and nobody else.

// orders are what a person can write.
var orders = []string{"halt", "resume", "flatten", "resolve", "tighten"}

// obeyEvery is how often the files are looked for.
const obeyEvery = 200 * time.Millisecond

// obey does what files and signals of the system ask for, until ctx ends.
func (t *trading) obey(ctx context.Context) error {
	usr1, stop := haltSignals()
	defer stop()
	tick := time.NewTicker(obeyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-usr1:
			t.did(ctx, "halt", t.Halt(ctx, trade.ReasonPerson, "SIGUSR1", "signal"))
		case <-tick.C:
			for _, order := range orders {
				t.obeyFile(ctx, order)
			}
		}
	}
}

// maxNoteFile bounds a note, maxOrderFile all that an order says, in bytes.
const (
	maxNoteFile  = 1 << 10
	maxOrderFile = 8 << 10
)

func (t *trading) obeyFile(ctx context.Context, order string) {
	file := orderFile(t.dir, t.mode, order)
	text, err := readOrder(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case order != "halt" && err == nil:
		err = awaited(file, time.Now())
	case order == "halt":
		if err := t.Halt(ctx, trade.ReasonPerson, clipped(text), "file"); err != nil {
			t.did(ctx, order, err)
			return // it stays until it is on record
		}
	}
	// It is gone before it is done: nothing is done twice.
	if err := os.Remove(file); err != nil {
		t.log.LogAttrs(ctx, slog.LevelError, "an order's file stays", slog.Any("reason", err))
		return
	}
	if err == nil && order != "halt" {
		err = t.follow(ctx, order, text)
	}
	t.did(ctx, order, err)
	if err := answerOrder(t.dir, t.mode, order, err); err != nil {
		t.log.LogAttrs(ctx, slog.LevelError, "an order's answer is not written", slog.Any("reason", err))
	}
}

// awaited tells whether somebody still waits for an order: one whose sender died must
// not end a halt days later.
func awaited(file string, now time.Time) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if age := now.Sub(info.ModTime()); age > 2*obeyWithin {
		return fmt.Errorf("order: got one that is %v old, want one for which somebody waits: give it anew", age.Round(time.Second))
	}
	return nil
}

// readOrder reads an order. One that cannot be read is obeyed all the same if it is a
// halt.
func readOrder(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxOrderFile+1))
	if err == nil && len(text) > maxOrderFile {
		err = fmt.Errorf("order: got more than %d bytes, want fewer", maxOrderFile)
	}
	return string(text), err
}

func clipped(note string) string { return note[:min(len(note), maxNoteFile)] }

// follow does what an order says, halts aside.
func (t *trading) follow(ctx context.Context, order, text string) error {
	switch order {
	case "resume":
		return t.Resume(ctx, "file", clipped(text))
	case "flatten":
		_, err := t.Flatten(ctx, "file")
		return err
	case "resolve":
		o, err := readResolve(text)
		if err != nil {
			return err
		}
		return t.Resolve(ctx, o.Intent, o.Contract, "file")
	}
	limits, note, err := readTighten(text, t.Status().Limits.AllowIncrease)
	if err != nil {
		return err
	}
	return t.Tighten(ctx, limits, "file", note)
}

func (t *trading) did(ctx context.Context, order string, err error) {
	if err != nil {
		t.log.LogAttrs(ctx, slog.LevelError, "not obeyed", slog.String("order", order), slog.Any("reason", err))
		return
	}
	t.log.LogAttrs(ctx, slog.LevelWarn, "obeyed", slog.String("order", order))
}
