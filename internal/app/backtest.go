package app

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/internal/backtest"
	"github.com/karlquant/quasar/internal/recording"
	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/paper"
	"github.com/karlquant/quasar/trade/replay"
)

// backtestFlags are what a backtest is told, beside what a ranker that trades is.
type backtestFlags struct {
	rank         rankFlags
	sizing       sizingFlags
	risk         riskFlags
	days, payout float64
	agents       int
	every        time.Duration
	from         string
	balance      string
	journal, by  string
	tried        int
	resume       bool
	json         bool
}

func newBacktest() *cobra.Command {
	var flags backtestFlags
	cmd := &cobra.Command{
		Use: "backtest [FILE|DIRECTORY]...", GroupID: "use",
		Short: "Play a record, or a simulated month, through the policy and the limits",
		Long: `Backtest plays what quasar record wrote, or else a simulated market, through the code
of quasar rank --trade paper, as fast as it goes: the same policy, the same limits, the
same paper account, by the clock of the records. It prints the report that quasar report
prints. The same records, flags and seed make the same journal, byte for byte.

Without a file it makes a market of --days days, and on each of --assets a space that
learns from it. Such a market has no edge to find, and the report should say so.

A record is not the market it was made in: what was not bought moved no price, quotes
are what --payout or our model of the house says and not what the venue asked, and the
fills are those of paper trading. Whoever plays a record with one setting after the
other finds one that was lucky: say with --tried how many there were.`,
		Example: `  quasar backtest --days 1 --assets V75,V100_1s
  quasar backtest recordings/ --bandit thompson --seed 7 --tried 5
  quasar backtest recordings/ --journal trades.jsonl --json | jq .verdict.sentence`,
	}
	f := cmd.Flags()
	f.Float64Var(&flags.days, "days", 30, "how many days to simulate, above 0 and at most 366")
	f.StringSliceVar(&flags.rank.assets, "assets", []string{"V75", "V100_1s", "CRASH1000"}, "the indices to simulate, a space on each")
	f.StringVar(&flags.from, "from", "2026-01-01", "the day on which the simulated market begins")
	f.DurationVar(&flags.every, "publish-every", 10*time.Second, "the least time between two publications of a simulated space")
	f.IntVar(&flags.agents, "agents", 4, "how many agents of a simulated space vote")
	addPolicyFlags(cmd, &flags.rank)
	onlyLive(cmd, "model", "decisions")
	addSizingFlags(cmd, &flags.sizing)
	addRiskFlags(cmd, &flags.risk)
	f.StringVar(&flags.balance, "paper-balance", "10000", "what the account begins with, in USD")
	f.Float64Var(&flags.payout, "payout", 0, "what a Rise or Fall pays for a stake of 1, such as 1.95 (default what our model of the house says)")
	f.BoolVar(&flags.resume, "resume", false, "let a halt last until the next day, in UTC; else it ends the trading, for nobody looks")
	f.StringVar(&flags.journal, "journal", "", "file to write the journal to, an entry on each line; it must not be there yet")
	f.StringVar(&flags.by, "by", "asset", "the rows of the table: asset, kind or policy")
	f.IntVar(&flags.tried, "tried", 0, "how many settings, assets and strategies were tried, if that is more than this run knows")
	f.BoolVar(&flags.json, "json", false, "print the report as an object")
	cmd.RunE = flags.run
	return cmd
}

// onlyLive takes flags away that mean nothing here.
func onlyLive(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		_ = cmd.Flags().MarkHidden(name) // it is there
	}
}

func (f *backtestFlags) check(cmd *cobra.Command, args []string) error {
	changed := cmd.Flags().Changed
	switch {
	case changed("model") || changed("decisions"):
		return usage("backtest: got --model or --decisions, want neither: it begins with nothing learned, and leaves nothing behind")
	case !slices.Contains(reportTables, f.by):
		return usage("--by: got %q, want asset, kind or policy", f.by)
	case f.tried < 0:
		return usage("--tried: got %d, want 0 or more", f.tried)
	case !(f.days > 0 && f.days <= 366):
		return usage("--days: got %v, want above 0 and at most 366", f.days)
	case f.payout != 0 && !(f.payout > 1 && f.payout <= 100):
		return usage("--payout: got %v, want above 1 and at most 100", f.payout)
	}
	for _, name := range []string{"days", "assets", "from", "publish-every", "agents"} {
		if len(args) > 0 && changed(name) {
			return usage("backtest: got records and --%s, want one of them: it is for a simulated market", name)
		}
	}
	return nil
}

