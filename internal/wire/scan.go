package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// kind is what a JSON value is, as its first byte tells.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindNumber
	kindNonFinite // NaN, Infinity or -Infinity: not JSON, but Python writes them
	kindString
	kindObject
	kindArray
)

var kindNames = [...]string{"null", "a boolean", "a number", "a number that is not finite", "a string", "an object", "an array"}

func (k kind) String() string { return kindNames[k] }

// scanner walks over one JSON text that was found to be UTF-8. It takes what
// RFC 8259 allows, without duplicate keys and lone surrogates, and beyond it the
// three numbers that Python's json module writes: NaN, Infinity and -Infinity.
type scanner struct {
	data  []byte
	pos   int
	depth int
}

var errUTF8 = errors.New("not UTF-8")

// fail says what stands at the scanner's position instead of what is wanted.
func (s *scanner) fail(want string) error {
	if s.pos >= len(s.data) {
		return fmt.Errorf("not JSON: got the end at byte %d, want %s", s.pos, want)
	}
	r, _ := utf8.DecodeRune(s.data[s.pos:])
	return fmt.Errorf("not JSON: got %+q at byte %d, want %s", r, s.pos, want)
}

func (s *scanner) space() {
	for s.pos < len(s.data) && s.data[s.pos] <= ' ' {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// at tells whether c is next.
func (s *scanner) at(c byte) bool { return s.pos < len(s.data) && s.data[s.pos] == c }

// take passes over c if it is next.
func (s *scanner) take(c byte) bool {
	if s.at(c) {
		s.pos++
		return true
	}
	return false
}

// word passes over w if it is next.
func (s *scanner) word(w string) bool {
	if rest := s.data[s.pos:]; len(rest) >= len(w) && string(rest[:len(w)]) == w {
		s.pos += len(w)
		return true
	}
	return false
}

// scalar is a value that holds no other: its kind and its text. The text of a
// string is what stands between its quotes; escaped tells that it has escapes.
type scalar struct {
	kind    kind
	text    []byte
	escaped bool
}

// scalar reads the next value if it is not an object or an array; of those it
// tells the kind and does not move.
func (s *scanner) scalar() (scalar, error) {
	s.space()
	if s.pos >= len(s.data) {
		return scalar{}, s.fail("a value")
	}
	start := s.pos
	switch c := s.data[s.pos]; {
	case c == '"':
		text, escaped, err := s.quoted()
		return scalar{kindString, text, escaped}, err
	case isDigit(c), c == '-' && !s.word("-Infinity"):
		err := s.number()
		return scalar{kindNumber, s.data[start:s.pos], false}, err
	case c == '-', s.word("NaN"), s.word("Infinity"):
		return scalar{kindNonFinite, s.data[start:s.pos], false}, nil
	case c == '{':
		return scalar{kind: kindObject}, nil
	case c == '[':
		return scalar{kind: kindArray}, nil
	case s.word("null"):
		return scalar{kind: kindNull}, nil
	case s.word("true"), s.word("false"):
		return scalar{kindBool, s.data[start:s.pos], false}, nil
	}
	return scalar{}, s.fail("a value")
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number passes over a number of RFC 8259.
func (s *scanner) number() error {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return s.fail("a digit")
	}
	if s.take('.') && !s.digits() {
		return s.fail("a digit")
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		if !s.digits() {
			return s.fail("a digit")
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && isDigit(s.data[s.pos]) {
		s.pos++
	}
	return s.pos > start
}

// quoted passes over a string and returns what stands between its quotes.
func (s *scanner) quoted() (text []byte, escaped bool, err error) {
	if !s.take('"') {
		return nil, false, s.fail("a string")
	}
	start := s.pos
	for {
		s.plain()
		switch {
		case s.take('"'):
			return s.data[start : s.pos-1], escaped, nil
		case s.at('\\'):
			escaped = true
			if err := s.escape(); err != nil {
				return nil, false, err
			}
		case s.pos < len(s.data):
			return nil, false, s.fail("no bare control character in a string")
		default:
			return nil, false, s.fail("the end of a string")
		}
	}
}

// plain passes over what stands for itself in a string.
func (s *scanner) plain() {
	for i, c := range s.data[s.pos:] {
		if c == '"' || c == '\\' || c < ' ' {
			s.pos += i
			return
		}
	}
	s.pos = len(s.data)
}

// escape passes over one escape, or the two that make a surrogate pair.
func (s *scanner) escape() error {
	s.pos++
	if s.pos >= len(s.data) {
		return s.fail("an escape")
	}
	if s.data[s.pos] != 'u' {
		if bytes.IndexByte([]byte(`"\/bfnrt`), s.data[s.pos]) < 0 {
			return s.fail("an escape")
		}
		s.pos++
		return nil
	}
	r, err := s.hex4()
	if err != nil || !utf16.IsSurrogate(r) {
		return err
	}
	if s.word(`\`) && s.at('u') {
		low, err := s.hex4()
		if err != nil {
			return err
		}
		if utf16.DecodeRune(r, low) != utf8.RuneError {
			return nil
		}
	}
	return errUTF8
}

// hex4 passes over the u and four digits of a \u escape.
func (s *scanner) hex4() (rune, error) {
	s.pos++
	if len(s.data)-s.pos < 4 {
		s.pos = len(s.data)
		return 0, s.fail("four hexadecimal digits")
	}
	n, err := strconv.ParseUint(string(s.data[s.pos:s.pos+4]), 16, 16)
	if err != nil {
		return 0, s.fail("four hexadecimal digits")
	}
	s.pos += 4
	return rune(n), nil
}

// unescape returns the text of a string that quoted found to be well formed.
func unescape(text []byte, escaped bool) string {
	if !escaped {
		return string(text)
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			out = append(out, text[i])
			continue
		}
		i++
		if text[i] != 'u' {
			out = append(out, unescaped[text[i]])
			continue
		}
		r := hexRune(text[i+1:])
		i += 4
		if utf16.IsSurrogate(r) {
			r = utf16.DecodeRune(r, hexRune(text[i+3:]))
			i += 6
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

var unescaped = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

func hexRune(digits []byte) rune {
	n, _ := strconv.ParseUint(string(digits[:4]), 16, 16)
	return rune(n)
}

// open passes over the bracket that opens an object or an array, and tells
// whether there is an item in it. The way through one is
//
//	more, err := s.open('{', '}')
//	for ; more; more, err = s.next('}') { … }
//
// where what is in the loop passes over one item. An error makes more false.
func (s *scanner) open(opening, closing byte) (more bool, err error) {
	s.space()
	if !s.take(opening) {
		return false, s.fail(strconv.QuoteRune(rune(opening)))
	}
	if s.depth++; s.depth > MaxDepth {
		return false, fmt.Errorf("nested deeper than %d", MaxDepth)
	}
	s.space()
	return !s.close(closing), nil
}

// next passes over what follows an item, and tells whether there is another.
func (s *scanner) next(closing byte) (more bool, err error) {
	s.space()
	switch {
	case s.take(','):
		return true, nil
	case s.close(closing):
		return false, nil
	}
	return false, s.fail("a comma or " + strconv.QuoteRune(rune(closing)))
}

func (s *scanner) close(closing byte) bool {
	if !s.take(closing) {
		return false
	}
	s.depth--
	return true
}

// key passes over the key of an object's member and the colon behind it.
func (s *scanner) key() (raw []byte, escaped bool, err error) {
	s.space()
	if raw, escaped, err = s.quoted(); err != nil {
		return nil, false, err
	}
	if s.space(); !s.take(':') {
		return nil, false, s.fail("a colon")
	}
	return raw, escaped, nil
}

// clip keeps an error short whatever the sender wrote.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
