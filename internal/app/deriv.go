package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
