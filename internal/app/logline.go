package app

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// inertWriter makes lines of a log harmless for the terminal that shows them, and
// strikes out what looks like one of our tokens. Each Write is a whole line, as
// slog's handlers have it. slog quotes what its text format shows, but its JSON
// leaves U+009B and U+202E as they are: here they become the escapes that JSON
// has for them, in keys and in values of any type, so that what a program reads
// stays the same.
type inertWriter struct{ to io.Writer }

func (w inertWriter) Write(line []byte) (int, error) {
	if _, err := w.to.Write(redact(inert(line))); err != nil {
		return 0, err
	}
	return len(line), nil
}

// inert escapes every character of a line that is not for the eye. Outside of
// quotes neither format has one.
func inert(line []byte) []byte {
	body := bytes.TrimSuffix(line, []byte("\n"))
	if !bytes.ContainsFunc(body, steers) {
		return line
	}
	out := make([]byte, 0, 2*len(line))
	for _, r := range string(body) {
		if steers(r) {
			out = appendEscape(out, r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, line[len(body):]...)
}

// harmless is a text of somebody else's that cannot steer a terminal.
func harmless(text string) string { return string(inert([]byte(text))) }

func steers(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }

// appendEscape appends r as JSON escapes it.
func appendEscape(out []byte, r rune) []byte {
	if r > maxRune16 {
		high, low := utf16.EncodeRune(r)
		return fmt.Appendf(out, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(out, `\u%04x`, r)
}

// maxRune16 is the last character that one escape of JSON can name.
const maxRune16 = 1<<16 - 1

// tokenPattern matches the credentials of a hub. None should ever come near a log; one
// that somebody put in the place of a name would.
var tokenPattern = regexp.MustCompile(`(qsr_[a-z]{1,8}_)[A-Za-z0-9_-]{16,}`)

func redact(line []byte) []byte {
	if !bytes.Contains(line, []byte("qsr_")) {
		return line
	}
	return tokenPattern.ReplaceAll(line, []byte("${1}[redacted]"))
}
