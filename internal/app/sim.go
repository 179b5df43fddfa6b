package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
)

const defaultSimListen = "127.0.0.1:7870"

// simFlags are what a simulator is told on the command line.
type simFlags struct {
	listen   string
	insecure bool
	speed    float64
	seed     uint64
	start    string
	indices  []string
	faults   []string
	history  int
	balance  string
	measured string // the file of quasar calibrate
	told     string // what the banner says of it
}

func newSim() *cobra.Command {
	var flags simFlags
	cmd := &cobra.Command{
		Use: "sim", GroupID: "serve",
		Short: "A local Deriv: the same paths, messages, limits and faults, with simulated prices",
		Long: `Sim is a local stand-in for the Deriv API: the REST calls for accounts and
one-time URLs, and the public, demo and real sockets, with Rise/Fall, multipliers
and accumulators on simulated indices. Any token is accepted that comes with an app
id; there are two accounts, one called demo and one called real, and no money.

It is made from public statements. It is not Deriv, and what it cannot know is
assumed: docs/simulator.md says what. Its prices come from a random generator, so
that nothing that wins here on average is an edge.

With --speed its clock runs faster than ours, and with it everything that it tells;
what concerns connections (one-time URLs, idle connections) goes by our clock.

Faults happen with a probability at each occasion (--faults drop-after=0.01,lag=0.001)
or when POST /admin/faults asks for them, from this machine alone:
  ` + wrapKinds(),
		Example: `  quasar sim
  quasar sim --speed 1000 --seed 7 --indices V75,V100_1s,CRASH1000
  QUASAR_DERIV_URL=http://127.0.0.1:7870 DERIV_API_KEY=any DERIV_APP_ID=1 your-bot
  curl -d '{"kind":"drop-after","call":"buy","count":1}' http://127.0.0.1:7870/admin/faults`,
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&flags.listen, "listen", defaultSimListen, "address to listen on, HOST:PORT")
	f.BoolVar(&flags.insecure, "insecure-allow-anonymous", false, "listen beyond this machine all the same: anybody may trade there, with money that is none")
	f.Float64Var(&flags.speed, "speed", 1, "how many of its seconds pass in one of ours")
	f.Uint64Var(&flags.seed, "seed", 0, "fixes all chance; 0 draws a seed and prints it")
	f.StringVar(&flags.start, "start", "", "its time at the beginning, 2026-03-01T00:00:00Z (default now)")
	f.StringSliceVar(&flags.indices, "indices", nil, "the indices that are traded, by any of their names (default all)")
	f.StringVar(&flags.measured, "calibration", "", "a file that quasar calibrate wrote: the indices and payouts in it are as they were measured")
	f.StringSliceVar(&flags.faults, "faults", nil, "faults as KIND=PROBABILITY")
	f.IntVar(&flags.history, "history", 20_000, "how many ticks of each index there are to ask for")
	f.StringVar(&flags.balance, "balance", "10000", "what the demo account holds at the beginning, in USD; the real one a tenth of it")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		log, err := newLogger(cmd)
		if err != nil {
			return err
		}
		if flags.seed == 0 {
			flags.seed = rand.Uint64()
		}
		return runSim(cmd.Context(), cmd.ErrOrStderr(), &flags, log)
	}
	return cmd
}

// wrapKinds lists the faults in lines of a terminal's width.
func wrapKinds() string {
	var b strings.Builder
	width := 0
	for i, kind := range derivsim.Kinds() {
		if i > 0 {
			b.WriteString(", ")
		}
		if width += len(kind) + 2; width > 76 {
			b.WriteString("\n  ")
			width = len(kind) + 2
		}
		b.WriteString(string(kind))
	}
	return strings.ReplaceAll(b.String(), ", \n", ",\n")
}

// runSim serves a simulator until ctx ends.
func runSim(ctx context.Context, out io.Writer, flags *simFlags, log *slog.Logger) error {
	opts, err := flags.options(log)
	if err != nil {
		return err
	}
	s, err := derivsim.New(opts)
	if err != nil {
		return misconfigured(err)
	}
	l, err := listen(ctx, flags.listen, flags.insecure)
	if err != nil {
		return err
	}
	simBanner(out, l, flags)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Run(ctx) })
	g.Go(func() error { return serve(ctx, l, s, log, usualLimits()) })
	return g.Wait()
}

func simBanner(out io.Writer, l net.Listener, flags *simFlags) {
	address := reachable(l)
	fmt.Fprintf(out, `quasar sim on http://%s, seed %d, %g times as fast as we live
A simulator made from public statements. It is not Deriv, and its money is none.
  QUASAR_DERIV_URL=http://%s DERIV_API_KEY=any DERIV_APP_ID=1
%s`, address, flags.seed, flags.speed, address, flags.told)
}

func (f *simFlags) options(log *slog.Logger) (*derivsim.Options, error) {
	opts := &derivsim.Options{Seed: f.seed, Speed: f.speed, History: f.history, Logger: log}
	var err error
	if f.start != "" {
		if opts.Start, err = time.Parse(time.RFC3339, f.start); err != nil {
			return nil, usage("start: got %q, want a time such as 2026-03-01T00:00:00Z", f.start)
		}
	}
	for _, name := range f.indices {
		index, err := lookupIndex(name)
		if err != nil {
			return nil, err
		}
		opts.Indices = append(opts.Indices, index)
	}
	if err := f.calibrate(opts); err != nil {
		return nil, err
	}
	if opts.Faults, err = parseFaults(f.faults); err != nil {
		return nil, err
	}
	opts.Accounts, err = simAccounts(f.balance)
	return opts, err
}

func simAccounts(balance string) ([]derivsim.Account, error) {
	demo, err := deriv.ParseMoney(balance)
	if err != nil || demo < 0 || demo != demo.Round(2) {
		return nil, usage("balance: got %q, want an amount of USD: 10000 or 99.50", balance)
	}
	return []derivsim.Account{
		{ID: derivsim.DemoAccount, Kind: deriv.Demo, Currency: "USD", Balance: demo},
		{ID: derivsim.RealAccount, Kind: deriv.Real, Currency: "USD", Balance: (demo / 10).Round(2)},
	}, nil
}

func parseFaults(list []string) ([]derivsim.Fault, error) {
	var faults []derivsim.Fault
	for _, text := range list {
		kind, rate, found := strings.Cut(text, "=")
		p, err := strconv.ParseFloat(rate, 64)
		if !found || err != nil {
			return nil, usage("faults: got %q, want KIND=PROBABILITY: drop-after=0.01", text)
		}
		faults = append(faults, derivsim.Fault{Kind: derivsim.Kind(kind), Rate: p})
	}
	return faults, nil
}
