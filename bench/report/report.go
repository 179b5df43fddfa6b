// Package report makes of many measurements what people read: medians, ratios, a
// table, JSON and a plot.
package report

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/karlquant/quasar/bench/suite"
	"github.com/karlquant/quasar/internal/bench"
)

// Report is everything of one run of the suite.
type Report struct {
	Made     time.Time `json:"made"`
	Command  string    `json:"command"`
	Version  string    `json:"version"` // of the hub
	Machine  Machine   `json:"machine"`
	Rounds   int       `json:"rounds"`
	SpanS    float64   `json:"span_seconds"`
	WarmupS  float64   `json:"warmup_seconds"`
	Sent     int       `json:"published_bytes"` // of one message
	Arrived  int       `json:"delivered_bytes"` // of one message
	LeftOut  []string  `json:"left_out"`
	Sections []Section `json:"workloads"`
	// Measurements are the single ones, in the order in which they were made.
	Measurements []*bench.Measurement `json:"measurements"`
}

// Machine is where it ran.
type Machine struct {
	OS     string `json:"os"`
	Kernel string `json:"kernel"`
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Go     string `json:"go"`
	// Load is the load average of the last minute, before the run and after it.
	LoadBefore float64 `json:"load_before"`
	LoadAfter  float64 `json:"load_after"`
	// Foreign is the median and the largest share of a core that others took
	// during a measurement.
	Foreign *bench.Spread `json:"foreign_cpu"`
}

// Section is one workload.
type Section struct {
	Name   string       `json:"name"`
	Title  string       `json:"title"`
	Figure suite.Figure `json:"figure"`
	Rows   []Row        `json:"rows"`
}

// Row is one server under one workload. What was not measured is nil.
type Row struct {
	Server       string        `json:"server"`
	Title        string        `json:"title"`
	PerCPUSecond *bench.Spread `json:"per_cpu_second"`
	CPUShare     *bench.Spread `json:"cpu_share"`
	DelayMedian  *bench.Spread `json:"delay_median_ms"`
	DelayP99     *bench.Spread `json:"delay_p99_ms"`
	IdleMemory   *bench.Spread `json:"idle_bytes_per_subscriber"`
	MemoryEnd    *bench.Spread `json:"memory_bytes"`
	// HubRatio is the hub's figure over this server's, round by round: the ratio
	// of what the workload is about.
	HubRatio *bench.Spread `json:"hub_ratio"`
	Lost     *int64        `json:"lost"` // in all rounds
	// Conflated is nil where the server does not say.
	Conflated *int64   `json:"conflated"`
	Closed    int      `json:"closed"`
	CaughtUp  *int     `json:"caught_up"` // of the stalled, in the worst round
	Stalled   int      `json:"stalled"`
	Problems  []string `json:"problems"`
}

// value is the figure of one measurement, nil if it has none.
func value(f suite.Figure, m *bench.Measurement) *float64 {
	switch {
	case f == suite.PerCPUSecond:
		return m.PerCPUSecond
	case f == suite.CPUShare:
		return share(m)
	case f == suite.IdleMemory:
		return m.Memory.PerSubscriber
	case m.Delay == nil:
		return nil
	case f == suite.DelayP99:
		return &m.Delay.P99
	}
	return &m.Delay.Median
}

func share(m *bench.Measurement) *float64 {
	if m.Seconds <= 0 {
		return nil
	}
	return new(m.CPUSeconds / m.Seconds)
}

// Summarize fills in the sections from the measurements.
func (r *Report) Summarize(workloads []suite.Workload, servers []suite.Server) {
	r.Sections, r.Rounds = nil, 0
	for _, m := range r.Measurements {
		r.Rounds = max(r.Rounds, m.Round)
	}
	for i := range workloads {
		w := &workloads[i]
		s := Section{Name: w.Name, Title: w.Title, Figure: w.Figure}
		for _, server := range servers {
			if of := r.of(w.Name, server.Name); len(of) > 0 {
				s.Rows = append(s.Rows, r.row(w, &server, of))
			}
		}
		if len(s.Rows) > 0 {
			r.Sections = append(r.Sections, s)
		}
	}
	var foreign []float64
	for _, m := range r.Measurements {
		foreign = append(foreign, m.ForeignCPU)
	}
	r.Machine.Foreign = bench.SpreadOf(foreign)
}

// of returns the measurements of a server under a workload.
func (r *Report) of(workload, server string) []*bench.Measurement {
	var of []*bench.Measurement
	for _, m := range r.Measurements {
		if m.Workload == workload && m.Server == server {
			of = append(of, m)
		}
	}
	return of
}

func (r *Report) row(w *suite.Workload, server *suite.Server, of []*bench.Measurement) Row {
	figure := func(f suite.Figure) *bench.Spread {
		return spread(of, func(m *bench.Measurement) *float64 { return value(f, m) })
	}
	row := Row{
		Server: server.Name, Title: server.Title, Stalled: w.Stalled,
		PerCPUSecond: figure(suite.PerCPUSecond), CPUShare: figure(suite.CPUShare),
		DelayMedian: figure(suite.DelayMedian), DelayP99: figure(suite.DelayP99), IdleMemory: figure(suite.IdleMemory),
		MemoryEnd: spread(of, func(m *bench.Measurement) *float64 { return new(float64(m.Memory.End)) }),
		HubRatio:  r.hubRatio(w, of),
	}
	for _, m := range of {
		row.Lost, row.Conflated = plus(row.Lost, m.Lost), plus(row.Conflated, m.Conflated)
		row.Closed += m.Closed
		if m.Stall != nil && (row.CaughtUp == nil || m.Stall.CaughtUp < *row.CaughtUp) {
			row.CaughtUp = new(m.Stall.CaughtUp)
		}
		if m.Problem != "" && !slices.Contains(row.Problems, m.Problem) {
			row.Problems = append(row.Problems, m.Problem)
		}
	}
	return row
}

// hubRatio divides the hub's figure by a server's, round by round.
func (r *Report) hubRatio(w *suite.Workload, of []*bench.Measurement) *bench.Spread {
	hub := "hub"
	if w.TLS {
		hub = "hub-tls"
	}
	if of[0].Server == hub {
		return nil
	}
	byRound := make(map[int]float64)
	for _, m := range r.of(w.Name, hub) {
		if v := value(w.Figure, m); v != nil && m.Problem == "" {
			byRound[m.Round] = *v
		}
	}
	return spread(of, func(m *bench.Measurement) *float64 {
		v, ours := value(w.Figure, m), byRound[m.Round]
		if v == nil || *v == 0 || ours == 0 {
			return nil
		}
		return new(ours / *v)
	})
}

// spread leaves out measurements that are worth nothing.
func spread(of []*bench.Measurement, value func(*bench.Measurement) *float64) *bench.Spread {
	var values []float64
	for _, m := range of {
		if v := value(m); v != nil && m.Problem == "" {
			values = append(values, *v)
		}
	}
	return bench.SpreadOf(values)
}

// plus adds what is known.
func plus(sum, n *int64) *int64 {
	switch {
	case n == nil:
		return sum
	case sum == nil:
		return new(*n)
	}
	return new(*sum + *n)
}

// Read reads what JSON wrote.
func Read(name string) (*Report, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// JSON is the report for machines.
func (r *Report) JSON() ([]byte, error) { return json.Marshal(r) }
