package app

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
)

func newJournal() *cobra.Command {
	cmd := &cobra.Command{
		Use: "journal", GroupID: "use",
		Short: "Look at, verify, export and copy what was traded",
		Long: `A trader writes down what it is about to do before it does it, and what became of
it, in a journal below its data directory: paper.db, demo.db or live.db. Nothing in
it is ever changed. docs/journal.md says what is in it and what can be relied on.

The journal is only read, also while the trader is at work. Times are those of the
venue, in UTC.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newJournalList(), newJournalShow(), newJournalVerify(), newJournalExport(), newJournalBackup())
	return cmd
}

// journalFlags say which journal, and in which form.
type journalFlags struct {
	accountFlags
	json bool
}

func (f *journalFlags) add(cmd *cobra.Command, asJSON string) {
	f.accountFlags.add(cmd)
	cmd.Flags().BoolVar(&f.json, "json", false, asJSON)
}

// open opens the journal that the flags name.
func (f *journalFlags) open() (*journal.View, error) {
	mode, err := f.mode()
	if err != nil {
		return nil, err
	}
	if f.dataDir == "" {
		return nil, usage("--data-dir: got none, want that of quasar rank --trade")
	}
	v, err := journal.OpenView(f.dataDir, mode)
	if errors.Is(err, journal.ErrNone) {
		return nil, fmt.Errorf("%w; %s", err, f.others())
	}
	return v, err
}

// others says which journals there are, for whoever asked for another.
func (f *journalFlags) others() string {
	var there []string
	for _, mode := range trade.Modes {
		if _, err := os.Stat(journal.File(f.dataDir, mode)); err == nil && string(mode) != f.account {
			there = append(there, "--account "+string(mode))
		}
	}
	if there == nil {
		return fmt.Sprintf("quasar rank --trade %s --data-dir %s makes one", f.account, f.dataDir)
	}
	return "there is one for " + strings.Join(there, " and ")
}

// read opens the journal, verifies all of it and says what it comes to.
func (f *journalFlags) read(cmd *cobra.Command) (sum *journal.Summary, err error) {
	v, err := f.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	return v.Verify(cmd.Context())
}

// orderFilter chooses orders. What is not told chooses all.
type orderFilter struct {
	states, assets []string
	since          string
}

func (f *orderFilter) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.states, "state", nil, "only orders in these states: planned, sent, open, settled, rejected, unknown, abandoned, orphan")
	cmd.Flags().StringSliceVar(&f.assets, "asset", nil, "only orders of these assets, or indices by the venue's name")
	cmd.Flags().StringVar(&f.since, "since", "", "only orders that were decided since: 2026-03-01, 2026-03-01T12:00:00Z, or 24h before the newest entry")
}

// choose returns the orders of a ledger that pass.
func (f *orderFilter) choose(l *trade.Ledger) ([]*trade.Order, error) {
	since, err := parseSince(f.since, l.At)
	if err != nil {
		return nil, usage("--since: %w", err)
	}
	states := make([]trade.State, len(f.states))
	for i, text := range f.states {
		states[i] = trade.State(strings.ToUpper(text))
		if !slices.Contains(trade.States, states[i]) {
			return nil, usage("--state: got %q, want some of %s", text, strings.ToLower(fmt.Sprint(trade.States)))
		}
	}
	var chosen []*trade.Order
	for _, o := range l.Orders() {
		if (len(states) == 0 || slices.Contains(states, o.State)) && !decidedAt(o).Before(since) &&
			(len(f.assets) == 0 || slices.ContainsFunc(f.assets, func(a string) bool { return strings.EqualFold(a, o.Asset()) || strings.EqualFold(a, o.Symbol()) })) {
			chosen = append(chosen, o)
		}
	}
	return chosen, nil
}

// parseSince reads a day, a time, or how long before the newest entry: what is
// printed is the same whenever that is done.
func parseSince(text string, newest time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return time.Time{}, fmt.Errorf("got %q, want a day like 2026-03-01, a time like 2026-03-01T12:00:00Z, or a duration like 24h", text)
	}
	return newest.Add(-d), nil
}

// decidedAt is when it came to an order; of an orphan, when the venue sold it.
func decidedAt(o *trade.Order) time.Time {
	if o.Intent == nil {
		return o.Orphan.Purchased
	}
	return o.Intent.Signal.At
}
