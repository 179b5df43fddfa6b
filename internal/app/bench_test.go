package app

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/bench"
)

func TestBenchWorkloads(t *testing.T) {
	for _, c := range []struct {
		name  string
		flags benchFlags
		want  bench.Workload
	}{
		{"so many in flight", benchFlags{subscribers: 50, publishers: 2, inFlight: 16, seconds: 3},
			bench.Workload{Name: "own", Title: "2 → 50, 16 in flight", Subscribers: 50, Publishers: 2, InFlight: 16, Span: 3 * time.Second, Warmup: time.Second}},
		{"at a rate, which needs no window", benchFlags{subscribers: 50, publishers: 2, inFlight: 1, rate: 2.5, stalled: 5, seconds: 3},
			bench.Workload{Name: "own", Title: "2 × 2.5/s → 50", Subscribers: 50, Publishers: 2, Rate: 2.5, Stalled: 5, Span: 3 * time.Second, Warmup: time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff([]bench.Workload{c.want}, c.flags.workloads(true)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, w := range (&benchFlags{seconds: 1}).workloads(false) {
		if err := w.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestBenchRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"a rate and a window", []string{"--rate", "1", "--in-flight", "2"}, "in-flight rate"},
		{"no subscribers", []string{"--subscribers", "0"}, "got 0 subscribers, want at least 1"},
		{"no time", []string{"--seconds", "0"}, "got a span of 0s"},
		{"stalled ones in a window", []string{"--stalled", "1"}, "want a rate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := quasarCommand(t, "", append([]string{"bench", "hub"}, c.args...)...)
			if got.code != exitUsage || !strings.Contains(got.stderr, c.want) {
				t.Errorf("got %d, %q, want %d, %q", got.code, got.stderr, exitUsage, c.want)
			}
		})
	}
}

func TestBenchRow(t *testing.T) {
	m := &bench.Measurement{
		Seconds: 2, Published: 100, Delivered: 5000, CPUSeconds: 0.5, PerCPUSecond: new(10_000.0), Lost: new(int64(0)),
		Delay: &bench.Delay{Median: 0.25, P99: 1.5}, Memory: bench.Memory{End: 20 << 20},
	}
	want := []string{"load", "100", "2500", "10000", "0.25", "0.25 ms", "1.50 ms", "0", unknown, "20 MB"}
	if diff := cmp.Diff(want, benchRow("load", m)); diff != "" {
		t.Error(diff)
	}
	m.Delay, m.PerCPUSecond, m.Lost = nil, nil, nil
	want = []string{"load", "100", "2500", unknown, "0.25", unknown, unknown, unknown, unknown, "20 MB"}
	if diff := cmp.Diff(want, benchRow("load", m)); diff != "" {
		t.Error(diff)
	}
}
