package bandit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
)

// ErrNoLog says that something is not a decision log.
var ErrNoLog = errors.New("not a decision log")

// LogDamage says that a line of a log cannot be read. The lines after it can.
type LogDamage struct {
	// Line counts from 1, Offset in bytes from 0.
	Line, Offset int64
	// Torn tells that the line has no end: it was being written when whoever wrote it
	// was killed, or still is.
	Torn bool
	// Reason says what is wrong with it.
	Reason string
}

// Error implements error.
func (d *LogDamage) Error() string {
	if d.Torn {
		return fmt.Sprintf("line %d, at byte %d: the end is missing", d.Line, d.Offset)
	}
	return fmt.Sprintf("line %d, at byte %d: %s", d.Line, d.Offset, d.Reason)
}

// ReadLog reads a file of a decision log, record by record. A line that cannot be read
// is a *LogDamage, and is left out; with any other error there is nothing more to
// come. One that begins with no line of a log is ErrNoLog; an empty one has no records.
func ReadLog(r io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		lines := newLines(r)
		for lines.next() {
			record, err := lines.parse()
			var damage *LogDamage
			if !yield(record, err) || err != nil && !errors.As(err, &damage) {
				return
			}
		}
		if lines.err != nil {
			yield(Record{}, lines.err)
		}
	}
}

// lines reads line by line and holds no more than one.
type lines struct {
	r      *bufio.Reader
	line   []byte // with its end, if it has one
	number int64  // of line, from 1
	offset int64  // of line
	after  int64  // offset of what follows it
	long   bool   // line is longer than any record; only its beginning is there
	ended  bool   // it has an end
	err    error  // of reading; nil at the end
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 1<<16)} }

// next goes to the next line.
func (l *lines) next() bool {
	l.number, l.offset, l.line, l.long = l.number+1, l.after, l.line[:0], false
	l.ended = false
	for {
		part, err := l.r.ReadSlice('\n')
		l.after += int64(len(part))
		if room := maxLine - len(l.line); len(part) <= room {
			l.line = append(l.line, part...)
		} else {
			l.long = true
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return l.after > l.offset
		}
		l.err, l.ended = err, true
		return err == nil
	}
}

// check tells whether the line is as it was written, without reading what is in it.
func (l *lines) check() error {
	switch {
	case l.number == 1 && !bytes.HasPrefix(l.line, []byte(headerBegins)) && !strings.HasPrefix(headerBegins, string(l.line)):
		return ErrNoLog
	case !l.ended:
		return &LogDamage{Line: l.number, Offset: l.offset, Torn: true}
	case l.long:
		return l.damage(fmt.Sprintf("got a line of more than %d bytes", maxLine))
	}
	if err := checkLine(l.line); err != nil {
		return l.damage(err.Error())
	}
	return nil
}

// headerBegins is how every log begins.
const headerBegins = `{"kind":"log",`

func (l *lines) damage(reason string) error {
	return &LogDamage{Line: l.number, Offset: l.offset, Reason: reason}
}

func (l *lines) parse() (Record, error) {
	if err := l.check(); err != nil {
		return Record{}, err
	}
	r, err := parseLine(l.line)
	switch {
	case errors.Is(err, ErrLogVersion):
		return Record{}, fmt.Errorf("line %d: %w", l.number, err)
	case err != nil:
		return Record{}, l.damage(err.Error())
	}
	return r, nil
}
