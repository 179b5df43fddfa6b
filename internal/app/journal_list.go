package app

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/trade"
)

func newJournalList() *cobra.Command {
	var flags journalFlags
	var filter orderFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the orders of an account, the oldest first",
		Long: `List verifies the journal and lists its orders, the oldest first, each with its
contract, what it cost and what it brought. Columns without a value have "–".`,
		Example: `  quasar journal list --account demo
  quasar journal list --account demo --state open,unknown
  quasar journal list --account paper --since 24h --json | jq -r '[.intent, .contract_id, .profit] | @tsv'`,
		Args: noArgs,
	}
	flags.add(cmd, "print objects, one on a line")
	filter.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
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
		return listOrders(cmd.OutOrStdout(), sum.Ledger, orders)
	}
	return cmd
}

// printOrders writes an object for each order on a line of its own.
func printOrders(w io.Writer, mode trade.Mode, orders []*trade.Order) error {
	for _, o := range orders {
		if err := printJSON(w, newOrderLine(mode, o), trade.JSONOptions); err != nil {
			return err
		}
	}
	return nil
}

// listOrders shows orders to people.
func listOrders(w io.Writer, l *trade.Ledger, orders []*trade.Order) error {
	fmt.Fprint(w, heading(l))
	switch {
	case len(l.Orders()) == 0:
		_, err := fmt.Fprintln(w, "No orders yet.")
		return err
	case len(orders) == 0:
		_, err := fmt.Fprintf(w, "None of its %d orders is among those that were asked for.\n", len(l.Orders()))
		return err
	}
	rows := make([][]string, len(orders))
	for i, o := range orders {
		rows[i] = orderRow(o)
	}
	fmt.Fprint(w, renderTable([]column{
		{"DECIDED (UTC)", false}, {"INTENT", false}, {"CONTRACT", true}, {"STATE", false}, {"ASSET", false}, {"SIDE", false}, {"KIND", false},
		{"STAKE", true}, {"PRICE", true}, {"PAYOUT", true}, {"RESULT", false}, {"PROFIT", true}, {"ENDED (UTC)", false},
	}, rows))
	_, err := fmt.Fprintf(w, "\n%s\n", totals(orders, l.Account.Currency))
	return err
}

// heading says whose orders follow, and what is the matter with the account.
func heading(l *trade.Ledger) string {
	banner := ""
	if l.Account.Mode == trade.Live {
		banner = liveBanner + "\n"
	}
	if l.Account == (trade.Account{}) {
		return noEntry + "\n\n"
	}
	text := fmt.Sprintf("%sThe %s, balance by the journal %s\n", banner, quoted([]string{l.Account.String()}), l.Balance())
	if h := l.Halt; h != nil {
		text += fmt.Sprintf("HALTED since %s by %s: %s (%s)\n", showTime(&l.HaltedAt), quoted([]string{h.By}), quoted([]string{string(h.Reason)}), quoted([]string{h.Detail}))
	}
	return text + "\n"
}

func orderRow(o *trade.Order) []string {
	line := newOrderLine("", o)
	asset, result := o.Asset(), unknown
	if asset == "" {
		asset = o.Symbol()
	}
	if line.Result != nil {
		result = quoted([]string{string(*line.Result)})
	}
	return []string{
		showTime(line.DecidedAt), quoted([]string{line.Intent}), showInt(line.ContractID), string(line.State), quoted([]string{asset}), line.Side.String(), quoted([]string{string(line.Kind)}),
		showMoney(line.Stake), showMoney(line.Price), showMoney(line.Payout), result, showProfit(line.Profit), showTime(ended(o, line)),
	}
}

// ended is when an order came to its end, nil while it has not.
func ended(o *trade.Order, line *orderLine) *time.Time {
	switch {
	case line.SettledAt != nil:
		return line.SettledAt
	case o.State.Live() || o.State.Unresolved():
		return nil
	}
	return line.ChangedAt
}

// totals counts orders by what became of them. What they brought is of those that
// are settled, and says nothing of an edge: quasar report does.
func totals(orders []*trade.Order, currency string) string {
	var settled, live, unresolved int
	var profit, risk trade.Money
	for _, o := range orders {
		switch {
		case o.State == trade.StateSettled:
			settled++
			profit += o.Profit()
		case o.State.Live():
			live++
			risk += o.Price()
		case o.State.Unresolved():
			unresolved++
			risk += o.Price()
		}
	}
	return fmt.Sprintf("%s; %d settled with %s %s in all; %d open and %d unresolved with %s %s at stake",
		counted(len(orders), "order"), settled, showProfit(&profit), currency, live, unresolved, risk, currency)
}

func showTime(t *time.Time) string {
	if t == nil || t.IsZero() {
		return unknown
	}
	return t.UTC().Format(time.DateTime)
}

func showMoney(m *trade.Money) string {
	if m == nil {
		return unknown
	}
	return m.String()
}

func showProfit(m *trade.Money) string {
	if m != nil && *m > 0 {
		return "+" + m.String()
	}
	return showMoney(m)
}
