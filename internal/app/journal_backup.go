package app

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func newJournalBackup() *cobra.Command {
	var flags journalFlags
	var to string
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Copy a journal, also while its trader is at work",
		Long: `Backup copies a journal as it is at one moment into another directory, and verifies
the copy. The trader may be at work meanwhile. A directory that has such a journal
already is refused: nothing is written over.

To go on with the copy, start the trader with that directory as its --data-dir. Orders
that came after the copy are contracts that it does not know: it enters them, buys
nothing and waits for a person.`,
		Example: "  quasar journal backup --account live --to backups/2026-03-01",
		Args:    noArgs,
	}
	flags.accountFlags.add(cmd)
	cmd.Flags().StringVar(&to, "to", "", "the directory of the copy; it is made if need be")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if to == "" {
			return usage("--to: got none, want the directory of the copy")
		}
		v, err := flags.open()
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, v.Close()) }()
		sum, err := v.Backup(cmd.Context(), to)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s%s copied, the newest at %s; %s\nsha256 %s\n", heading(sum.Ledger), counted(int(sum.Entries), "entry"), showTime(inUTC(sum.Ledger.At)), counted(len(sum.Ledger.Orders()), "order"), sum.Head)
		return err
	}
	return cmd
}
