package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/internal/bench"
)

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use: "bench", GroupID: "use",
		Short: "Measure what this machine can do",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBenchHub())
	return cmd
}

// benchFlags describe a workload of one's own.
type benchFlags struct {
	subscribers, publishers, inFlight, stalled int
	rate, seconds                              float64
	json                                       bool
}

func newBenchHub() *cobra.Command {
	var flags benchFlags
	cmd := &cobra.Command{
		Use:   "hub",
		Short: "Measure a hub on this machine under load",
		Long: `Bench hub starts a hub in a process of its own, on one core, opens subscribers and
publishers from another, and measures: deliveries per second of the hub's
processor time, the delay of messages, memory, and whether all came, in order.

Without flags that describe a load it goes through a few that matter. With
--in-flight a message is sent whenever fewer than so many are on their way; with
--rate each publisher sends so many a second. Everything stays on this machine.
It works on Linux. How figures come about is in docs/performance.md.`,
		Example: `  quasar bench hub
  quasar bench hub --subscribers 1000 --in-flight 16
  quasar bench hub --subscribers 500 --publishers 200 --rate 10 --seconds 10 --json`,
		Args: noArgs,
	}
	f := cmd.Flags()
	f.IntVar(&flags.subscribers, "subscribers", 1000, "how many subscribers")
	f.IntVar(&flags.publishers, "publishers", 1, "how many publishers, each with a space of its own")
	f.Float64Var(&flags.rate, "rate", 0, "messages a second of each publisher; 0 sends as --in-flight says")
	f.IntVar(&flags.inFlight, "in-flight", 1, "how many messages are on their way at most; without --rate")
	f.IntVar(&flags.stalled, "stalled", 0, "how many subscribers read nothing for the first three quarters; with --rate")
	f.Float64Var(&flags.seconds, "seconds", 3, "how long to measure, after a third of that to warm up")
	f.BoolVar(&flags.json, "json", false, "print objects, one on a line")
	cmd.MarkFlagsMutuallyExclusive("rate", "in-flight")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		own := false
		for _, name := range []string{"subscribers", "publishers", "rate", "in-flight", "stalled"} {
			own = own || f.Changed(name)
		}
		return benchHub(cmd, flags.workloads(own), flags.json)
	}
	return cmd
}

// workloads are the one that the flags describe, or those that matter.
func (f *benchFlags) workloads(own bool) []bench.Workload {
	all := []bench.Workload{
		{Name: "one", Title: "1 → 1,000, one in flight", Subscribers: 1000, Publishers: 1, InFlight: 1},
		{Name: "sixteen", Title: "1 → 1,000, 16 in flight", Subscribers: 1000, Publishers: 1, InFlight: 16},
		{Name: "busy", Title: "200 × 10/s → 500", Subscribers: 500, Publishers: 200, Rate: 10},
		{Name: "quiet", Title: "4 × 5/s → 30", Subscribers: 30, Publishers: 4, Rate: 5},
	}
	if own {
		w := bench.Workload{Name: "own", Subscribers: f.subscribers, Publishers: f.publishers, Rate: f.rate, InFlight: f.inFlight, Stalled: f.stalled}
		w.Title = fmt.Sprintf("%d → %d, %d in flight", w.Publishers, w.Subscribers, w.InFlight)
		if w.Rate > 0 {
			w.InFlight = 0
			w.Title = fmt.Sprintf("%d × %g/s → %d", w.Publishers, w.Rate, w.Subscribers)
		}
		all = []bench.Workload{w}
	}
	for i := range all {
		all[i].Span = time.Duration(f.seconds * float64(time.Second))
		all[i].Warmup = all[i].Span / 3
	}
	return all
}

// benchHub measures a hub, this same program, under one load after the other.
func benchHub(cmd *cobra.Command, loads []bench.Workload, asJSON bool) error {
	sockets := 0
	for i := range loads {
		if err := loads[i].Check(); err != nil {
			return usage("%w", err)
		}
		sockets = max(sockets, loads[i].Subscribers+loads[i].Publishers)
	}
	if err := bench.Prepare(sockets); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	var rows [][]string
	for i := range loads {
		m, err := benchOne(cmd.Context(), program, &loads[i], progressLine(cmd.ErrOrStderr(), loads[i].Title))
		if err != nil {
			return err
		}
		if asJSON {
			if err := printJSON(cmd.OutOrStdout(), m); err != nil {
				return err
			}
		}
		rows = append(rows, benchRow(loads[i].Title, m))
	}
	if asJSON {
		return nil
	}
	_, err = io.WriteString(cmd.OutOrStdout(), renderTable(benchColumns, rows))
	return err
}

// benchedHub is the hub that is measured: without tokens, and with room for whatever
// the generator connects.
var benchedHub = []string{
	"hub", "--listen", "{addr}", "--log-level", "warn", "--tokens-file", "", "--tokens", "",
	"--accept-rate", "100000", "--max-connections", "100000", "--max-subscribers", "100000", "--free-files", "64",
}

// benchOne measures a fresh hub.
func benchOne(ctx context.Context, program string, load *bench.Workload, phase func(string)) (*bench.Measurement, error) {
	defer phase("")
	phase("starting a hub")
	server, err := bench.Start(ctx, append([]string{program}, benchedHub...), "")
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	m, err := bench.Run(ctx, &bench.Target{
		Addr: server.Addr, PID: server.PID, Protocol: bench.WebSocket, Form: bench.Publish, Counters: bench.HubCounters(server.Addr, false),
	}, load, &bench.Options{Phase: phase})
	if err != nil {
		return nil, err
	}
	if m.Server = "hub"; m.Problem != "" {
		return m, errors.New(load.Title + ": " + m.Problem)
	}
	return m, nil
}

// progressLine returns what shows what is going on in a line that is overwritten,
// on a terminal; "" wipes it.
func progressLine(w io.Writer, title string) func(string) {
	if !isTerminal(w) {
		return func(string) {}
	}
	return func(phase string) {
		fmt.Fprint(w, "\r\x1b[K")
		if phase != "" {
			fmt.Fprintf(w, "%s: %s", title, phase)
		}
	}
}

var benchColumns = []column{
	{"LOAD", false}, {"PUBLISHED", true}, {"DELIVERED/S", true}, {"PER CPU-SECOND", true}, {"OF ONE CORE", true},
	{"MEDIAN", true}, {"P99", true}, {"LOST", true}, {"CONFLATED", true}, {"MEMORY", true},
}

func benchRow(title string, m *bench.Measurement) []string {
	row := []string{
		title, showInt(&m.Published), fmt.Sprintf("%.0f", float64(m.Delivered)/m.Seconds), showFloat(m.PerCPUSecond, "%.0f"),
		fmt.Sprintf("%.2f", m.CPUSeconds/m.Seconds), unknown, unknown, showInt(m.Lost), showInt(m.Conflated),
		fmt.Sprintf("%.0f MB", float64(m.Memory.End)/(1<<20)),
	}
	if m.Delay != nil {
		row[5], row[6] = fmt.Sprintf("%.2f ms", m.Delay.Median), fmt.Sprintf("%.2f ms", m.Delay.P99)
	}
	return row
}
