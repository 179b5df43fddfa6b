package tape

import (
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"strings"

	"github.com/karlquant/quasar/price"
)

// The sheet, in pixels: rows of small lines, each with its index's name above.
const (
	across               = 4
	cellWidth, cellLine  = 180, 168
	cellHeight, nameLine = 64, 14
	lineTop, lineEnd     = 20, 56
)

// Sheet draws the first ticks of several indices by one seed side by side, as lines
// without a scale: each fills the height that it has. The same arguments give the
// same bytes.
func Sheet(w io.Writer, indices []price.Index, seed uint64, ticks int) error {
	if ticks < 2 || ticks > maxTicks || len(indices) == 0 {
		return fmt.Errorf("tape: got %d indices and %d ticks, want one or more and 2 to %d", len(indices), ticks, maxTicks)
	}
	rows := (len(indices) + across - 1) / across
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="%d indices, %d ticks of each, simulated with seed %d">`+"\n",
		across*cellWidth, rows*cellHeight, across*cellWidth, rows*cellHeight, len(indices), ticks, seed)
	out.WriteString(style)
	for i, index := range indices {
		p, err := price.New(index, seed)
		if err != nil {
			return err
		}
		if err := cell(&out, i%across*cellWidth, i/across*cellHeight, index.Symbol, sample(p, ticks, cellLine)); err != nil {
			return err
		}
	}
	out.WriteString("</svg>\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// cell draws the lowest and the highest of each column, where they are not one.
func cell(out *strings.Builder, x, y int, name string, list []column) error {
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range list {
		low, high = min(low, c.low), max(high, c.high)
	}
	if high <= low {
		return errors.New("tape: got a price that never moves, want one that does")
	}
	at := func(p float64) float64 { return lineEnd - (p-low)/(high-low)*(lineEnd-lineTop) }
	fmt.Fprintf(out, `<g transform="translate(%d %d)"><text x="6" y="%d">%s</text><path d="M`, x, y, nameLine, html.EscapeString(name))
	for i, c := range list {
		fmt.Fprintf(out, "%d %.1f", 6+i*cellLine/len(list), at(c.first))
		if c.high > c.low {
			fmt.Fprintf(out, "V%.1fV%.1fV%.1f", at(c.low), at(c.high), at(c.last))
		}
		if i < len(list)-1 {
			out.WriteString("L")
		}
	}
	out.WriteString("\"/></g>\n")
	return nil
}
