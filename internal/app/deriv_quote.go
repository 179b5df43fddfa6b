package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/deriv"
)

// quoteFlags say what contract is asked for.
type quoteFlags struct {
	stake, duration, takeProfit, stopLoss, currency string
	multiplier, growth                              float64
}

func newDerivQuote() *cobra.Command {
	cmd := &cobra.Command{
		Use: "quote SYMBOL TYPE", Short: "Ask for the price of a contract; buys nothing",
		Long: `Quote asks for the price of a contract of a type (CALL, PUT, MULTUP, MULTDOWN,
ACCU, …). That of the public socket is indicative. With it stands how often the
contract must win to cost nothing, and what a coin flip costs per stake: these
indices come from a random generator, and that is what to expect of any signal
that is not proven.`,
		Example: "  quasar deriv quote V75 CALL --duration 5t --stake 10\n  quasar deriv quote CRASH500 MULTUP --multiplier 100 --stake 5 --stop-loss 2",
		Args:    exactly("a symbol and a type", 2),
	}
	flags := addVenueFlags(cmd)
	var q quoteFlags
	f := cmd.Flags()
	f.StringVar(&q.stake, "stake", "10", "what to stake, in the currency")
	f.StringVar(&q.currency, "currency", "USD", "the currency")
	f.StringVar(&q.duration, "duration", "", "a number and t, s, m, h or d: 5t, 1m; not for multipliers and accumulators")
	f.Float64Var(&q.multiplier, "multiplier", 0, "of MULTUP and MULTDOWN")
	f.Float64Var(&q.growth, "growth", 0, "of ACCU: 0.01 is 1 % a tick")
	f.StringVar(&q.takeProfit, "take-profit", "", "close at that profit")
	f.StringVar(&q.stopLoss, "stop-loss", "", "close at that loss")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		sel, err := q.selection(args[1])
		if err != nil {
			return err
		}
		return flags.once(cmd, func(ctx context.Context, c *deriv.Client) error {
			symbol, err := c.Symbol(ctx, args[0])
			if err != nil {
				return err
			}
			sel.Symbol = symbol.Symbol
			if err := complete(ctx, c, &sel); err != nil {
				return err
			}
			quote, err := c.Quote(ctx, sel)
			if err != nil {
				return err
			}
			if *flags.json {
				return printJSON(cmd.OutOrStdout(), quote.Proposal)
			}
			return showQuote(cmd.OutOrStdout(), &quote)
		})
	}
	return cmd
}

// complete tells which flag a contract wants that was not given.
func complete(ctx context.Context, c *deriv.Client, sel *deriv.Selection) error {
	offers, err := c.ContractsFor(ctx, sel.Symbol)
	if err != nil {
		return err
	}
	var spans []string
	for i := range offers.Available {
		o := &offers.Available[i]
		switch {
		case o.ContractType != sel.ContractType:
		case len(o.Multipliers) > 0 && sel.Multiplier == 0:
			return usage("%s on %s wants --multiplier, one of %v", sel.ContractType, sel.Symbol, o.Multipliers)
		case len(o.GrowthRates) > 0 && sel.GrowthRate == 0:
			return usage("%s on %s wants --growth, one of %v", sel.ContractType, sel.Symbol, o.GrowthRates)
		case sel.Duration == 0 && span(o.MinDuration) != unknown:
			spans = append(spans, span(o.MinDuration)+" to "+span(o.MaxDuration))
		}
	}
	if len(spans) > 0 {
		return usage("%s on %s wants --duration, %s", sel.ContractType, sel.Symbol, strings.Join(spans, " or "))
	}
	return nil
}

var units = []string{"t", "s", "m", "h", "d"}

// selection reads the flags. The symbol comes later.
func (q *quoteFlags) selection(contractType string) (deriv.Selection, error) {
	sel := deriv.Selection{
		ContractType: strings.ToUpper(contractType), Currency: q.currency, Basis: "stake",
		Multiplier: q.multiplier, GrowthRate: q.growth,
	}
	stake, err := positive("--stake", q.stake)
	if err != nil {
		return sel, err
	}
	sel.Amount = *stake
	if q.duration != "" {
		var ok bool
		if sel.Duration, sel.DurationUnit, ok = parseLife(q.duration); !ok {
			return sel, usage("--duration: got %q, want a number and t, s, m, h or d: 5t", q.duration)
		}
	}
	var limit deriv.LimitOrder
	if limit.TakeProfit, err = positive("--take-profit", q.takeProfit); err != nil {
		return sel, err
	}
	if limit.StopLoss, err = positive("--stop-loss", q.stopLoss); err != nil {
		return sel, err
	}
	if limit != (deriv.LimitOrder{}) {
		sel.LimitOrder = &limit
	}
	return sel, nil
}

// parseLife reads a number and a unit: 5t.
func parseLife(text string) (n int, unit string, ok bool) {
	if text == "" {
		return 0, "", false
	}
	n, err := strconv.Atoi(text[:len(text)-1])
	unit = text[len(text)-1:]
	return n, unit, err == nil && n > 0 && slices.Contains(units, unit)
}

// positive reads an amount; none is nil.
func positive(flag, text string) (*deriv.Money, error) {
	if text == "" {
		return nil, nil
	}
	m, err := deriv.ParseMoney(text)
	if err != nil || m <= 0 {
		return nil, usage("%s: got %q, want an amount above 0", flag, text)
	}
	return &m, nil
}

func showQuote(w io.Writer, q *deriv.Quote) error {
	rows := [][]string{
		{"contract", harmless(q.Longcode)},
		{"price", q.Ask.String() + " " + q.Selection.Currency},
		{"spot", fmt.Sprintf("%s at %s", q.Spot, q.SpotTime.Time().Format("15:04:05"))},
	}
	if even := q.BreakEven(); even > 0 {
		rows = append(rows,
			[]string{"payout", q.Payout.String() + " " + q.Selection.Currency},
			[]string{"breaks even at", fmt.Sprintf("%.2f %% won", 100*even)},
			[]string{"a coin flip brings", fmt.Sprintf("%+.2f %% of the stake", 100*(0.5/even-1))},
		)
	}
	if q.Commission != nil {
		rows = append(rows, []string{"commission", q.Commission.String() + " " + q.Selection.Currency})
	}
	if stake := q.Validation.Stake; stake.Min != nil && stake.Max != nil {
		rows = append(rows, []string{"stake", fmt.Sprintf("%s to %s", stake.Min, stake.Max)})
	}
	for _, row := range rows {
		if _, err := fmt.Fprintf(w, "%-20s%s\n", row[0], row[1]); err != nil {
			return err
		}
	}
	return nil
}
