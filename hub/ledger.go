package hub

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/karlquant/quasar/internal/wire"
)

// maxStrippedNames bounds how many names of stripped fields are told apart per
// space: a hostile publisher can make up a new one with each frame.
const maxStrippedNames = 64

// otherNames is where the names beyond the bound are counted.
const otherNames = "(other names)"

// ledger counts what the publishers of one space sent and what became of it. It
// outlives their connections.
type ledger struct {
	connects       int64
	connectedAt    time.Time
	disconnectedAt time.Time
	lastFrameAt    time.Time

	accepted    int64
	rejected    int64
	fieldErrors int64
	nonFinite   int64
	superseded  int64
	stripped    int64

	strippedNames map[string]int64
	lastRejection *rejection
}

// rejection is the newest reason why something of a publisher was not taken.
type rejection struct {
	At     unixSeconds `json:"at"`
	Reason string      `json:"reason"`
}

// frame counts what Decode said of a frame. It returns the stripped names that
// were never seen before.
func (l *ledger) frame(f *wire.Frame, err error, now time.Time) (fresh []string) {
	l.lastFrameAt = now
	l.nonFinite += int64(f.NonFinite)
	l.fieldErrors += int64(len(f.Dropped))
	for _, name := range f.Stripped {
		if l.strip(name) {
			fresh = append(fresh, name)
		}
	}
	switch {
	case err != nil:
		l.reject(err, now)
	case len(f.Dropped) > 0:
		l.lastRejection = &rejection{At: unixSeconds(now), Reason: f.Dropped[0].Error()}
	}
	return fresh
}

// reject counts a frame that was rejected whole.
func (l *ledger) reject(err error, now time.Time) {
	l.rejected++
	l.lastRejection = &rejection{At: unixSeconds(now), Reason: err.Error()}
}

// strip counts one stripped field and tells whether its name is new.
func (l *ledger) strip(name string) bool {
	l.stripped++
	name = printable(name)
	n, known := l.strippedNames[name]
	if !known && len(l.strippedNames) >= maxStrippedNames {
		l.strippedNames[otherNames]++
		return false
	}
	if l.strippedNames == nil {
		l.strippedNames = make(map[string]int64)
	}
	l.strippedNames[name] = n + 1
	return !known
}

// printable makes a name that a stranger chose safe to show and short.
func printable(name string) string {
	if len(name) <= maxShown && !strings.ContainsFunc(name, notPlain) {
		return name
	}
	runes := []rune(name[:min(len(name), utf8.UTFMax*(maxShown+1))])
	if len(runes) > maxShown {
		name = string(runes[:maxShown]) + "…"
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.QuoteToASCII(name)
	}
	return name
}

// maxShown is how many characters of a stranger's name are shown.
const maxShown = 64

func notPlain(r rune) bool { return r < ' ' || r > '~' }
