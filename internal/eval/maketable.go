package eval

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// newTable makes the table of columns that were read to their end.
func newTable(columns []column, at int, header bool) (*Table, error) {
	t := &Table{}
	keep, err := t.readClasses(&columns[at], header)
	if err != nil {
		return nil, err
	}
	var numbers, words int
	for i := range columns {
		if i == at {
			continue
		}
		c := &columns[i]
		f := c.feature(keep)
		switch f.(type) {
		case nil:
			t.note("%v says nothing: it is the same in all rows", c)
			continue
		case *scaled:
			numbers++
		case *oneHot:
			words++
		}
		t.columns = append(t.columns, f)
		if t.width += f.width(); t.width > maxWidth {
			return nil, fmt.Errorf("got more than %d features up to %v, want fewer columns or categories", maxWidth, c)
		}
	}
	if t.width == 0 {
		return nil, errors.New("got no column beside the label that differs from row to row, want at least one")
	}
	t.note("%d rows of %d features, from %d columns of numbers and %d of words", t.Rows(), t.width, numbers, words)
	return t, nil
}

func (t *Table) note(format string, args ...any) {
	t.Notes = append(t.Notes, fmt.Sprintf(format, args...))
}

// readClasses takes the classes from the label's column and returns the rows that
// have one, nil if all have.
func (t *Table) readClasses(c *column, header bool) (keep []int, err error) {
	if len(c.cells) == 0 {
		return nil, errors.New("got a single line, want a table of rows")
	}
	for _, w := range c.words {
		if !isMissing(w) {
			t.Classes = append(t.Classes, w)
		}
	}
	slices.Sort(t.Classes)
	if len(t.Classes) < 2 {
		return nil, fmt.Errorf("the label, %v, has only %s, want two classes or more", c, oneClass(t.Classes))
	}
	for row, id := range c.cells {
		class, ok := slices.BinarySearch(t.Classes, c.words[id])
		if !ok {
			continue
		}
		keep = append(keep, row)
		t.class = append(t.class, int32(class))
	}
	names := "the first line is a row"
	if header {
		names = "the first line has names"
	}
	t.note("the label is %v, of %d classes: %s; %s", c, len(t.Classes), someOf(t.Classes), names)
	if left := len(c.cells) - len(keep); left > 0 {
		t.note("%d rows without a class were left out", left)
		return keep, nil
	}
	return nil, nil
}

// isMissing tells whether a row has no class. "None" may well be the name of one.
func isMissing(cell string) bool {
	_, kind := parseCell(cell)
	return kind == missing && !strings.EqualFold(cell, "none")
}

func oneClass(classes []string) string {
	if len(classes) == 0 {
		return "missing cells"
	}
	return fmt.Sprintf("the class %q", shorten(classes[0]))
}

// feature is the column's part of a table whose rows are those to keep, all if nil;
// nil if the column says nothing.
func (c *column) feature(keep []int) feature {
	if c.numbers != nil {
		return newScaled(pick(c.numbers, keep))
	}
	cells := pick(c.cells, keep)
	used := map[int32]int32{} // words of rows that were left out are none
	for i, id := range cells {
		if _, ok := used[id]; !ok {
			used[id] = int32(len(used))
		}
		cells[i] = used[id]
	}
	if len(used) < 2 {
		return nil
	}
	return &oneHot{cells: cells, words: len(used)}
}

func pick[T any](all []T, keep []int) []T {
	if keep == nil {
		return all
	}
	for i, row := range keep {
		all[i] = all[row]
	}
	return all[:len(keep)]
}
