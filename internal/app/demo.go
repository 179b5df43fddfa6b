package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/ranker"
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
edge, and nothing is traded.`,
		Args: cobra.NoArgs,
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
	h, err := hub.New((&hubFlags{stale: demoStale}).options(log))
	if err != nil {
		return misconfigured(err)
	}
	r, err := ranker.New((&rankFlags{hub: "ws://" + hubAddr, order: string(quasar.Asc), stale: demoStale, horizon: demoHorizon, cost: 0.03, seed: flags.seed}).options(log))
	if err != nil {
		return misconfigured(err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), demoBanner, version(), hubAddr, rankAddr, hubAddr, flags.seed, flags.speed)

	var spaces []runner
	for i, name := range demoSpaces {
		one := &spaceFlags{hub: "ws://" + hubAddr, name: name, seed: flags.seed + uint64(i), speed: flags.speed}
		spaces = append(spaces, func(ctx context.Context) error { return runSpace(ctx, one, log) })
	}
	err = runStages(cmd.Context(),
		spaces,
		[]runner{r.Run, func(ctx context.Context) error { return serve(ctx, door.Listener(rankListener), r, log, within) }},
		[]runner{h.Run, func(ctx context.Context) error { return serve(ctx, door.Listener(hubListener), h, log, within) }},
	)
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "stopped")
	return nil
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

Seed %d, %v times faster than life. The ticks are random: no number here is an edge.
Ctrl-C ends it.
`

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
