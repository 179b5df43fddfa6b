package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/karlquant/quasar/internal/disk"
	"github.com/karlquant/quasar/trade"
)

// A person beside the data directory commands a trader with a file: paper.halt,
// paper.resume or paper.flatten, with a note in it. The trader does it and takes the
// file away; a halt waits for one that is not running. Who may write there may
// command, and nobody else.

// orders are what a person can write.
var orders = []string{"halt", "resume", "flatten"}

func orderFile(dir string, mode trade.Mode, order string) string {
	return filepath.Join(dir, string(mode)+"."+order)
}

// writeOrder asks whoever trades in a directory for something.
func writeOrder(dir string, mode trade.Mode, order, note string) error {
	return disk.Replace(orderFile(dir, mode, order), []byte(note), "")
}

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

// maxNoteFile bounds a note, in bytes.
const maxNoteFile = 1 << 10

func (t *trading) obeyFile(ctx context.Context, order string) {
	file := orderFile(t.dir, t.mode, order)
	note, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil && len(note) > maxNoteFile {
		note = note[:maxNoteFile]
	}
	switch order {
	case "halt":
		err = t.Halt(ctx, trade.ReasonPerson, string(note), "file")
	case "resume":
		err = t.Resume(ctx, "file", string(note))
	case "flatten":
		_, err = t.Flatten(ctx, "file")
	}
	t.did(ctx, order, err)
	if order == "halt" && err != nil {
		return // it stays until it is on record
	}
	if err := os.Remove(file); err != nil {
		t.log.LogAttrs(ctx, slog.LevelError, "an order's file stays", slog.Any("reason", err))
	}
}

func (t *trading) did(ctx context.Context, order string, err error) {
	if err != nil {
		t.log.LogAttrs(ctx, slog.LevelError, "not obeyed", slog.String("order", order), slog.Any("reason", err))
		return
	}
	t.log.LogAttrs(ctx, slog.LevelWarn, "obeyed", slog.String("order", order))
}