func (f *backtestFlags) run(cmd *cobra.Command, args []string) error {
	if err := f.check(cmd, args); err != nil {
		return err
	}
	opts, err := f.options(cmd)
	if err != nil {
		return err
	}
	span, err := f.source(opts, args)
	if err != nil {
		return err
	}
	keep, err := f.openJournal(opts)
	if err != nil {
		return misconfigured(err)
	}
	progress := newBacktestProgress(cmd.ErrOrStderr(), span)
	opts.OnProgress = progress.at
	result, err := backtest.Run(cmd.Context(), opts)
	progress.wipe()
	unwritten := errors.Is(err, backtest.ErrJournal)
	err = errors.Join(err, keep(result != nil && result.Ticks > 0 && !unwritten))
	switch {
	case result == nil:
		return misconfigured(err)
	case result.Ticks == 0, unwritten:
		return err
	}
	return errors.Join(f.print(cmd.OutOrStdout(), result, err), err)
}

// openJournal has the journal written to the file that was asked for, if one was. keep
// closes it, and takes it away again where it is not to be kept: nothing was played, or
// it could not be written.
func (f *backtestFlags) openJournal(o *backtest.Options) (keep func(bool) error, err error) {
	if f.journal == "" {
		return func(bool) error { return nil }, nil
	}
	file, err := os.OpenFile(f.journal, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	o.Journal = file
	return func(kept bool) error {
		err := file.Close()
		if !kept {
			err = errors.Join(err, os.Remove(f.journal))
		}
		return err
	}, nil
}

// options are those of the run, but for what is played.
func (f *backtestFlags) options(cmd *cobra.Command) (*backtest.Options, error) {
	log, err := newLogger(cmd)
	if err != nil {
		return nil, err
	}
	if !cmd.Flags().Changed("session") {
		f.risk.limits.Session = -1 // a record is longer than a session, and nobody is there to begin another
	}
	limits, err := f.risk.read()
	if err != nil {
		return nil, err
	}
	chooser, err := f.sizing.chooser()
	if err != nil {
		return nil, err
	}
	opening, err := amount("paper-balance", f.balance)
	if err != nil {
		return nil, err
	}
	o := &backtest.Options{
		Paper: paper.Options{Venue: "recording", Opening: opening, Seed: f.rank.seed}, Chooser: chooser, Limits: limits,
		Market: &replay.Options{}, Resume: f.resume, Version: version(), Logger: log,
	}
	f.rank.hub, f.rank.stale = defaultHub, 30*time.Second
	o.Ranker = *f.rank.options(log)
	if f.payout != 0 {
		o.Market.Payouts = []replay.Payout{{Kind: trade.Rise, Ratio: f.payout}, {Kind: trade.Fall, Ratio: f.payout}}
	}
	return o, nil
}

// source finds what is to be played. span is how long it lasts, 0 for not known.
func (f *backtestFlags) source(o *backtest.Options, args []string) (span time.Duration, err error) {
	if len(args) > 0 {
		o.Records, err = replayed(args)
		return 0, err
	}
	from, err := time.Parse(time.DateOnly, f.from)
	if err != nil {
		return 0, misconfigured(fmt.Errorf("from: got %q, want a day like 2026-01-01", f.from))
	}
	w := &backtest.World{
		Assets: f.rank.assets, Seed: f.rank.seed, From: from, Long: time.Duration(f.days * float64(24*time.Hour)), PublishEvery: f.every, Agents: f.agents,
	}
	o.Paper.Venue = "simulated market"
	var indices []price.Index
	if o.Records, indices, err = w.Records(); err != nil {
		return 0, misconfigured(err)
	}
	o.Market.Indices = indices
	return w.Long, nil
}

func replayed(args []string) (iter.Seq2[replay.Record, error], error) {
	var all []string
	for _, arg := range args {
		files, err := recording.Files(arg)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s: got no recording in it, want files of quasar record", arg)
		}
		all = append(all, files...)
	}
	return replay.Recording(all...), nil
}
