package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/deriv"
)

func newDerivSymbols() *cobra.Command {
	cmd := &cobra.Command{
		Use: "symbols", Short: "List what can be traded",
		Example: "  quasar deriv symbols\n  quasar deriv symbols --market synthetic_index --json",
		Args:    exactly("none", 0),
	}
	flags := addVenueFlags(cmd)
	market := cmd.Flags().String("market", "", "only this market: synthetic_index, forex, …")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return flags.once(cmd, func(ctx context.Context, c *deriv.Client) error {
			symbols, err := c.ActiveSymbols(ctx)
			if err != nil {
				return err
			}
			if symbols, err = ofMarket(symbols, *market); err != nil {
				return err
			}
			return showSymbols(cmd.OutOrStdout(), symbols, *flags.json)
		})
	}
	return cmd
}

// ofMarket are the symbols of one market, all if it is "".
func ofMarket(symbols []deriv.ActiveSymbol, market string) ([]deriv.ActiveSymbol, error) {
	var list []deriv.ActiveSymbol
	var markets []string
	for _, s := range symbols {
		if market == "" || s.Market == market {
			list = append(list, s)
		}
		if !slices.Contains(markets, s.Market) {
			markets = append(markets, s.Market)
		}
	}
	if market != "" && len(list) == 0 {
		return nil, fmt.Errorf("--market: got %q, want one of those that are there: %s", market, harmless(strings.Join(markets, ", ")))
	}
	return list, nil
}

func showSymbols(w io.Writer, symbols []deriv.ActiveSymbol, asJSON bool) error {
	var rows [][]string
	for _, s := range symbols {
		if asJSON {
			if err := printJSON(w, s); err != nil {
				return err
			}
			continue
		}
		state := "open"
		switch {
		case bool(s.Suspended):
			state = "suspended"
		case !bool(s.Open):
			state = "closed"
		}
		rows = append(rows, []string{harmless(s.Symbol), harmless(s.Name), harmless(s.Market), harmless(s.Submarket), s.Step.String(), state})
	}
	if asJSON {
		return nil
	}
	columns := []column{{name: "SYMBOL"}, {name: "NAME"}, {name: "MARKET"}, {name: "SUBMARKET"}, {name: "STEP", right: true}, {name: "STATE"}}
	_, err := io.WriteString(w, renderTable(columns, rows))
	return err
}
