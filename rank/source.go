package rank

import (
	"slices"
	"strings"

	"github.com/karlquant/quasar"
)

const (
	// maxSources is how many sources have a feature of their own.
	maxSources = 4
	// otherSource stands for all others.
	otherSource = maxSources + 1
)

// source returns the place of a source from 1 on. The first four that come have
// their places for good: the memory does not grow with what publishers invent, and
// a bit never changes its meaning.
func (f *Features) source(name string) float64 {
	if name == "" {
		return 0
	}
	if i := slices.Index(f.sources, name); i >= 0 {
		return float64(i + 1)
	}
	if len(f.sources) == maxSources || len(name) > 4*quasar.MaxSignalSource { // 4 bytes a character at most
		return otherSource
	}
	f.sources = append(f.sources, strings.Clone(name))
	return float64(len(f.sources))
}
