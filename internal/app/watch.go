package app

import (
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/subscriber"
)

func newWatch() *cobra.Command {
	cmd := &cobra.Command{
		Use: "watch [SPACE...]", GroupID: "use",
		Short: "Show the ranked assets of a hub in the terminal, live",
		Long: `Watch subscribes to a hub and shows its assets, ranked, in a table that follows
each update. With --json it prints one snapshot per line, as they come; with
--once what there is now, and ends. It connects again for ever, unless --once.`,
		Example: "  quasar watch\n  quasar watch V75 CRASH1000 --json\n  quasar watch --once --order balanced",
	}
	hub := hubFlag(cmd, "HUB_SUB_URL", "HUB_WS_URL")
	cred := credentialFlags(cmd)
	var w watcher
	f := cmd.Flags()
	once := f.Bool("once", false, "show what there is now and end")
	asJSON := f.Bool("json", false, "print snapshots as JSON, one on a line")
	order := f.String("order", string(quasar.Desc), "desc, asc or balanced")
	f.DurationVar(&w.stale, "stale-after", 30*time.Second, "how old a snapshot may be before it is shown as stale")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if w.order, err = quasar.ParseOrder(*order); err != nil {
			return usage("%w", err)
		}
		if w.access, err = cred.read(); err != nil {
			return err
		}
		w.out, w.errors, w.hub, w.assets, w.json = cmd.OutOrStdout(), cmd.ErrOrStderr(), *hub, args, *asJSON
		if *once {
			return w.once(cmd.Context())
		}
		return w.follow(cmd.Context())
	}
	return cmd
}

// watcher shows what a hub knows.
type watcher struct {
	out, errors io.Writer
	hub         string
	access      access
	assets      []string
	order       quasar.Order
	stale       time.Duration
	json        bool
}

// once asks for the ranking and shows it.
func (w *watcher) once(ctx context.Context) error {
	var answer struct {
		HubTimestamp float64 `json:"hub_timestamp"`
		Rankings     []struct {
			Snapshot quasar.Snapshot `json:"snapshot"`
		} `json:"rankings"`
	}
	if err := getJSON(ctx, w.hub, "/rankings?order="+string(w.order), w.access, &answer); err != nil {
		return err
	}
	all := make([]quasar.Snapshot, 0, len(answer.Rankings))
	for _, row := range answer.Rankings {
		all = append(all, row.Snapshot)
	}
	if slices.ContainsFunc(all, func(s quasar.Snapshot) bool { return s.SpaceName == "" }) {
		var err error
		if all, err = w.ofState(ctx); err != nil {
			return err
		}
	}
	var snapshots []quasar.Snapshot
	for _, s := range all {
		if len(w.assets) == 0 || slices.Contains(w.assets, s.SpaceName) {
			snapshots = append(snapshots, s)
		}
	}
	if w.json {
		for i := range snapshots {
			if err := w.line(&snapshots[i]); err != nil {
				return err
			}
		}
		return nil
	}
	_, err := io.WriteString(w.out, w.table(snapshots, time.UnixMicro(int64(answer.HubTimestamp*1e6))))
	return err
}

// ofState asks a hub in whose ranking the snapshots are not: a hub in Python.
func (w *watcher) ofState(ctx context.Context) ([]quasar.Snapshot, error) {
	var state struct {
		Snapshots map[string]quasar.Snapshot `json:"snapshots"`
	}
	if err := getJSON(ctx, w.hub, "/api/state", w.access, &state); err != nil {
		return nil, err
	}
	ranked := quasar.Rank(slices.Collect(maps.Values(state.Snapshots)), w.order)
	snapshots := make([]quasar.Snapshot, len(ranked))
	for i := range ranked {
		snapshots[i] = ranked[i].Snapshot
	}
	return snapshots, nil
}

func (w *watcher) line(s *quasar.Snapshot) error {
	_, err := w.out.Write(append(s.AppendJSON(nil), '\n'))
	return err
}

// follow shows each update until ctx ends.
func (w *watcher) follow(ctx context.Context) error {
	client, err := subscriber.New(w.hub, &subscriber.Options{Assets: w.assets, Token: w.access.token, Authorization: w.access.authorization, HTTPClient: w.access.client})
	if err != nil {
		return misconfigured(err)
	}
	if w.json {
		return w.lines(ctx, client)
	}
	return w.screen(ctx, client)
}

