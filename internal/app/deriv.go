package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/deriv"
)

func newDeriv() *cobra.Command {
	cmd := &cobra.Command{
		Use: "deriv", GroupID: "use",
		Short: "Look at Deriv's market, or at a simulator's: symbols, contracts, ticks, quotes",
		Long: `These commands use the public socket, which needs no account and no token, and
trade nothing. A symbol may be given as the venue names it (R_75, 1HZ100V), as
people do ("Volatility 75 Index"), or as asset spaces do (V75, V100_1s, Crash500).`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDerivSymbols(), newDerivContracts(), newDerivTicks(), newDerivQuote())
	return cmd
}

// venueFlags are those of every command that asks a venue.
type venueFlags struct {
	url  *string
	json *bool
}

// venueURL adds the address of the venue.
func venueURL(cmd *cobra.Command, flag string) *string {
	address := cmd.Flags().String(flag, deriv.DefaultURL, "the venue or a simulator: https://HOST, or http://127.0.0.1:PORT")
	alsoEnv(cmd, flag, deriv.URLEnv)
	return address
}

func addVenueFlags(cmd *cobra.Command) *venueFlags {
	return &venueFlags{
		url:  venueURL(cmd, "url"),
		json: cmd.Flags().Bool("json", false, "print JSON, one object on a line"),
	}
}

// reachWithin is how long a command that looks something up waits for the venue.
const reachWithin = 30 * time.Second

// once connects to the public socket, lets work do its part, and disconnects.
func (f *venueFlags) once(cmd *cobra.Command, work func(ctx context.Context, c *deriv.Client) error) error {
	return f.with(cmd.Context(), nil, work)
}

// with runs a client of the public socket while work works. Who is not there at the
// beginning is not waited for; a connection that is lost later comes back.
func (f *venueFlags) with(ctx context.Context, log *slog.Logger, work func(ctx context.Context, c *deriv.Client) error) error {
	client, err := publicClient(*f.url, log)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { _ = client.Run(ctx) }) // it ends with ctx, and only then
	defer running.Wait()
	defer cancel()
	waiting, give := context.WithTimeout(ctx, reachWithin)
	defer give()
	if err := client.Connected(waiting); err != nil {
		return unreachable(fmt.Errorf("%w; --url leads elsewhere, to a simulator (quasar sim) for example", err))
	}
	return explain(work(ctx, client))
}

// publicClient returns a client without an account. An empty address is none: whoever
// gives it meant another than the venue's.
func publicClient(url string, log *slog.Logger) (*deriv.Client, error) {
	if url == "" {
		return nil, misconfigured(errors.New("url: got an empty one, want https://HOST, or http://127.0.0.1:PORT of a simulator"))
	}
	client, err := deriv.New(&deriv.Options{URL: url, Logger: log})
	if err != nil {
		return nil, misconfigured(err)
	}
	return client, nil
}

// explain adds the next step to what people run into.
func explain(err error) error {
	if errors.Is(err, deriv.ErrUnknownSymbol) {
		return fmt.Errorf("%w; quasar deriv symbols lists them", err)
	}
	return err
}

// harmless is a text of the venue's that cannot steer a terminal.
func harmless(text string) string { return string(inert([]byte(text))) }

func exactly(what string, n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%s: got %d arguments, want %s", sectionOf(cmd), len(args), what)
		}
		return nil
	}
}

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
