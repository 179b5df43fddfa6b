package report

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/karlquant/quasar/bench/suite"
	"github.com/karlquant/quasar/internal/bench"
)

// Sizes of the plot, in pixels.
const (
	plotWidth  = 860
	labelWidth = 330
	valueWidth = 130
	barHeight  = 20
	headHeight = 44
	padding    = 18
)

// plotted are the workloads that are drawn, in this order.
var plotted = []string{"one", "sixteen", "busy", "tls", "ingest", "idle"}

// SVG draws a bar for the figure of each server under each workload: its median,
// and a line from the least to the most of all rounds.
func (r *Report) SVG() []byte {
	var body strings.Builder
	y := padding
	for _, name := range plotted {
		i := slices.IndexFunc(r.Sections, func(s Section) bool { return s.Name == name })
		if i >= 0 {
			y = r.Sections[i].draw(&body, y)
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="What handing messages on costs, by server">`+"\n",
		plotWidth, y, plotWidth, y)
	// Colours hold on light and on dark pages.
	out.WriteString(`<style>text{font:13px system-ui,sans-serif;fill:#24292f}.h{font-weight:600}.v{font-variant-numeric:tabular-nums}.hub{fill:#0969da}.floor{fill:#8c959f}.peer{fill:#bf8700}.w{stroke:#24292f;stroke-width:1.5}` +
		`@media(prefers-color-scheme:dark){text{fill:#d0d7de}.w{stroke:#d0d7de}}</style>` + "\n")
	out.WriteString(body.String())
	out.WriteString("</svg>\n")
	return []byte(out.String())
}

// draw draws a section below y and returns where the next begins.
func (s *Section) draw(w *strings.Builder, y int) int {
	most := 0.0
	for i := range s.Rows {
		if v := s.Rows[i].figure(s.Figure); v != nil {
			most = max(most, v.Max)
		}
	}
	if most == 0 {
		return y
	}
	fmt.Fprintf(w, `<text class="h" x="%d" y="%d">%s: %s</text>`+"\n", padding, y+14, html.EscapeString(s.Title), figureText(s))
	y += headHeight - padding
	for i := range s.Rows {
		s.Rows[i].draw(w, s, y, most)
		y += barHeight
	}
	return y + padding
}

func (r *Row) draw(w *strings.Builder, s *Section, y int, most float64) {
	middle := y + barHeight/2
	fmt.Fprintf(w, `<text x="%d" y="%d">%s</text>`, padding, middle+4, html.EscapeString(r.Title))
	v := r.figure(s.Figure)
	if v == nil {
		fmt.Fprintf(w, `<text class="v" x="%d" y="%d">not measured</text>`+"\n", labelWidth, middle+4)
		return
	}
	scale := func(x float64) float64 { return x / most * (plotWidth - labelWidth - valueWidth) }
	fmt.Fprintf(w, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/>`, r.class(), labelWidth, y+3, scale(v.Median), barHeight-6)
	if v.Rounds > 1 {
		fmt.Fprintf(w, `<line class="w" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, labelWidth+scale(v.Min), labelWidth+scale(v.Max), middle, middle)
	}
	fmt.Fprintf(w, `<text class="v" x="%.1f" y="%d">%s</text>`+"\n", labelWidth+scale(v.Max)+6, middle+4, figureFormat(s.Figure)(v.Median))
}

func (r *Row) class() string {
	switch {
	case strings.HasPrefix(r.Server, "hub"):
		return "hub"
	case strings.HasPrefix(r.Server, "floor"):
		return "floor"
	}
	return "peer"
}

func (r *Row) figure(f suite.Figure) *bench.Spread {
	return map[suite.Figure]*bench.Spread{
		suite.PerCPUSecond: r.PerCPUSecond, suite.CPUShare: r.CPUShare, suite.DelayMedian: r.DelayMedian,
		suite.DelayP99: r.DelayP99, suite.IdleMemory: r.IdleMemory,
	}[f]
}

func figureText(s *Section) string {
	switch {
	case s.Name == "ingest":
		return "accepted per CPU-second (more is better)"
	case s.Figure == suite.PerCPUSecond:
		return "delivered per CPU-second (more is better)"
	case s.Figure == suite.CPUShare:
		return "share of one core (less is better)"
	case s.Figure == suite.IdleMemory:
		return "memory a subscriber (less is better)"
	}
	return "delay (less is better)"
}

func figureFormat(f suite.Figure) func(float64) string {
	return map[suite.Figure]func(float64) string{
		suite.PerCPUSecond: count, suite.CPUShare: percent, suite.DelayMedian: delay, suite.DelayP99: delay, suite.IdleMemory: kilobytes,
	}[f]
}
