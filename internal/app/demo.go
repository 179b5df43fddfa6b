package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/trade"
)

// demoSpaces are the assets that the demo trains on.
var demoSpaces = []string{"V75", "V100_1s", "CRASH1000"}

// demoFlags are what the demo can be told, though it needs nothing.
type demoFlags struct {
	hubListen, rankListen string
	seed                  uint64
	speed                 float64
}

func newDemo() *cobra.Command {
	var flags demoFlags
	cmd := &cobra.Command{
		Use: "demo", GroupID: "serve",
		Short: "Run everything at once on this machine: three spaces that train, a hub, a ranker, their pages",
		Long: `Demo runs three asset spaces that train on simulated ticks, a hub that carries
their metrics and a ranker that orders them, in one process, on loopback, without
a key or a file. Open the page that it prints; Ctrl-C ends it.

The ticks come from a random generator with a seed: nothing that is shown is an
edge. What the ranker follows is traded on paper, on quotes of a simulated venue, and
the report at the end says what that came to.`,
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&flags.hubListen, "listen", defaultHubListen, "address of the hub; another port if it is taken")
	f.StringVar(&flags.rankListen, "ranker-listen", defaultRankListen, "address of the ranker; another port if it is taken")
	f.Uint64Var(&flags.seed, "seed", 1, "fixes all chance")
	f.Float64Var(&flags.speed, "speed", 20, "how many times faster than the indices to live")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if level := cmd.Flags().Lookup("log-level"); !level.Changed {
			_ = level.Value.Set("warn") // what is worth a look is on the page
		}
		log, err := newLogger(cmd)
		if err != nil {
			return err
		}
		return runDemo(cmd, &flags, log)
	}
	return cmd
}

// runDemo wires everything that the other commands run alone.
func runDemo(cmd *cobra.Command, flags *demoFlags, log *slog.Logger) error {
	hubListener, err := listenNear(cmd.Context(), flags.hubListen)
	if err != nil {
		return err
	}
	defer func() { _ = hubListener.Close() }() // serve has closed it, if it came to that
	rankListener, err := listenNear(cmd.Context(), flags.rankListen)
	if err != nil {
		return err
	}
	defer func() { _ = rankListener.Close() }()
	within := usualLimits()
	door, err := within.newGate(nil)
	if err != nil {
		return err
	}
	hubAddr, rankAddr := reachable(hubListener), reachable(rankListener)
	h, err := hub.New((&hubFlags{stale: demoStale, ranker: "http://" + rankAddr + "/"}).options(log))
	if err != nil {
		return misconfigured(err)
	}
	sim, err := derivsim.New(&derivsim.Options{Seed: flags.seed, Speed: flags.speed, Logger: log})
	if err != nil {
		return misconfigured(err)
	}
	trader, tidy, err := demoTrader(cmd, sim, flags.seed, log)
	if err != nil {
		return err
	}
	defer tidy()
	opts := (&rankFlags{hub: "ws://" + hubAddr, order: string(quasar.Asc), stale: demoStale, horizon: demoHorizon, cost: 0.03, seed: flags.seed}).options(log)
	admin := cmp.Or(os.Getenv("QUASAR_ADMIN_TOKEN"), rand.Text())
	trader.wire(opts, admin)
	r, err := ranker.New(opts)
	if err != nil {
		return misconfigured(err)
	}
	trader.changed.Store(new(r.Traded))
	fmt.Fprintf(cmd.ErrOrStderr(), demoBanner, version(), hubAddr, rankAddr, hubAddr, shownToken(admin), flags.seed, flags.speed)

	var spaces []runner
	for i, name := range demoSpaces {
		one := &spaceFlags{hub: "ws://" + hubAddr, name: name, seed: flags.seed + uint64(i), feed: &venueFeed{derivsim.MemoryURL, sim.HTTPClient()}}
		spaces = append(spaces, func(ctx context.Context) error { return runSpace(ctx, one, log) })
	}
	err = runStages(cmd.Context(),
		spaces,
		[]runner{trader.run},
		[]runner{r.Run, func(ctx context.Context) error { return serve(ctx, door.Listener(rankListener), r, log, within) }},
		[]runner{h.Run, func(ctx context.Context) error { return serve(ctx, door.Listener(hubListener), h, log, within) }},
		[]runner{sim.Run},
	)
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.ErrOrStderr(), trader.sum())
	return nil
}

