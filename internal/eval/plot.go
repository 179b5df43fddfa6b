package eval

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The drawing, in pixels: a frame for the curves, and room around it for numbers and,
// to the right, for names.
const (
	plotWidth, plotHeight        = 900, 520
	frameLeft, frameTop          = 76, 64
	frameRight, frameBottom      = 720, 460
	plotLabelGap                 = 16 // between the names of two curves
	plotGrid, plotInk, plotFaint = "#e3e6ea", "#1f2933", "#5f6b7a"
)

// hues are told apart by those who see no red or green, too (Okabe and Ito 2008);
// the second round of them is dashed, the third dotted.
var (
	hues   = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#111111", "#8c6d1f"}
	dashes = []string{"", "6 4", "2 3"}
)

// curve is a record's regret as it is drawn.
type curve struct {
	name, hue, dash string
	points          []Stat
	label           float64 // where its name stands, from the top
}

func (c *curve) end() float64 { return c.points[len(c.points)-1].Mean }

// Plot draws the mean regret of each record over the rounds, with its 95 % interval,
// as SVG. Each record has at least one outcome.
func Plot(w io.Writer, s *Setup, records []Record) error {
	p := &plot{rounds: Points(s.World.Rounds)}
	for i := range records {
		c := &curve{name: records[i].Policy, hue: hues[i%len(hues)], dash: dashes[i/len(hues)%len(dashes)]}
		for k := range p.rounds {
			c.points = append(c.points, records[i].RegretAt(k))
		}
		p.curves = append(p.curves, c)
	}
	p.scale()
	p.open(s)
	p.axes()
	for _, c := range p.curves {
		p.band(c)
	}
	for _, c := range p.curves {
		p.line(c)
	}
	p.labels()
	p.out.WriteString("</svg>\n")
	_, err := w.Write(p.out.Bytes())
	return err
}

// plot is a drawing on its way.
type plot struct {
	out          bytes.Buffer
	rounds       []int
	curves       []*curve
	low, high, y float64 // the regrets at the frame's ends, and between two lines of the grid
}

// scale fits the frame to all curves and intervals.
func (p *plot) scale() {
	for _, c := range p.curves {
		for _, s := range c.points {
			p.low, p.high = min(p.low, s.Mean), max(p.high, s.Mean)
			if !math.IsNaN(s.Low) {
				p.low, p.high = min(p.low, s.Low), max(p.high, s.High)
			}
		}
	}
	if p.high == p.low {
		p.high = p.low + 1
	}
	p.y = step(p.high - p.low)
	p.low, p.high = p.y*math.Floor(p.low/p.y), p.y*math.Ceil(p.high/p.y)
}

// step is a round number that goes about five times into a span.
func step(span float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(span/5)))
	for _, factor := range []float64{1, 2, 5} {
		if span/(power*factor) <= 6 {
			return power * factor
		}
	}
	return 10 * power
}

func (p *plot) at(round, regret float64) (x, y float64) {
	last := float64(p.rounds[len(p.rounds)-1])
	x = frameLeft + (frameRight-frameLeft)*round/last
	y = frameBottom - (frameBottom-frameTop)*(regret-p.low)/(p.high-p.low)
	return x, y
}

func (p *plot) printf(format string, args ...any) { fmt.Fprintf(&p.out, format+"\n", args...) }

func (p *plot) open(s *Setup) {
	title := fmt.Sprintf("Regret in %s", s.World.Name)
	about := fmt.Sprintf("mean of %d courses of %d rounds and its 95 %% interval; %d arms, %s feedback", s.Seeds, s.World.Rounds, s.World.Arms, s.Feedback)
	if s.Delay > 0 {
		about += fmt.Sprintf(", %d rounds late", s.Delay)
	}
	p.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title about" font-family="system-ui, sans-serif" font-size="13" fill="%s">`,
		plotWidth, plotHeight, plotWidth, plotHeight, plotInk)
	p.printf(`<title id="title">%s</title>`, escape(title))
	p.printf(`<desc id="about">%s</desc>`, escape(about+": "+p.sums()))
	p.printf(`<rect width="100%%" height="100%%" fill="#fff"/>`)
	p.printf(`<text x="%d" y="28" font-size="17" font-weight="600">%s</text>`, frameLeft, escape(title))
	p.printf(`<text x="%d" y="47" fill="%s">%s</text>`, frameLeft, plotFaint, escape(about))
}

