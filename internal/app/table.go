package app

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/karlquant/quasar"
)

// column is the head of one column; numbers stand to the right.
type column struct {
	name  string
	right bool
}

// renderTable lays rows out under their heads, with two spaces between columns
// and none at the end of a line.
func renderTable(columns []column, rows [][]string) string {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = utf8.RuneCountInString(c.name)
		for _, row := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = c.name
	}
	var out strings.Builder
	for _, row := range append([][]string{head}, rows...) {
		var line strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if columns[i].right {
				line.WriteString(gap + cell + "  ")
			} else {
				line.WriteString(cell + gap + "  ")
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return out.String()
}

// unknown is what stands for a value that nobody knows: never a 0.
const unknown = "–"

func showInt(n *int64) string {
	if n == nil {
		return unknown
	}
	return strconv.FormatInt(*n, 10)
}

// showPrice shows every digit that came and no more.
func showPrice(x *float64) string {
	if x == nil {
		return unknown
	}
	return strconv.FormatFloat(*x, 'f', -1, 64)
}

func showFloat(x *float64, format string) string {
	if x == nil {
		return unknown
	}
	return fmt.Sprintf(format, *x)
}

func showSignal(s *quasar.Signal) string {
	if s == nil {
		return unknown
	}
	return string(*s)
}
