package app

import (
	"encoding/csv"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/trade"
)

func newJournalExport() *cobra.Command {
	var flags journalFlags
	var filter orderFilter
	var entries bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the orders of an account as CSV or JSON, or all entries",
		Long: `Export writes a line for each order, with everything that is known of it, as CSV; with
--json an object on each line. Empty, or null, is what is not known. The same journal
makes the same bytes, on every machine and at any time.

In CSV nothing is a formula: what a spreadsheet could take for one begins with an
apostrophe. Amounts are in the account's currency, times in UTC.

With --entries it writes the journal itself, an entry on each line, as JSON.`,
		Example: `  quasar journal export --account demo > demo.csv
  quasar journal export --account demo --entries > demo.jsonl`,
		Args: noArgs,
	}
	flags.add(cmd, "print objects, one on a line, instead of CSV")
	filter.add(cmd)
	cmd.Flags().BoolVar(&entries, "entries", false, "print all entries instead, one JSON object on a line")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if entries {
			if filter.states != nil || filter.assets != nil || filter.since != "" {
				return usage("%w", errors.New("--entries: want no --state, --asset or --since: it is all entries"))
			}
			return flags.exportEntries(cmd)
		}
		sum, err := flags.read(cmd)
		if err != nil {
			return err
		}
		orders, err := filter.choose(sum.Ledger)
		if err != nil {
			return err
		}
		if flags.json {
			return printOrders(cmd.OutOrStdout(), sum.Account.Mode, orders)
		}
		return exportCSV(cmd.OutOrStdout(), sum.Account.Mode, orders)
	}
	return cmd
}

func exportCSV(w io.Writer, mode trade.Mode, orders []*trade.Order) error {
	out := csv.NewWriter(w)
	head := make([]string, len(csvColumns))
	for i, c := range csvColumns {
		head[i] = c.name
	}
	err := out.Write(head)
	for _, o := range orders {
		line := newOrderLine(mode, o)
		row := make([]string, len(csvColumns))
		for i, c := range csvColumns {
			row[i] = c.cell(line)
		}
		err = errors.Join(err, out.Write(row))
	}
	out.Flush()
	return errors.Join(err, out.Error())
}

func (f *journalFlags) exportEntries(cmd *cobra.Command) (err error) {
	v, err := f.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	if _, err := v.Verify(cmd.Context()); err != nil {
		return err
	}
	for e, err := range v.Entries(cmd.Context()) {
		if err != nil {
			return err
		}
		body, err := e.Encode()
		if err != nil {
			return err
		}
		if _, err := cmd.OutOrStdout().Write(append(body, '\n')); err != nil {
			return err
		}
	}
	return nil
}
