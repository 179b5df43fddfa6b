package app

import (
	"io"
	"math"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
	"github.com/karlquant/quasar/trade/report"
)

func newReport() *cobra.Command {
	var flags journalFlags
	var opts report.Options
	var since, by string
	cmd := &cobra.Command{
		Use: "report", GroupID: "use",
		Short: "Say what the trades of an account prove: mostly nothing yet",
		Long: `Report reads and verifies the journal of an account and says, the verdict first,
whether what was traded can be told from chance: win rate and break-even, what a trade
brings on average with an interval that holds however often one looks, what the house
took, what coins would have done with the same stakes, and how many trades it would
take to prove it. Accounts are put side by side and never added up.

Each number, and what it cannot say, is in docs/report.md.`,
		Example: `  quasar report
  quasar report --account demo --by kind --since 24h
  quasar report --account live --data-dir /srv/quasar --json | jq .verdict.sentence`,
		Args: noArgs,
	}
	flags.add(cmd, "print one object, of which /performance has one for each account")
	cmd.Flags().StringVar(&by, "by", "asset", "the rows of the table: asset, kind or policy")
	cmd.Flags().StringVar(&since, "since", "", "only orders that were decided since: 2026-03-01, 2026-03-01T12:00:00Z, or 24h before the newest entry; such a part proves nothing")
	cmd.Flags().IntVar(&opts.Tried, "tried", 0, "how many assets and strategies were tried, if that is more than the journal knows")
	cmd.Flags().Uint64Var(&opts.Seed, "seed", 1, "of the coins that are thrown")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case !slices.Contains(reportTables, by):
			return usage("--by: got %q, want asset, kind or policy", by)
		case opts.Tried < 0:
			return usage("--tried: got %d, want 0 or more", opts.Tried)
		}
		sum, err := flags.read(cmd)
		if err != nil {
			return err
		}
		if opts.Since, err = parseSince(since, sum.Ledger.At); err != nil {
			return usage("--since: %w", err)
		}
		r := report.OfLedger(sum.Ledger, &opts)
		if flags.json {
			return printJSON(cmd.OutOrStdout(), r, trade.JSONOptions)
		}
		page := reportPage{by: by, width: widthOf(cmd.OutOrStdout()), report: r, halt: sum.Ledger.Halt, others: flags.beside(cmd, &opts)}
		_, err = io.WriteString(cmd.OutOrStdout(), page.String())
		return err
	}
	return cmd
}

var reportTables = []string{"asset", "kind", "policy"}

// beside makes reports of the other accounts that there are, to look at side by side.
// One that cannot be read is told of on its own.
func (f *journalFlags) beside(cmd *cobra.Command, opts *report.Options) []other {
	var others []other
	for _, mode := range trade.Modes {
		if _, err := os.Stat(journal.File(f.dataDir, mode)); err != nil || string(mode) == f.account {
			continue
		}
		flags := journalFlags{accountFlags: accountFlags{dataDir: f.dataDir, account: string(mode)}}
		o := other{mode: mode}
		if sum, err := flags.read(cmd); err != nil {
			o.err = err
		} else {
			o.report = report.OfLedger(sum.Ledger, &report.Options{Tried: opts.Tried, Seed: opts.Seed, Since: opts.Since, Runs: 1})
		}
		others = append(others, o)
	}
	return others
}

// other is another account's report, or why there is none.
type other struct {
	mode   trade.Mode
	report *report.Report
	err    error
}

// widthOf is how many characters a line may have: of a terminal what it is wide, of a
// file what most are.
func widthOf(w io.Writer) int {
	const usual, least, most = 100, 40, 160
	width, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if f, ok := fileOf(w); ok {
		if wide, _, sizeErr := term.GetSize(int(f.Fd())); sizeErr == nil {
			width, err = wide, nil
		}
	}
	if err != nil || width <= 0 {
		return usual
	}
	return min(max(width, least), most)
}

// showAmount shows an amount of money that is an estimate: with two decimals, or so many
// that two digits are seen.
func showAmount(x float64, sign bool) string {
	decimals := 2
	if x != 0 && math.Abs(x) < 0.01 {
		decimals = min(8, int(math.Ceil(-math.Log10(math.Abs(x))))+1)
	}
	text := strconv.FormatFloat(x, 'f', decimals, 64)
	if sign && x > 0 {
		text = "+" + text
	}
	return text
}
