package bandit

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/go-json-experiment/json"
)

// A line of a log is an object that says first of which kind it is and last the
// checksum (CRC-32C) of all that is before the member crc32c:
//
//	{"kind":"decision","id":7,...,"crc32c":"0a1b2c3d"}

const (
	sumBegins = `,"crc32c":"`
	sumEnds   = "\"}\n"
	sumLength = len(sumBegins) + 8 + len(sumEnds)
)

// maxLine bounds a line, so that a reader knows how much it has to hold: a slate of
// some ten thousand arms with a hundred features each.
const maxLine = 8 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendLine appends a record to what is to be written.
func appendLine(b []byte, r *Record) ([]byte, error) {
	if err := r.check(); err != nil {
		return b, err
	}
	kind, value := r.content()
	object, err := json.Marshal(value, json.Deterministic(true))
	if err != nil {
		return b, err
	}
	start := len(b)
	b = append(append(append(b, `{"kind":"`...), kind...), `",`...)
	b = append(b, object[1:len(object)-1]...)
	if length := len(b) - start + sumLength; length > maxLine {
		return b[:start], fmt.Errorf("got a record of %d bytes, want at most %d", length, maxLine)
	}
	b = fmt.Appendf(b, sumBegins+"%08x"+sumEnds, crc32.Checksum(b[start:], castagnoli))
	return b, nil
}

func (r *Record) content() (kind string, value any) {
	switch {
	case r.Header != nil:
		return "log", r.Header
	case r.Decision != nil:
		return "decision", r.Decision
	case r.Outcome != nil:
		return "outcome", r.Outcome
	}
	return "lost", r.Lost
}

// checkLine tells whether a line, with its end, is as it was written.
func checkLine(line []byte) error {
	if len(line) < sumLength || !bytes.HasSuffix(line, []byte(sumEnds)) {
		return errors.New("got a line that ends without a checksum")
	}
	content := line[:len(line)-sumLength]
	sum := line[len(content) : len(line)-len(sumEnds)]
	digits, ok := bytes.CutPrefix(sum, []byte(sumBegins))
	if !ok {
		return errors.New("got a line without a checksum")
	}
	want, err := strconv.ParseUint(string(digits), 16, 32)
	if err != nil {
		return fmt.Errorf("got the checksum %q, want eight hexadecimal digits", digits)
	}
	if got := uint64(crc32.Checksum(content, castagnoli)); got != want {
		return fmt.Errorf("got a line with the checksum %08x, want %08x", got, want)
	}
	return nil
}

// parseLine reads a line, with its end.
func parseLine(line []byte) (Record, error) {
	if err := checkLine(line); err != nil {
		return Record{}, err
	}
	var r Record
	var head struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return Record{}, err
	}
	switch head.Kind {
	case "log":
		r.Header = new(LogHeader)
	case "decision":
		r.Decision = new(DecisionRecord)
	case "outcome":
		r.Outcome = new(OutcomeRecord)
	case "lost":
		r.Lost = new(LostRecord)
	default:
		return Record{}, fmt.Errorf("got a record of the kind %q, want log, decision, outcome or lost", head.Kind)
	}
	_, value := r.content()
	if err := json.Unmarshal(line, value); err != nil {
		return Record{}, err
	}
	if err := r.check(); err != nil {
		return Record{}, err
	}
	return r, nil
}
