// Package quasar is the model of what asset spaces publish: training metrics,
// votes, and the snapshot that they add up to; how an update merges into a
// snapshot; and the formula that ranks snapshots.
//
// It is pure: no input or output, no goroutine, no clock, and nothing beyond
// the standard library. A value that is not known is nil and never a made-up 0.
//
// To send metrics use package publisher, to receive them package subscriber,
// to serve them package hub.
package quasar

import (
	"fmt"
	"unicode/utf8"
)

// MaxCount is the largest step or vote count a space may report: the largest
// integer that every JSON reader holds exactly.
const MaxCount = 1<<53 - 1

// MaxSpaceName is the length of the longest space name in bytes.
const MaxSpaceName = 64

// CheckSpaceName tells what is wrong with the name of a space, which is nil for
// 1 to 64 letters, digits, dots, underscores and hyphens of ASCII that start
// with a letter or a digit. Names are case-sensitive.
//
// One rule at the door rules out path traversal, markup, log injection,
// look-alike letters and "__proto__" together.
func CheckSpaceName(name string) error {
	if name == "" || len(name) > MaxSpaceName || !alphanumeric(name[0]) {
		return &SpaceNameError{Name: name}
	}
	for i := 1; i < len(name); i++ {
		if c := name[i]; !alphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return &SpaceNameError{Name: name}
		}
	}
	return nil
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// SpaceNameError says that a name cannot name a space.
type SpaceNameError struct{ Name string }

// Error quotes the name, cut short, so that nothing in it can forge a log line.
func (e *SpaceNameError) Error() string {
	return fmt.Sprintf("space name: got %+q, want 1 to %d of A-Z a-z 0-9 . _ -, the first a letter or a digit",
		clip(e.Name, MaxSpaceName), MaxSpaceName)
}

// clip cuts s after at most n bytes, at a rune's start.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
