package suite

import (
	"fmt"
	"time"

	"github.com/karlquant/quasar/internal/bench"
)

// Figure is what a workload is about.
type Figure string

// The figures.
const (
	PerCPUSecond Figure = "per_cpu_second" // more is better
	CPUShare     Figure = "cpu_share"      // of one core; less is better
	DelayMedian  Figure = "delay_median"   // milliseconds; less is better
	DelayP99     Figure = "delay_p99"      // milliseconds; less is better
	IdleMemory   Figure = "idle_memory"    // bytes a subscriber; less is better
)

// Workload is a workload with who takes part.
type Workload struct {
	bench.Workload
	Figure  Figure
	Servers []string
}

// Scale is how large a run is.
type Scale struct {
	Span, Warmup time.Duration
	IdleSpan     time.Duration // to see keep-alives, more than the 20 s between the hub's pings
	IdleSubs     int
	Quick        bool // leaves out servers that say least
}

// Full is what docs/performance.md is made of; Quick takes about a minute.
var (
	Full  = Scale{Span: 4 * time.Second, Warmup: time.Second, IdleSpan: 22 * time.Second, IdleSubs: 10_000}
	Quick = Scale{Span: 600 * time.Millisecond, Warmup: 200 * time.Millisecond, IdleSpan: 2 * time.Second, IdleSubs: 2_000, Quick: true}
)

// everybody is who broadcasts.
var everybody = []string{"queue", "nats", "gws", "gorilla", "gorilla-loop", "coder", "python"}

func with(first ...string) []string { return append(first, everybody...) }

// Workloads returns the workloads of the suite.
func Workloads(s Scale) []Workload {
	all := []Workload{
		{bench.Workload{Name: "one", Title: "1 → 1,000, one message in flight", Subscribers: 1000, Publishers: 1, InFlight: 1}, PerCPUSecond, with("hub", "floor")},
		{bench.Workload{Name: "sixteen", Title: "1 → 1,000, 16 in flight", Subscribers: 1000, Publishers: 1, InFlight: 16}, PerCPUSecond, with("hub", "floor-coalesce")},
		{bench.Workload{Name: "busy", Title: "200 × 10/s → 500: a million deliveries a second", Subscribers: 500, Publishers: 200, Rate: 10}, CPUShare, []string{"hub", "floor-10ms", "queue", "nats"}},
		{bench.Workload{Name: "quiet-30", Title: "20/s → 30", Subscribers: 30, Publishers: 4, Rate: 5}, DelayMedian, []string{"hub", "floor", "queue", "nats", "gws", "python"}},
		{bench.Workload{Name: "quiet-500", Title: "100/s → 500", Subscribers: 500, Publishers: 10, Rate: 10}, DelayMedian, []string{"hub", "floor", "queue", "nats", "gws", "python"}},
		{bench.Workload{Name: "stalled", Title: "100/s → 500, 50 of them stalled", Subscribers: 500, Publishers: 10, Rate: 10, Stalled: 50}, DelayP99, []string{"hub", "queue", "nats", "gws", "python"}},
		{bench.Workload{Name: "busy-stalled", Title: "200 × 10/s → 500, 50 of them stalled", Subscribers: 500, Publishers: 200, Rate: 10, Stalled: 50}, DelayP99, []string{"hub", "queue", "nats"}},
		{bench.Workload{Name: "ingest", Title: "200 publishers flat out, one subscriber", Subscribers: 1, Publishers: 200, FlatOut: true}, PerCPUSecond, []string{"hub", "floor-coalesce", "queue", "nats", "gws", "gorilla", "coder", "python"}},
		{bench.Workload{Name: "tls", Title: "TLS 1.3, 1 → 1,000, 16 in flight", Subscribers: 1000, Publishers: 1, InFlight: 16, TLS: true}, PerCPUSecond, []string{"hub-tls", "hub-std-tls", "floor-tls"}},
		{bench.Workload{Name: "idle", Title: fmt.Sprintf("%d idle subscribers", s.IdleSubs), Subscribers: s.IdleSubs, Idle: true}, IdleMemory, []string{"hub", "queue", "nats", "gws", "gorilla", "coder", "python"}},
	}
	return scaled(all, s)
}

// Growth returns how cost grows with the number of subscribers and of spaces.
func Growth(s Scale) []Workload {
	var all []Workload
	for _, n := range []struct {
		name, title string
		subs        int
	}{
		{"subs-10", "1 → 10, 16 in flight", 10}, {"subs-100", "1 → 100, 16 in flight", 100}, {"subs-1000", "1 → 1,000, 16 in flight", 1000},
		{"subs-10000", "1 → 10,000, 16 in flight", 10_000},
		{"subs-19000", "1 → 19,000, 16 in flight", 19_000}, // what a limit of 20,000 open files allows
	} {
		all = append(all, Workload{bench.Workload{Name: n.name, Title: n.title, Subscribers: n.subs, Publishers: 1, InFlight: 16}, PerCPUSecond, []string{"hub", "floor-coalesce"}})
	}
	for _, n := range []struct {
		name, title string
		spaces      int
	}{
		{"spaces-1", "1 space, 1,000/s → 100", 1}, {"spaces-10", "10 spaces, 1,000/s → 100", 10}, {"spaces-100", "100 spaces, 1,000/s → 100", 100},
		{"spaces-1000", "1,000 spaces, 1,000/s → 100", 1000}, {"spaces-10000", "10,000 spaces, 1,000/s → 100", 10_000},
	} {
		all = append(all, Workload{bench.Workload{Name: n.name, Title: n.title, Subscribers: 100, Publishers: n.spaces, Rate: 1000 / float64(n.spaces)}, PerCPUSecond, []string{"hub", "floor"}})
	}
	return scaled(all, s)
}

// scaled gives every workload its times.
func scaled(all []Workload, s Scale) []Workload {
	for i := range all {
		w := &all[i]
		w.Span, w.Warmup = s.Span, s.Warmup
		switch {
		case w.Idle:
			w.Span, w.Warmup = s.IdleSpan, 0
		case w.Stalled > 0:
			w.Span = 2 * s.Span // sockets have to fill first; the stall stays below the hub's write deadline of 10 s
		}
		if s.Quick {
			w.Servers = without(w.Servers, "gorilla", "gorilla-loop", "coder", "queue")
		}
	}
	return all
}

func without(names []string, out ...string) []string {
	var kept []string
	for _, name := range names {
		drop := false
		for _, o := range out {
			drop = drop || o == name
		}
		if !drop {
			kept = append(kept, name)
		}
	}
	return kept
}
