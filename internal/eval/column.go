package eval

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// column is a column while it is read. It is taken for numbers as long as each cell
// is a number or missing, and for words as long as they are few.
type column struct {
	at      int
	name    string
	label   bool
	numbers []float64 // NaN where missing; nil once there was a word
	finite  int       // of numbers, how many are there
	words   []string  // nil once they are too many
	ids     map[string]int32
	cells   []int32 // indices into words
}

func (c *column) start(at int) {
	c.at = at
	c.numbers, c.words, c.cells, c.ids = []float64{}, []string{}, []int32{}, map[string]int32{}
}

func (c *column) String() string {
	if c.name == "" {
		return fmt.Sprintf("column %d", c.at)
	}
	return fmt.Sprintf("column %d %q", c.at, shorten(c.name))
}

// add takes the cell of the next row.
func (c *column) add(cell string) error {
	x, kind := parseCell(cell)
	if c.numbers != nil {
		if kind == word {
			c.numbers = nil
		} else {
			c.numbers = append(c.numbers, x)
			if kind == number {
				c.finite++
			}
		}
	}
	if c.words != nil {
		c.addWord(cell)
	}
	switch {
	case c.words == nil && c.label:
		return fmt.Errorf("the label, %v, has more than %d classes, want a column of classes", c, maxWords)
	case c.words == nil && c.numbers == nil:
		return fmt.Errorf("%v has more than %d different cells and %q is no number: leave the column out, or make it numbers or fewer categories", c, maxWords, shorten(cell))
	}
	return nil
}

func (c *column) addWord(cell string) {
	id, ok := c.ids[cell]
	if !ok {
		if len(c.words) == maxWords {
			c.words, c.ids, c.cells = nil, nil, nil
			return
		}
		id = int32(len(c.words))
		cell = strings.Clone(cell) // it is part of a line
		c.ids[cell], c.words = id, append(c.words, cell)
	}
	c.cells = append(c.cells, id)
}

// What a cell can be.
type cellKind int

const (
	word cellKind = iota
	number
	missing
)

// absent are the ways to write that a value is missing. In a column of words each is
// a word like any other.
var absent = []string{"", "?", "na", "n/a", "nan", "null", "none"}

// parseCell reads a cell. A number that is not finite is as good as missing.
func parseCell(cell string) (float64, cellKind) {
	x, err := strconv.ParseFloat(cell, 64)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && (math.IsInf(x, 0) || math.IsNaN(x)):
		return math.NaN(), missing
	case err == nil:
		return x, number
	case slices.Contains(absent, strings.ToLower(cell)):
		return math.NaN(), missing
	}
	return 0, word
}

// scaled is a column of numbers of mean 0 and variance 1.
type scaled struct {
	z      []float64 // NaN where missing
	absent bool      // whether any is
}

// newScaled standardises; nil if the column says nothing.
func newScaled(numbers []float64) feature {
	largest := 0.0 // all is divided by it, so that no square overflows
	for _, x := range numbers {
		if !math.IsNaN(x) {
			largest = max(largest, math.Abs(x))
		}
	}
	if largest == 0 {
		largest = 1
	}
	n, mean, square := 0.0, 0.0, 0.0
	for i, x := range numbers {
		if numbers[i] = x / largest; !math.IsNaN(x) {
			n++
			mean += (numbers[i] - mean) / n
		}
	}
	for _, x := range numbers {
		if !math.IsNaN(x) {
			square += (x - mean) * (x - mean)
		}
	}
	sd := math.Sqrt(square / n)
	s := &scaled{z: numbers, absent: int(n) < len(numbers)}
	if !(sd > 1e-14) { // what is left of a constant by rounding
		if !s.absent || n == 0 {
			return nil
		}
		sd = math.Inf(1)
	}
	for i, x := range numbers {
		numbers[i] = (x - mean) / sd
	}
	return s
}

func (s *scaled) width() int {
	if s.absent {
		return 2
	}
	return 1
}

func (s *scaled) write(row int, out []float64) {
	if z := s.z[row]; !math.IsNaN(z) {
		out[0] = z
	} else {
		out[1] = 1
	}
}

// oneHot is a column of words.
type oneHot struct {
	cells []int32
	words int
}

func (o *oneHot) width() int { return o.words }

func (o *oneHot) write(row int, out []float64) { out[o.cells[row]] = 1 }