func (w *watcher) lines(ctx context.Context, client *subscriber.Client) error {
	for s, err := range client.Watch(ctx) {
		if err != nil {
			tell(w.errors, err)
			continue
		}
		if err := w.line(&s); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// watched is what Watch yields.
type watched struct {
	snapshot quasar.Snapshot
	err      error
}

// screen draws the table anew when something changed, a few times a second at
// most, and once a second for the ages.
func (w *watcher) screen(ctx context.Context, client *subscriber.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	events, done := pump(ctx, client.Watch(ctx))
	defer func() { cancel(); <-done }()

	known := make(map[string]quasar.Snapshot)
	var lost error
	changed := true
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	drawn := time.Time{}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-events:
			changed = true
			if lost = e.err; lost == nil {
				known[e.snapshot.SpaceName] = e.snapshot
			}
		case now := <-ticker.C:
			if !changed && now.Sub(drawn) < time.Second {
				continue
			}
			w.draw(known, client.Status(), lost, now)
			changed, drawn = false, now
		}
	}
}

// pump hands on what a sequence yields, until ctx ends.
func pump(ctx context.Context, seq iter.Seq2[quasar.Snapshot, error]) (<-chan watched, <-chan struct{}) {
	events, done := make(chan watched), make(chan struct{})
	go func() {
		defer close(done)
		for s, err := range seq {
			select {
			case events <- watched{s, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return events, done
}

func (w *watcher) draw(known map[string]quasar.Snapshot, status subscriber.Status, lost error, now time.Time) {
	state := "connecting to " + w.hub
	switch {
	case status.Connected:
		state = "live from " + w.hub
	case lost != nil:
		state = "OFFLINE: " + lost.Error()
	}
	snapshots := make([]quasar.Snapshot, 0, len(known))
	for _, s := range known {
		snapshots = append(snapshots, s)
	}
	hubNow := now
	if !status.HubTime.IsZero() { // ages are by the hub's clock
		hubNow = status.HubTime.Add(now.Sub(status.LastFrameAt))
	}
	screen := state + "\n\n" + w.table(snapshots, hubNow)
	if isTerminal(w.out) {
		screen = "\x1b[H\x1b[J" + screen // home, and clear what is below
	}
	fmt.Fprintln(w.out, screen)
}

func isTerminal(w io.Writer) bool {
	f, ok := fileOf(w)
	return ok && term.IsTerminal(int(f.Fd()))
}

var watchColumns = []column{
	{"#", true}, {"ASSET", false}, {"SIGNAL", false}, {"BUY", true}, {"SELL", true}, {"CONFIDENCE", true}, {"ACCURACY", true},
	{"SCORE", true}, {"STEPS", true}, {"PRICE", true}, {"AGE", true}, {"", false},
}

func (w *watcher) table(snapshots []quasar.Snapshot, now time.Time) string {
	if len(snapshots) == 0 {
		return "No asset has published yet. Try: quasar publish V75_TEST --training-steps 1\n"
	}
	var rows [][]string
	for _, r := range quasar.Rank(snapshots, w.order) {
		rows = append(rows, w.row(&r, now))
	}
	return renderTable(watchColumns, rows)
}

func (w *watcher) row(r *quasar.Ranking, now time.Time) []string {
	s := &r.Snapshot
	rank := unknown
	if r.Rank > 0 {
		rank = strconv.Itoa(r.Rank)
	}
	return []string{
		rank, s.SpaceName, showSignal(s.Voting.DominantSignal), showInt(s.Voting.BuyCount), showInt(s.Voting.SellCount),
		showFloat(r.Score.SignalConfidence, "%.3f"), showFloat(s.Training.AVNAccuracy, "%.3f"), showFloat(r.Score.Value, "%+.3f"),
		showInt(s.Training.TrainingSteps), showPrice(s.Voting.LastPrice), showAge(now.Sub(s.UpdatedAt)), w.remarks(r, now),
	}
}

// remarks say what a reader must not overlook.
func (w *watcher) remarks(r *quasar.Ranking, now time.Time) string {
	var remarks []string
	if r.Score.Reason != "" {
		remarks = append(remarks, r.Score.Reason)
	}
	s := &r.Snapshot
	switch {
	case now.Sub(s.UpdatedAt) > w.stale:
		remarks = append(remarks, "STALE")
	case !s.VotingAt.IsZero() && now.Sub(s.VotingAt) > w.stale:
		remarks = append(remarks, "votes "+showAge(now.Sub(s.VotingAt))+" old")
	}
	return strings.Join(remarks, ", ")
}

func showAge(d time.Duration) string {
	d = max(0, d)
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	if d < time.Minute {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
