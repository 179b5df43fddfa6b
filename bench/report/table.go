package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/karlquant/quasar/bench/suite"
	"github.com/karlquant/quasar/internal/bench"
)

const unknown = "–"

// WriteText prints the report for a terminal.
func (r *Report) WriteText(w io.Writer) {
	fmt.Fprintln(w, r.headline())
	for i := range r.Sections {
		s := &r.Sections[i]
		fmt.Fprintf(w, "\n%s\n", s.Title)
		writeColumns(w, s.cells())
		for _, problem := range s.problems() {
			fmt.Fprintf(w, "  ! %s\n", problem)
		}
	}
	r.writeGoals(w, writeColumns)
	for _, why := range r.LeftOut {
		fmt.Fprintf(w, "\nleft out: %s\n", why)
	}
}

// ours is how much of a core others may take before a machine is not ours: what
// a kernel's own threads and a shell take stays well below.
const ours = 0.1

// headline says what was measured where.
func (r *Report) headline() string {
	m := &r.Machine
	text := fmt.Sprintf("Hub %s, %s: %s, %d cores, Linux %s, %s. Load %.2f before, %.2f after",
		r.Version, r.Made.Format("2006-01-02"), m.CPU, m.Cores, m.Kernel, m.Go, m.LoadBefore, m.LoadAfter)
	if m.Foreign != nil {
		text += fmt.Sprintf("; others took %.2f of a core while it was measured (at most %.2f)", m.Foreign.Median, m.Foreign.Max)
	}
	if m.Foreign != nil && m.Foreign.Median > ours {
		text += ", so THESE FIGURES ARE NOT TO BE QUOTED: the machine was busy with other things"
	}
	return text + fmt.Sprintf(". %d rounds of %g s after %g s of warm-up; messages of %d B published, %d B delivered. Medians (min–max).",
		r.Rounds, r.SpanS, r.WarmupS, r.Sent, r.Arrived)
}

// WriteMarkdown prints the report for the docs.
func (r *Report) WriteMarkdown(w io.Writer) {
	fmt.Fprintf(w, "%s\n\nMade by `%s`.\n", r.headline(), r.Command)
	r.writeGoals(w, writeMarkdown)
	for i := range r.Sections {
		s := &r.Sections[i]
		fmt.Fprintf(w, "\n**%s**\n\n", s.Title)
		writeMarkdown(w, s.cells())
		for _, problem := range s.problems() {
			fmt.Fprintf(w, "\nNot in these figures: %s.\n", problem)
		}
	}
	for _, why := range r.LeftOut {
		fmt.Fprintf(w, "\nLeft out: %s.\n", why)
	}
}

func writeMarkdown(w io.Writer, rows [][]string) {
	for n, row := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		if n == 0 {
			fmt.Fprintf(w, "|---%s|\n", strings.Repeat("|---:", len(row)-1))
		}
	}
}

// Splice puts the report into a document, between two lines that name it:
// <!-- name begin --> and <!-- name end -->.
func (r *Report) Splice(document, name string) (string, error) {
	begin, end := "<!-- "+name+" begin -->\n", "<!-- "+name+" end -->"
	before, rest, ok1 := strings.Cut(document, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return "", fmt.Errorf("document: got no lines %q and %q, want them around the tables", strings.TrimSpace(begin), end)
	}
	var text strings.Builder
	r.WriteMarkdown(&text)
	return before + begin + "\n" + text.String() + "\n" + end + after, nil
}

// cells are the table of a section, its head first.
func (s *Section) cells() [][]string {
	if s.Figure == suite.IdleMemory {
		return s.idleCells()
	}
	stalled := s.Rows[0].Stalled > 0
	unit := "delivered"
	if s.Name == "ingest" {
		unit = "accepted"
	}
	head := []string{"server", unit + " per CPU-second", "hub's ratio", "of one core", "median", "p99", "lost", "conflated", "memory"}
	if stalled {
		head = append(head, "caught up")
	}
	all := [][]string{head}
	for i := range s.Rows {
		r := &s.Rows[i]
		cells := []string{
			r.Title, show(r.PerCPUSecond, count), show(r.HubRatio, ratio), show(r.CPUShare, percent), show(r.DelayMedian, delay), show(r.DelayP99, delay),
			r.lost(), showCount(r.Conflated), showMid(r.MemoryEnd, megabytes),
		}
		if stalled {
			cells = append(cells, r.caughtUp())
		}
		all = append(all, cells)
	}
	return all
}

func (s *Section) idleCells() [][]string {
	all := [][]string{{"server", "memory a subscriber", "hub's ratio", "of one core", "closed"}}
	for i := range s.Rows {
		r := &s.Rows[i]
		all = append(all, []string{r.Title, show(r.IdleMemory, kilobytes), show(r.HubRatio, ratio), show(r.CPUShare, percent), fmt.Sprint(r.Closed)})
	}
	return all
}

// problems are what made measurements worthless: they are in no figure.
func (s *Section) problems() []string {
	var all []string
	for i := range s.Rows {
		for _, problem := range s.Rows[i].Problems {
			all = append(all, s.Rows[i].Title+": "+problem)
		}
	}
	return all
}

func (r *Row) lost() string {
	text := showCount(r.Lost)
	if r.Closed > 0 {
		text += fmt.Sprintf(" (%d closed)", r.Closed)
	}
	return text
}

func (r *Row) caughtUp() string {
	if r.CaughtUp == nil {
		return unknown
	}
	return fmt.Sprintf("%d of %d", *r.CaughtUp, r.Stalled)
}

// show prints the median, and the ends where there was more than one round.
func show(s *bench.Spread, format func(float64) string) string {
	if s == nil {
		return unknown
	}
	if s.Rounds == 1 {
		return format(s.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", format(s.Median), format(s.Min), format(s.Max))
}

func showMid(s *bench.Spread, format func(float64) string) string {
	if s == nil {
		return unknown
	}
	return format(s.Median)
}

func showCount(n *int64) string {
	if n == nil {
		return unknown
	}
	return fmt.Sprint(*n)
}

func count(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.2f M", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%.0f k", v/1e3)
	}
	return fmt.Sprintf("%.0f", v)
}

func ratio(v float64) string {
	if v >= 10 {
		return fmt.Sprintf("%.0f×", v)
	}
	return fmt.Sprintf("%.2f×", v)
}

func percent(v float64) string { return fmt.Sprintf("%.2f", v) }

func delay(ms float64) string {
	switch {
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 1:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.2f ms", ms)
}

func megabytes(v float64) string { return fmt.Sprintf("%.0f MB", v/(1<<20)) }

func kilobytes(v float64) string { return fmt.Sprintf("%.1f kB", v/1000) }

// writeColumns lays cells out, the first column to the left and the others to the
// right.
func writeColumns(w io.Writer, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line.WriteString("  " + cell + gap)
			} else {
				line.WriteString("  " + gap + cell)
			}
		}
		fmt.Fprintln(w, line.String())
	}
}