// demoTrader trades on paper on the quotes of the simulator. tidy removes its journal.
func demoTrader(cmd *cobra.Command, sim *derivsim.Sim, seed uint64, log *slog.Logger) (t *trading, tidy func(), err error) {
	dir, err := os.MkdirTemp("", "quasar-demo-")
	if err != nil {
		return nil, nil, err
	}
	tidy = func() { _ = os.RemoveAll(dir) }
	flags := &tradeFlags{
		mode: string(trade.Paper), dataDir: dir, derivURL: derivsim.MemoryURL, http: sim.HTTPClient(), balance: "10000", seed: seed,
		sizing: sizingFlags{stake: "1", ticks: 5, stopLoss: 0.5, takeGain: 1}, risk: demoRisk(),
	}
	if t, err = flags.open(cmd, log); err != nil {
		tidy()
		return nil, nil, err
	}
	return t, tidy, nil
}

// demoRisk are limits for a world that lives fast: a day of it is over soon, and luck
// is to be seen and not to end it.
func demoRisk() riskFlags {
	l := trade.DefaultLimits()
	l.PerMinute, l.PerHour, l.PerDay, l.LossStreak, l.Session = -1, -1, -1, -1, -1
	l.MaxDrawdown, l.MaxPriceGap = 1, 0.02
	return riskFlags{stake: "5", payout: "30", daily: "1000", rolling: "1000", limits: *l}
}

// demoStale and demoHorizon are short, for all that is demonstrated lives fast.
const (
	demoStale   = 10 * time.Second
	demoHorizon = 6 * time.Second
)

const demoBanner = `quasar %s: demo

  Hub      http://%s/      three spaces learn, live
  Ranker   http://%s/      what it makes of them
  Watch    quasar watch --hub ws://%s
  Trade    on paper, on quotes of a simulated venue; to halt it on the ranker's page: %s

Seed %d, %v times faster than life. The ticks are random: no number here is an edge.
Ctrl-C ends it.
`

// shownToken is what the banner says of the admin token: one that was made for this run
// alone, and no other.
func shownToken(token string) string {
	if os.Getenv("QUASAR_ADMIN_TOKEN") != "" {
		return "the token of QUASAR_ADMIN_TOKEN"
	}
	return "the token " + token
}

// runner is what runs until its context ends.
type runner func(context.Context) error

// runStages runs everything at once, until ctx ends or something fails. Then it
// ends one stage after the other, so that nobody talks to somebody who has left.
func runStages(ctx context.Context, stages ...[]runner) error {
	g, ctx := errgroup.WithContext(ctx)
	until := ctx
	for _, stage := range stages {
		over, end := context.WithCancel(context.WithoutCancel(ctx))
		var running sync.WaitGroup
		running.Add(len(stage))
		for _, run := range stage {
			ctx := until
			g.Go(func() error {
				defer running.Done()
				return run(ctx)
			})
		}
		g.Go(func() error {
			running.Wait()
			end()
			return nil
		})
		until = over
	}
	return g.Wait()
}

// listenNear opens a listener at addr or, if that is taken, at any free port of
// the same host.
func listenNear(ctx context.Context, addr string) (net.Listener, error) {
	l, err := listen(ctx, addr, false)
	if err == nil || errors.As(err, new(*codedError)) { // an address that may not be had at any port
		return l, err
	}
	host, _, splitErr := net.SplitHostPort(addr)
	if splitErr != nil {
		return nil, err
	}
	return listen(ctx, net.JoinHostPort(host, "0"), false)
}
