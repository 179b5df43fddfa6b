package eval

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// sniffed is how much of a file is looked at before it is read; its first line has
// to end in it.
const sniffed = 1 << 20

// records returns what reads the next record of a file and tells its line, io.EOF
// at the end. Cells have no blanks around them. A record holds until the next.
func records(r io.Reader) (func() ([]string, int, error), error) {
	counted := &counter{r: r}
	in := bufio.NewReaderSize(counted, sniffed)
	head, err := in.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bom := []byte("\ufeff"); bytes.HasPrefix(head, bom) {
		head = head[len(bom):]
		if _, err := in.Discard(len(bom)); err != nil {
			return nil, err
		}
	}
	switch {
	case bytes.IndexByte(head, 0) >= 0:
		return nil, errors.New("got a file with zero bytes, want a table of text")
	case len(head) >= sniffed-3 && !bytes.ContainsAny(head, "\n"):
		return nil, fmt.Errorf("got a first line of more than %d bytes, want a table", sniffed)
	}
	next := blanks(in)
	if comma := delimiter(head); comma != 0 {
		next = commas(in, comma)
	}
	return func() ([]string, int, error) {
		fields, line, err := next()
		if counted.n > maxBytes {
			return nil, 0, fmt.Errorf("got a file of more than %d MiB, want less", maxBytes>>20)
		}
		return fields, line, err
	}, nil
}

// counter counts what was read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// delimiter is what comes as often, and at all, in each of a file's first lines; 0 is
// blanks. Commas come last, for they may be in numbers.
func delimiter(head []byte) rune {
	const looked = 20
	lines := bytes.SplitN(head, []byte("\n"), looked+1)
	if len(lines) > 1 {
		lines = lines[:len(lines)-1] // it is all the rest, or cut
	}
	for _, d := range "\t;," {
		counts := map[int]int{}
		for _, line := range lines {
			if len(bytes.TrimSpace(line)) > 0 {
				counts[outside(line, byte(d))]++
			}
		}
		if len(counts) == 1 && counts[0] == 0 {
			return d
		}
	}
	if slices.ContainsFunc(lines, func(line []byte) bool { return outside(line, ',') > 0 }) {
		return ',' // ragged, which the reader will say
	}
	return 0
}

// outside counts a delimiter outside of quotes.
func outside(line []byte, d byte) int {
	n, quoted := 0, false
	for _, b := range line {
		switch {
		case b == '"':
			quoted = !quoted
		case b == d && !quoted:
			n++
		}
	}
	return n
}

// commas reads fields between delimiters, quoted where they need to be.
func commas(in io.Reader, comma rune) func() ([]string, int, error) {
	r := csv.NewReader(in)
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = comma, -1, true
	r.TrimLeadingSpace = comma != '\t'
	return func() ([]string, int, error) {
		fields, err := r.Read()
		if err != nil {
			return nil, 0, err
		}
		line, _ := r.FieldPos(0)
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		return fields, line, nil
	}
}

// blanks reads fields between any number of blanks.
func blanks(in *bufio.Reader) func() ([]string, int, error) {
	line := 0
	return func() ([]string, int, error) {
		for {
			text, err := in.ReadString('\n')
			line++
			if fields := strings.Fields(text); len(fields) > 0 {
				return fields, line, nil
			}
			if err != nil {
				return nil, 0, err
			}
		}
	}
}