// sums says in words what the curves come to.
func (p *plot) sums() string {
	var parts []string
	for _, c := range p.curves {
		parts = append(parts, fmt.Sprintf("%s %s", c.name, digits(c.end())))
	}
	return strings.Join(parts, ", ")
}

func escape(s string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(s)) // a buffer takes everything
	return out.String()
}

// digits are as many as say something.
func digits(x float64) string {
	switch size := math.Abs(x); {
	case size >= 100 || size == math.Trunc(size):
		return strconv.FormatFloat(x, 'f', 0, 64)
	case size >= 1:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'g', 2, 64)
}

func (p *plot) axes() {
	for k := 0; p.low+float64(k)*p.y <= p.high*(1+1e-9); k++ {
		regret := p.low + float64(k)*p.y
		_, y := p.at(0, regret)
		p.printf(`<path d="M%d %.1fH%d" stroke="%s"/><text x="%d" y="%.1f" text-anchor="end" fill="%s">%s</text>`,
			frameLeft, y, frameRight, plotGrid, frameLeft-8, y+4, plotFaint, digits(regret))
	}
	last := float64(p.rounds[len(p.rounds)-1])
	for round, by := 0., max(1, step(last)); round <= last; round += by {
		x, _ := p.at(round, 0)
		p.printf(`<text x="%.1f" y="%d" text-anchor="middle" fill="%s">%s</text>`, x, frameBottom+20, plotFaint, digits(round))
	}
	p.printf(`<text x="%d" y="%d" text-anchor="middle" fill="%s">round</text>`, (frameLeft+frameRight)/2, frameBottom+42, plotFaint)
	p.printf(`<path d="M%d %dH%d" stroke="%s"/>`, frameLeft, frameBottom, frameRight, plotFaint)
}

// band is the interval of a curve, if there is one.
func (p *plot) band(c *curve) {
	if math.IsNaN(c.points[0].Low) {
		return
	}
	var d strings.Builder
	d.WriteString("M" + p.pair(0, 0))
	for i, s := range c.points {
		d.WriteString("L" + p.pair(float64(p.rounds[i]), s.High))
	}
	for i, s := range slices.Backward(c.points) {
		d.WriteString("L" + p.pair(float64(p.rounds[i]), s.Low))
	}
	p.printf(`<path d="%sZ" fill="%s" opacity=".15"/>`, d.String(), c.hue)
}

func (p *plot) pair(round, regret float64) string {
	x, y := p.at(round, regret)
	return fmt.Sprintf("%.1f %.1f", x, y)
}

func (p *plot) line(c *curve) {
	d := "M" + p.pair(0, 0)
	for i, s := range c.points {
		d += "L" + p.pair(float64(p.rounds[i]), s.Mean)
	}
	dash := ""
	if c.dash != "" {
		dash = ` stroke-dasharray="` + c.dash + `"`
	}
	p.printf(`<path d="%s" fill="none" stroke="%s" stroke-width="2" stroke-linejoin="round"%s/>`, d, c.hue, dash)
}

// labels writes the names beside the ends of their curves, none over another.
func (p *plot) labels() {
	order := slices.SortedStableFunc(slices.Values(p.curves), func(a, b *curve) int { return cmp.Compare(b.end(), a.end()) })
	next := float64(frameTop)
	for _, c := range order {
		_, y := p.at(0, c.end())
		c.label = max(y, next)
		next = c.label + plotLabelGap
	}
	floor := float64(plotHeight - plotLabelGap)
	for _, c := range slices.Backward(order) {
		c.label = min(c.label, floor)
		floor = c.label - plotLabelGap
	}
	for _, c := range order {
		_, y := p.at(0, c.end())
		p.printf(`<path d="M%d %.1fL%d %.1f" stroke="%s" fill="none"/>`, frameRight, y, frameRight+12, c.label, c.hue)
		p.printf(`<text x="%d" y="%.1f"><tspan fill="%s" font-weight="600">%s</tspan> %s</text>`,
			frameRight+16, c.label+4, c.hue, escape(c.name), digits(c.end()))
	}
}
