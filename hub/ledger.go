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
	throttled   int64
	stripped    int64
	implausible int64

	strippedNames map[string]int64
	lastRejection *rejection
}

// rejection is the newest reason why something of a publisher was not taken.
type rejection struct {
	At     unixSeconds `json:"at"`
	Reason string      `json:"reason"`
}

// frame counts what Decode said of a frame, whose stripped names have been made
// printable. It returns those that were never seen before.
func (l *ledger) frame(f *wire.Frame, err error, now time.Time) (fresh []string) {
	l.lastFrameAt = now
	l.nonFinite += int64(f.NonFinite)
	l.fieldErrors += int64(len(f.Dropped))
	fresh = l.strip(f.Stripped)
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

// strip counts stripped fields and returns the names that are new.
func (l *ledger) strip(names []string) (fresh []string) {
	l.stripped += int64(len(names))
	var others int64
	for _, name := range names {
		n, known := l.strippedNames[name]
		if !known && len(l.strippedNames) >= maxStrippedNames {
			others++
			continue
		}
		if l.strippedNames == nil {
			l.strippedNames = make(map[string]int64)
		}
		l.strippedNames[name] = n + 1
		if !known {
			fresh = append(fresh, name)
		}
	}
	if others > 0 {
		l.strippedNames[otherNames] += others
	}
	return fresh
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
