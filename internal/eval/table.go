package eval

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Bounds of a table. What is beyond them is no classification table, or one that a
// linear model takes hours for.
const (
	maxBytes   = 256 << 20
	maxColumns = 10_000
	maxWidth   = 2048 // features of a row
	maxWords   = 1000 // categories of a column, and classes
)

// Table is a classification table: rows of features, each of one class.
type Table struct {
	// Classes are the words of the label column, in order.
	Classes []string
	// Notes say in a line each what was made of the file.
	Notes []string

	class   []int32
	columns []feature
	width   int
}

// feature is a column that writes itself as numbers.
type feature interface {
	width() int
	// write writes the numbers of a row to out, which is as long as width and zero.
	write(row int, out []float64)
}

// Rows is how many rows there are, at least two.
func (t *Table) Rows() int { return len(t.class) }

// Width is how many features a row has.
func (t *Table) Width() int { return t.width }

// Class is the class of a row, an index into Classes.
func (t *Table) Class(row int) int { return int(t.class[row]) }

// Row makes the features of a row: a column of numbers is one of mean 0 and variance
// 1, with another that is 1 where the number is missing, if any is; a column of words
// is a column for each of them, 1 where it is the row's.
func (t *Table) Row(row int) []float64 {
	out := make([]float64, t.width)
	at := 0
	for _, c := range t.columns {
		c.write(row, out[at:at+c.width()])
		at += c.width()
	}
	return out
}

// ReadTable reads a table whose fields stand between commas, semicolons, tabs or
// blanks, with or without a line of names. The label is the name of the column of
// classes, or its number from 0; -1 is the last. Rows without a class are left out.
func ReadTable(r io.Reader, label string) (*Table, error) {
	next, err := records(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, err
	}
	first, _, err := next()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("got an empty file, want a table")
	}
	if err != nil {
		return nil, err
	}
	first = slices.Clone(first)
	at, named, err := labelColumn(first, label)
	if err != nil {
		return nil, err
	}
	columns := make([]column, len(first))
	columns[at].label = true
	for i := range columns {
		columns[i].start(i)
		if named {
			columns[i].name = first[i]
		}
	}
	if err := readRows(next, columns); err != nil {
		return nil, err
	}
	header := named || isHeader(first, columns)
	if err := settleFirst(first, columns, header); err != nil {
		return nil, err
	}
	return newTable(columns, at, header)
}

// labelColumn finds the column of classes; named tells that the first line has names.
func labelColumn(first []string, label string) (at int, named bool, err error) {
	if len(first) < 2 {
		return 0, false, fmt.Errorf("got a single column (%q), want at least two, between commas, semicolons, tabs or blanks", shorten(first[0]))
	}
	if len(first) > maxColumns {
		return 0, false, fmt.Errorf("got %d columns, want at most %d", len(first), maxColumns)
	}
	if n, err := strconv.Atoi(label); err == nil {
		at := n
		if n < 0 {
			at += len(first)
		}
		if at < 0 || at >= len(first) {
			return 0, false, fmt.Errorf("got label column %d, want 0 to %d, or -1 for the last", n, len(first)-1)
		}
		return at, false, nil
	}
	at = slices.Index(first, label)
	switch {
	case at < 0:
		return 0, false, fmt.Errorf("got no label column %q in the first line, want one of %s, or a number from 0 to %d", label, someOf(first), len(first)-1)
	case slices.Contains(first[at+1:], label):
		return 0, false, fmt.Errorf("got more than one column %q in the first line, want the label column's number, 0 to %d", label, len(first)-1)
	}
	return at, true, nil
}

func readRows(next func() ([]string, int, error), columns []column) error {
	for {
		row, line, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(row) != len(columns) {
			return fmt.Errorf("line %d: got %d fields, want %d as in the first line", line, len(row), len(columns))
		}
		for i := range columns {
			if err := columns[i].add(row[i]); err != nil {
				return fmt.Errorf("line %d: %w", line, err)
			}
		}
	}
}

// isHeader tells whether the first line has names: a word stands over a column of
// numbers, the line just counts the columns, or, where there are no numbers, none of
// its words comes again below.
func isHeader(first []string, columns []column) bool {
	anyNumbers, again := false, false
	for i := range columns {
		c := &columns[i]
		_, kind := parseCell(first[i])
		numbers := c.numbers != nil && c.finite > 0
		if numbers && kind == word {
			return true
		}
		anyNumbers = anyNumbers || numbers
		_, seen := c.ids[first[i]]
		again = again || seen || kind == missing
	}
	return counts(first) || !anyNumbers && !again
}

// counts tells whether the fields count from 0 or from 1, as those do who write a
// table that has no names.
func counts(first []string) bool {
	const enough = 4 // fewer may well be a row
	if len(first) < enough || first[0] != "0" && first[0] != "1" {
		return false
	}
	from, _ := strconv.Atoi(first[0])
	for i, field := range first {
		if field != strconv.Itoa(from+i) {
			return false
		}
	}
	return true
}

// settleFirst makes the first line the columns' names, or a row like the others.
func settleFirst(first []string, columns []column, header bool) error {
	for i := range columns {
		if header {
			columns[i].name = first[i]
			continue
		}
		if err := columns[i].add(first[i]); err != nil {
			return fmt.Errorf("line 1: %w", err)
		}
	}
	return nil
}

// shorten cuts what is shown in an error.
func shorten(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func someOf(words []string) string {
	const most = 12
	var out []string
	for i, w := range words {
		if i == most {
			out = append(out, fmt.Sprintf("… (%d in all)", len(words)))
			break
		}
		out = append(out, strconv.Quote(shorten(w)))
	}
	return strings.Join(out, ", ")
}
