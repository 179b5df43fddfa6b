package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/karlquant/quasar/bench/suite"
	"github.com/karlquant/quasar/internal/bench"
)

func measurement(server string, round int, perCPU float64, problem string) *bench.Measurement {
	return &bench.Measurement{
		Server: server, Workload: "sixteen", Round: round, Seconds: 1, CPUSeconds: 1, PerCPUSecond: &perCPU,
		Lost: new(int64(1)), Problem: problem,
	}
}

// The ratio is taken round by round: what slows a round down slows down both.
func TestSummarize(t *testing.T) {
	r := &Report{Measurements: []*bench.Measurement{
		measurement("hub", 1, 200, ""), measurement("nats", 1, 100, ""),
		measurement("hub", 2, 30, ""), measurement("nats", 2, 10, ""),
		measurement("hub", 3, 900, ""), measurement("nats", 3, 300, ""),
		measurement("hub", 4, 900, "broken"), measurement("nats", 4, 300, ""),
	}}
	r.Summarize(suite.Workloads(suite.Quick), suite.Servers(suite.Programs{}))
	if len(r.Sections) != 1 || len(r.Sections[0].Rows) != 2 {
		t.Fatalf("got %+v, want one section of two rows", r.Sections)
	}
	hub, nats := r.Sections[0].Rows[0], r.Sections[0].Rows[1]
	if want := (bench.Spread{Median: 200, Min: 30, Max: 900, Rounds: 3}); *hub.PerCPUSecond != want || hub.HubRatio != nil {
		t.Errorf("hub: got %+v and the ratio %v, want %+v and none", *hub.PerCPUSecond, hub.HubRatio, want)
	}
	if want := (bench.Spread{Median: 3, Min: 2, Max: 3, Rounds: 3}); *nats.HubRatio != want {
		t.Errorf("nats: got the ratio %+v, want %+v", *nats.HubRatio, want)
	}
	if *hub.Lost != 4 || !slices.Equal(hub.Problems, []string{"broken"}) || hub.Conflated != nil || hub.DelayMedian != nil {
		t.Errorf("got %+v, want 4 lost, the problem, and nothing that was not measured", hub)
	}
	var text, markdown strings.Builder
	r.WriteText(&text)
	r.WriteMarkdown(&markdown)
	for _, want := range []string{"1 → 1,000, 16 in flight", "3.00× (2.00×–3.00×)", "! quasar hub: broken"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("text: got no %q in\n%s", want, text.String())
		}
	}
	if !strings.Contains(markdown.String(), "| quasar hub | 200 (30–900) | – |") || !strings.Contains(string(r.SVG()), "200</text>") {
		t.Errorf("got %s\n%s", markdown.String(), r.SVG())
	}
	if !strings.Contains(markdown.String(), "| 1 → 1,000, 16 in flight: of NATS | ≥ 2.50× | 3.00× | yes |") || !strings.Contains(markdown.String(), "16 further goals were not measured") {
		t.Errorf("got the goals\n%s", markdown.String())
	}
}

func TestSplice(t *testing.T) {
	r := &Report{}
	got, err := r.Splice("above\n<!-- bench begin -->\nold\n<!-- bench end -->\nbelow\n", "bench")
	if err != nil || !strings.HasPrefix(got, "above\n<!-- bench begin -->\n\nHub") || !strings.HasSuffix(got, "\n<!-- bench end -->\nbelow\n") || strings.Contains(got, "old") {
		t.Errorf("got %q, %v", got, err)
	}
	again, err := r.Splice(got, "bench")
	if err != nil || again != got {
		t.Errorf("twice: got %q, %v, want %q", again, err, got)
	}
	if _, err := r.Splice("nothing\n", "bench"); err == nil {
		t.Error("a document without the lines: got no error")
	}
}

func TestSuiteNamesServersThatExist(t *testing.T) {
	var known []string
	for _, s := range suite.Servers(suite.Programs{Python: "python3"}) {
		known = append(known, s.Name)
	}
	for _, w := range append(suite.Workloads(suite.Full), suite.Growth(suite.Full)...) {
		if err := w.Check(); err != nil {
			t.Error(err)
		}
		for _, name := range w.Servers {
			if !slices.Contains(known, name) {
				t.Errorf("%s: got the server %q, want some of %v", w.Name, name, known)
			}
		}
	}
}
