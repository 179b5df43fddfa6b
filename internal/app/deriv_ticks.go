package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/deriv"
)

func newDerivTicks() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ticks SYMBOL", Short: "Follow the ticks of a symbol",
		Long: `Ticks follows a symbol until it is interrupted, over lost connections too: what
was missed meanwhile is read from the history and marked, and what is gone for
good is counted.`,
		Example: "  quasar deriv ticks V75\n  quasar deriv ticks V100_1s --count 10 --json",
		Args:    exactly("one symbol", 1),
	}
	flags := addVenueFlags(cmd)
	count := cmd.Flags().Int("count", 0, "end after so many; 0 goes on")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *count < 0 {
			return usage("--count: got %d, want 0 or more", *count)
		}
		log, err := newLogger(cmd)
		if err != nil {
			return err
		}
		return flags.with(cmd.Context(), log, func(ctx context.Context, c *deriv.Client) error {
			return followTicks(ctx, cmd.OutOrStdout(), c, args[0], *count, *flags.json)
		})
	}
	return cmd
}

// tickLine is a tick as --json prints it.
type tickLine struct {
	Symbol string      `json:"symbol"`
	Epoch  deriv.Epoch `json:"epoch"`
	Quote  deriv.Price `json:"quote"`
	Filled bool        `json:"filled"`
	Missed int         `json:"missed"`
}

func followTicks(ctx context.Context, w io.Writer, c *deriv.Client, name string, count int, asJSON bool) error {
	symbol, err := c.Symbol(ctx, name)
	if err != nil {
		return err
	}
	stream, err := c.Ticks(ctx, symbol.Symbol)
	if err != nil {
		return err
	}
	defer stream.Close()
	n := 0
	for e, err := range stream.All(ctx) {
		if err != nil {
			return err
		}
		if asJSON {
			err = printJSON(w, tickLine{Symbol: symbol.Symbol, Epoch: e.Value.Epoch, Quote: e.Value.Quote, Filled: e.Filled, Missed: e.Missed})
		} else {
			_, err = fmt.Fprintf(w, "%s  %s%s\n", e.Value.Epoch.Time().Format("15:04:05"), e.Value.Quote.Text(int(e.Value.Decimals)), tickRemark(e))
		}
		if err != nil {
			return err
		}
		if n++; n == count {
			return nil
		}
	}
	return errors.New("the venue sends no more ticks")
}

func tickRemark(e deriv.Event[deriv.Tick]) string {
	remark := ""
	if e.Missed > 0 {
		remark += fmt.Sprintf("  %d missed before", e.Missed)
	}
	if e.Filled {
		remark += "  from the history"
	}
	return remark
}
