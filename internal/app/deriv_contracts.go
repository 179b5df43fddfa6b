package app

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/deriv"
)

func newDerivContracts() *cobra.Command {
	cmd := &cobra.Command{
		Use: "contracts SYMBOL", Short: "List the contracts that a symbol offers",
		Example: "  quasar deriv contracts V75\n  quasar deriv contracts CRASH500 --json",
		Args:    exactly("one symbol", 1),
	}
	flags := addVenueFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return flags.once(cmd, func(ctx context.Context, c *deriv.Client) error {
			symbol, err := c.Symbol(ctx, args[0])
			if err != nil {
				return err
			}
			offers, err := c.ContractsFor(ctx, symbol.Symbol)
			if err != nil {
				return err
			}
			return showOffers(cmd.OutOrStdout(), offers.Available, *flags.json)
		})
	}
	return cmd
}

func showOffers(w io.Writer, offers []deriv.Offer, asJSON bool) error {
	var rows [][]string
	for _, o := range offers {
		if asJSON {
			if err := printJSON(w, o); err != nil {
				return err
			}
			continue
		}
		extra := ""
		if len(o.Multipliers) > 0 {
			extra = fmt.Sprintf("× %v", o.Multipliers)
		}
		if len(o.GrowthRates) > 0 {
			extra = fmt.Sprintf("growth %v", o.GrowthRates)
		}
		rows = append(rows, []string{harmless(o.ContractType), harmless(o.Category), span(o.MinDuration), span(o.MaxDuration), harmless(o.ExpiryType), extra})
	}
	if asJSON {
		return nil
	}
	columns := []column{{name: "TYPE"}, {name: "CATEGORY"}, {name: "FROM", right: true}, {name: "TO", right: true}, {name: "EXPIRY"}, {name: "RANGE"}}
	_, err := io.WriteString(w, renderTable(columns, rows))
	return err
}

// span is a duration, or that there is none.
func span(duration string) string {
	if duration == "" || duration == "0" {
		return unknown
	}
	return harmless(duration)
}
