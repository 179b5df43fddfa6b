package app

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/trade"
)

func newTradeResolve() *cobra.Command {
	var at accountFlags
	cmd := &cobra.Command{
		Use:   "resolve INTENT CONTRACT|none",
		Short: "Say what became of an order of which nobody knows",
		Long: `Resolve tells a running trader what became of the order that its journal has as
unresolved: that it is the contract of this number, which the venue must have on
record, of our app and no other order's; or none, that it was never bought. It is for
an order that may be any of several contracts, over which the trader has halted. All
others a trader resolves by itself, from the venue's record, within two minutes.

Look at the venue's own statement first. If none is said and it was bought after all,
the contract is found as one that nobody knows, and trading halts again. The halt goes
on until quasar trade resume.`,
		Example: "  quasar trade status --account demo\n  quasar trade resolve 1772366400000-V75 281834561 --account demo",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("resolve: got %d arguments, want the intent, and the number of its contract or none", len(args))
			}
			return nil
		},
	}
	at.add(cmd)
	yes := cmd.Flags().Bool("yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		mode, err := at.mode()
		if err != nil {
			return err
		}
		order := &resolveOrder{Intent: args[0]}
		if order.Contract, err = contractArg(args[1]); err != nil {
			return err
		}
		ledger, err := at.ledger(cmd, mode)
		if err != nil {
			return err
		}
		if err := order.check(ledger); err != nil {
			return err
		}
		if !*yes {
			sure, err := confirm(cmd, order.question(ledger))
			if err != nil || !sure {
				return err
			}
		}
		text, err := order.text()
		if err != nil {
			return err
		}
		return at.command(cmd, mode, "resolve", text)
	}
	return cmd
}

// contractArg reads the number of a contract, 0 for none.
func contractArg(text string) (int64, error) {
	if text == "none" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0, usage("resolve: contract: got %+.40q, want its number, or none", text)
	}
	return n, nil
}

// check wants that the order is the unresolved one, and that the contract is no other
// order's. The trader checks it again, and with the venue.
func (o *resolveOrder) check(l *trade.Ledger) error {
	open := l.Unresolved()
	if open == nil {
		return fmt.Errorf("resolve: got the intent %+.80q, and no order of the %s is unresolved", o.Intent, l.Account)
	}
	if open.ID() != o.Intent {
		return fmt.Errorf("resolve: got the intent %+.80q, want the one that is unresolved: %s", o.Intent, describeOrder(open))
	}
	if other := l.ByContract(o.Contract); other != nil {
		return fmt.Errorf("resolve: contract %d is that of %s", o.Contract, describeOrder(other))
	}
	return nil
}

func (o *resolveOrder) question(l *trade.Ledger) string {
	what := fmt.Sprintf("was bought as contract %d", o.Contract)
	if o.Contract == 0 {
		what = "was never bought"
	}
	text := describeOrder(l.Unresolved()) + "\n" + what + "?"
	if l.Account.Mode == trade.Live {
		text = liveBanner + "\n" + text
	}
	return text
}
