package app

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/trade"
)

func newJournalVerify() *cobra.Command {
	var flags journalFlags
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify a journal: its pages, its chain of hashes, and that it adds up",
		Long: `Verify reads all of a journal: the pages of the database, the hash of each entry over
itself and the one before it, what the entries add up to, and that none is gone that
was there. It exits with 1, and says at which entry, if something is wrong.

The hash that it prints is over all entries: who notes it down can tell later that
nothing before it was changed.`,
		Example: "  quasar journal verify --account live",
		Args:    noArgs,
	}
	flags.add(cmd, "print one object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		sum, err := flags.read(cmd)
		if err != nil {
			return err
		}
		a := &verifyAnswer{Account: sum.Account, Entries: sum.Entries, Head: sum.Head.String(), Orders: len(sum.Ledger.Orders()), Balance: sum.Ledger.Balance(), Newest: inUTC(sum.Ledger.At)}
		if flags.json {
			return printJSON(cmd.OutOrStdout(), a, trade.JSONOptions)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s%s whole, the newest at %s; %s\nsha256 %s\n", heading(sum.Ledger), counted(int(a.Entries), "entry"), showTime(a.Newest), counted(a.Orders, "order"), a.Head)
		return err
	}
	return cmd
}

// verifyAnswer is what --json says.
type verifyAnswer struct {
	Account trade.Account `json:"account"`
	Entries int64         `json:"entries"`
	Head    string        `json:"sha256"`
	Newest  *time.Time    `json:"newest"`
	Orders  int           `json:"orders"`
	Balance trade.Money   `json:"balance"`
}

// counted is a number of things: "1 entry", "2 entries".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if thing == "entry" {
		thing = "entrie"
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
