package app

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/karlquant/quasar/internal/eval"
)

// plotFile is a file that is to be drawn to. It is made before the work begins, so
// that a place where none can be is told at once.
type plotFile struct{ path, draft string }

// newPlotFile returns nil for no path.
func newPlotFile(path string) (*plotFile, error) {
	if path == "" {
		return nil, nil
	}
	if strings.ToLower(filepath.Ext(path)) != ".svg" {
		return nil, usage("--plot: got %q, want a file whose name ends in .svg", path)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, usage("--plot: got %q, which is no regular file", path)
	}
	draft, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return nil, fmt.Errorf("--plot: %w", err)
	}
	return &plotFile{path: path, draft: draft.Name()}, draft.Close()
}

// draw puts the whole drawing in place, or leaves what was there.
func (p *plotFile) draw(setup *eval.Setup, records []eval.Record) error {
	if p == nil {
		return nil
	}
	var out bytes.Buffer
	if err := eval.Plot(&out, setup, records); err != nil {
		return err
	}
	if err := os.WriteFile(p.draft, out.Bytes(), 0o600); err != nil {
		return err
	}
	if err := os.Chmod(p.draft, 0o644); err != nil { //nolint:gosec // a picture, for all who may see the directory
		return err
	}
	return os.Rename(p.draft, p.path)
}

// discard leaves nothing behind if nothing was drawn.
func (p *plotFile) discard() {
	if p != nil {
		_ = os.Remove(p.draft) // it is gone if it was drawn
	}
}
