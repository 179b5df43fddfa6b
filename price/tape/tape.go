// Package tape draws ticks as SVG: a line for where the price has been, and below
// it the largest move of each moment, so that what is rare is seen.
//
// docs/tapes has one of each kind of index, and a sheet of all. go generate draws
// them anew.
package tape

import (
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"strings"
	"time"

	"github.com/karlquant/quasar/price"
)

//go:generate go test . -run Golden -update

// The drawing, in pixels: two panels above one another, with room for numbers to
// the left. A column of each is one pixel wide.
const (
	width, height         = 720, 260
	left, right           = 84, 704
	pricesTop, pricesEnd  = 40, 180
	movesTop, movesEnd    = 192, 232
	columns               = right - left
	captionLine, timeLine = 24, 250
)

// maxTicks is a week of one a second.
const maxTicks = 7 * 86400

// column is what happened in the time of one pixel.
type column struct{ low, high, first, last, move float64 }

// Draw draws the first ticks of an index by a seed, 2 to 604,800 of them. The
// same index, seed and number give the same bytes.
func Draw(w io.Writer, index price.Index, seed uint64, ticks int) error {
	if ticks < 2 || ticks > maxTicks {
		return fmt.Errorf("tape: got %d ticks, want 2 to %d", ticks, maxTicks)
	}
	p, err := price.New(index, seed)
	if err != nil {
		return err
	}
	d := &drawing{index: index, seed: seed, ticks: ticks, columns: sample(p, ticks, columns)}
	if d.frame(); d.high <= d.low {
		return errors.New("tape: got a price that never moves, want one that does")
	}
	d.open()
	d.prices()
	d.moves()
	d.labels()
	d.out.WriteString("</svg>\n")
	_, err = io.WriteString(w, d.out.String())
	return err
}

// sample gathers ticks in columns: no tick is left out, however many share one.
func sample(p *price.Process, ticks, most int) []column {
	list := make([]column, min(ticks, most))
	for i := range ticks {
		before := p.Price()
		now := p.Next()
		c := &list[i*len(list)/ticks]
		if c.first == 0 {
			*c = column{low: now, high: now, first: now}
		}
		c.low, c.high, c.last = min(c.low, now), max(c.high, now), now
		if move := now - before; math.Abs(move) > math.Abs(c.move) {
			c.move = move
		}
	}
	return list
}

// drawing is a tape on its way.
type drawing struct {
	index     price.Index
	seed      uint64
	ticks     int
	columns   []column
	low, high float64 // of all prices
	most      float64 // of all moves, up or down
	out       strings.Builder
}

// frame fits the panels to what they show.
func (d *drawing) frame() {
	d.low, d.high = math.Inf(1), math.Inf(-1)
	for _, c := range d.columns {
		d.low, d.high, d.most = min(d.low, c.low), max(d.high, c.high), max(d.most, math.Abs(c.move))
	}
}

func (d *drawing) x(i int) float64 { return left + (float64(i)+0.5)*columns/float64(len(d.columns)) }

func (d *drawing) y(p float64) float64 {
	return pricesEnd - (p-d.low)/(d.high-d.low)*(pricesEnd-pricesTop)
}

func (d *drawing) open() {
	fmt.Fprintf(&d.out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n",
		width, height, width, height, html.EscapeString(d.caption()))
	d.out.WriteString(style)
}

// style has colours that hold on light and on dark pages.
const style = `<style>text{font:12px system-ui,sans-serif;fill:#24292f;font-variant-numeric:tabular-nums}.h{font-weight:600}.n{text-anchor:end}path{fill:none;stroke:#0969da;stroke-width:1.2}.m{stroke:#bf8700;stroke-width:1}.g{stroke:#8c959f;stroke-width:.5}` +
	`@media(prefers-color-scheme:dark){text{fill:#d0d7de}path{stroke:#58a6ff}.m{stroke:#d29922}}</style>` + "\n"

func (d *drawing) caption() string {
	return fmt.Sprintf("%s, %d ticks, one every %v, simulated with seed %d", d.index.Display, d.ticks, d.index.Interval, d.seed)
}

// prices draws the line: through the first, the lowest, the highest and the last
// of each column.
func (d *drawing) prices() {
	d.out.WriteString(`<path d="`)
	for i, c := range d.columns {
		lead := "L"
		if i == 0 {
			lead = "M"
		}
		fmt.Fprintf(&d.out, "%s%.1f %.1f", lead, d.x(i), d.y(c.first))
		if c.high > c.low {
			fmt.Fprintf(&d.out, "V%.1fV%.1fV%.1f", d.y(c.low), d.y(c.high), d.y(c.last))
		}
	}
	d.out.WriteString("\"/>\n")
}

// moves draws a bar for the largest move of each column, up or down from a line in
// the middle.
func (d *drawing) moves() {
	middle, half := float64(movesTop+movesEnd)/2, float64(movesEnd-movesTop)/2
	fmt.Fprintf(&d.out, `<path class="g" d="M%d %.1fH%d"/><path class="m" d="`, left, middle, right)
	for i, c := range d.columns {
		if to := middle - c.move/d.most*half; math.Abs(to-middle) >= 0.05 {
			fmt.Fprintf(&d.out, "M%.1f %.1fV%.1f", d.x(i), middle, to)
		}
	}
	d.out.WriteString("\"/>\n")
}

func (d *drawing) labels() {
	text := func(class string, x, y int, text string) {
		fmt.Fprintf(&d.out, `<text class="%s" x="%d" y="%d">%s</text>`+"\n", class, x, y, html.EscapeString(text))
	}
	number := func(p float64) string { return fmt.Sprintf("%.*f", d.index.Decimals, p) }
	text("h", left, captionLine, d.caption())
	text("n", left-8, pricesTop+6, number(d.high))
	text("n", left-8, pricesEnd, number(d.low))
	text("n", left-8, (movesTop+movesEnd)/2+4, fmt.Sprintf("±%.*f", d.index.Decimals, d.most))
	text("", left, timeLine, "0")
	text("n", right, timeLine, (time.Duration(d.ticks) * d.index.Interval).String())
}
