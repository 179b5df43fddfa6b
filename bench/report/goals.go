package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/karlquant/quasar/bench/suite"
	"github.com/karlquant/quasar/internal/bench"
)

// goal is a bound that the hub was built to keep, and what came of it.
type goal struct {
	text  string
	bound float64
	least bool // the bound is the least that will do, not the most
	got   *float64
	show  func(float64) string
}

func (g *goal) met() bool {
	if g.least {
		return *g.got >= g.bound
	}
	return *g.got <= g.bound
}

func (g *goal) want() string {
	if g.least {
		return "≥ " + g.show(g.bound)
	}
	return "≤ " + g.show(g.bound)
}

// libraries are the WebSocket libraries' own broadcasts. gorilla in one loop is not
// among them: it broadcasts nothing, but writes to one connection after the other and
// stops for all where one stalls. It is shown as another floor.
var libraries = []string{"gws", "gorilla", "coder"}

// Unpaced is the name of a variant of the hub that does not wait between writes,
// which the quiet hub is held against.
const Unpaced = "unpaced"

// goals are the bounds, with what was measured.
func (r *Report) goals() []goal {
	least := func(text string, bound float64, got *float64, show func(float64) string) goal {
		return goal{text: text, bound: bound, least: true, got: got, show: show}
	}
	most := func(text string, bound float64, got *float64, show func(float64) string) goal {
		return goal{text: text, bound: bound, got: got, show: show}
	}
	return []goal{
		least("1 → 1,000, one in flight: of the floor, per CPU-second", 0.90, r.over("one", "floor"), ratio),
		least("1 → 1,000, one in flight: of the best of the Go libraries", 1.1, r.overBest("one", libraries), ratio),
		least("1 → 1,000, 16 in flight: of the coalescing floor", 0.90, r.over("sixteen", "floor-coalesce"), ratio),
		least("1 → 1,000, 16 in flight: of NATS", 2.5, r.over("sixteen", "nats"), ratio),
		least("1 → 1,000, 16 in flight: of the best of the Go libraries", 10, r.overBest("sixteen", libraries), ratio),
		least("1 → 1,000, 16 in flight: of the Python stack", 15, r.over("sixteen", "python"), ratio),
		most("a million deliveries a second: share of one core", 0.6, r.median("busy", suite.CPUShare), percent),
		most("a million deliveries a second: median delay", 10, r.median("busy", suite.DelayMedian), delay),
		most("a million deliveries a second: p99 delay", 30, r.median("busy", suite.DelayP99), delay),
		most("a million deliveries a second: lost or conflated", 0, r.missed("busy"), count),
		most("20/s → 30: median delay, of a hub without pacing", 1.1, r.over("quiet-30", Unpaced), ratio),
		most("100/s → 500: median delay, of a hub without pacing", 1.1, r.over("quiet-500", Unpaced), ratio),
		most("100/s → 500, 50 stalled: the others' p99, of the run without", 1.1, r.between("stalled", "quiet-500", suite.DelayP99), ratio),
		least("100/s → 500, 50 stalled: those that held the newest of every space afterwards", 50, r.caughtUp("stalled"), count),
		most("idle subscribers: memory each", 8000, r.median("idle", suite.IdleMemory), kilobytes),
		least("200 publishers flat out: accepted per CPU-second", 300_000, r.median("ingest", suite.PerCPUSecond), count),
		least("TLS, 16 in flight: of the Go TLS floor", 0.8, r.over("tls", "floor-tls"), ratio),
	}
}

// goalCells are the goals that something was measured for, as a table with its
// head first, and how many others there are.
func (r *Report) goalCells() (all [][]string, others int) {
	all = [][]string{{"goal", "wanted", "got", "met"}}
	for _, g := range r.goals() {
		if g.got == nil {
			others++
			continue
		}
		met := "no"
		if g.met() {
			met = "yes"
		}
		all = append(all, []string{g.text, g.want(), g.show(*g.got), met})
	}
	return all, others
}

// find returns a server's row under a workload, nil if there is none.
func (r *Report) find(workload, server string) *Row {
	i := slices.IndexFunc(r.Sections, func(s Section) bool { return s.Name == workload })
	if i < 0 {
		return nil
	}
	rows := r.Sections[i].Rows
	if i = slices.IndexFunc(rows, func(row Row) bool { return row.Server == server }); i < 0 {
		return nil
	}
	return &rows[i]
}

func middle(s *bench.Spread) *float64 {
	if s == nil {
		return nil
	}
	return &s.Median
}

// over is the ratio of the hub's figure to a server's.
func (r *Report) over(workload, server string) *float64 {
	row := r.find(workload, server)
	if row == nil {
		return nil
	}
	return middle(row.HubRatio)
}

// overBest is the ratio to the best of servers, the smallest of all.
func (r *Report) overBest(workload string, servers []string) *float64 {
	var best *float64
	for _, s := range servers {
		if v := r.over(workload, s); v != nil && (best == nil || *v < *best) {
			best = v
		}
	}
	return best
}

// median is the hub's figure.
func (r *Report) median(workload string, f suite.Figure) *float64 {
	row := r.find(workload, "hub")
	if row == nil {
		return nil
	}
	return middle(row.figure(f))
}

// missed is how many deliveries of the hub's did not come, for whatever reason.
func (r *Report) missed(workload string) *float64 {
	row := r.find(workload, "hub")
	if row == nil || row.Lost == nil || row.Conflated == nil {
		return nil
	}
	return new(float64(*row.Lost + *row.Conflated))
}

// between divides the hub's figure under one workload by that under another.
func (r *Report) between(workload, other string, f suite.Figure) *float64 {
	a, b := r.median(workload, f), r.median(other, f)
	if a == nil || b == nil || *b == 0 {
		return nil
	}
	return new(*a / *b)
}

func (r *Report) caughtUp(workload string) *float64 {
	row := r.find(workload, "hub")
	if row == nil || row.CaughtUp == nil {
		return nil
	}
	return new(float64(*row.CaughtUp))
}

// writeGoals prints the goals, if anything was measured that they are about.
func (r *Report) writeGoals(w io.Writer, write func(io.Writer, [][]string)) {
	cells, others := r.goalCells()
	if len(cells) == 1 {
		return
	}
	fmt.Fprintln(w)
	write(w, cells)
	if others > 0 {
		fmt.Fprintf(w, "\n%d further goals were not measured in this run.\n", others)
	}
}
