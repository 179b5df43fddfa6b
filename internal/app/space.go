package app

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/karlquant/quasar/internal/dial"
	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/publisher"
	"github.com/karlquant/quasar/space"
)

// spaceFlags are what a space is told on the command line.
type spaceFlags struct {
	hub    string
	access access
	name   string
	index  string
	seed   uint64
	agents int
	speed  float64
	listen string     // "" to serve nobody
	feed   *venueFeed // nil to make the ticks
}

func newSpace() *cobra.Command {
	var flags spaceFlags
	cmd := &cobra.Command{
		Use: "space NAME", GroupID: "serve",
		Short: "Train a small ensemble on simulated ticks of an index and publish what it measures",
		Long: `A space is the reference trainer: a handful of actor-critic agents that learn
online from the ticks of one index, vote on the next, and a validation network
that learns when to believe them. It publishes its true numbers to a hub. The
ticks are simulated, from a seed, or a venue's; there is no edge in them, so an
honest accuracy is about one half.

NAME is the space's name, and the index's unless --index says another.`,
		Example: "  quasar space V75\n  quasar space CRASH1000 --speed 20 --seed 7\n  quasar space MY_V75 --index V75 --hub wss://owner-hub.hf.space",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("space: got %d names, want one", len(args))
			}
			return nil
		},
	}
	hub := hubFlag(cmd, "HUB_WS_URL")
	cred := credentialFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&flags.index, "index", "", "the index to train on: V75, V100_1s, CRASH1000, BOOM500, JUMP10, STEP … (default NAME)")
	f.Uint64Var(&flags.seed, "seed", 0, "fixes all chance; 0 draws a seed and prints it")
	f.IntVar(&flags.agents, "agents", 0, "how many agents vote (default 10)")
	f.Float64Var(&flags.speed, "speed", 1, "how many times faster than the index to live")
	f.StringVar(&flags.listen, "listen", "", "say at this address, HOST:PORT, that the space lives: a page and /health, for everybody")
	venue := f.String("deriv-url", "", "train on the ticks of the venue or simulator at this address, and at its speed, in place of simulated ones")
	alsoEnv(cmd, "deriv-url")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *venue != "" {
			flags.feed = &venueFeed{url: *venue}
		}
		flags.hub, flags.name = *hub, args[0]
		log, err := newLogger(cmd)
		if err != nil {
			return err
		}
		if flags.access, err = cred.read(); err != nil {
			return err
		}
		if flags.seed == 0 {
			flags.seed = rand.Uint64()
		}
		if _, err := dial.PublishURL(flags.hub, flags.name); err != nil { // before it is shown: a password may be in it
			return misconfigured(err)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "quasar space %s, seed %d, publishing to %s\n", flags.name, flags.seed, flags.hub)
		return runSpace(cmd.Context(), &flags, log)
	}
	return cmd
}

// runSpace trains and publishes until ctx ends.
func runSpace(ctx context.Context, flags *spaceFlags, log *slog.Logger) error {
	pub, err := publisher.New(flags.name, flags.hub, &publisher.Options{
		Token: flags.access.token, Authorization: flags.access.authorization, HTTPClient: flags.access.client, Logger: log,
	})
	if err != nil {
		return misconfigured(err)
	}
	opts := &space.Options{Name: flags.name, Seed: flags.seed, Agents: flags.agents, Speed: flags.speed, Sink: pub, Logger: log}
	if opts.Index, err = flags.settleIndex(); err != nil {
		return err
	}
	if flags.feed != nil {
		wait, err := flags.feed.train(ctx, opts, log)
		if err != nil {
			return err
		}
		defer wait()
	}
	s, err := space.New(opts)
	if err != nil {
		return misconfigured(err)
	}
	l, err := openSpaceServer(ctx, flags.listen)
	if err != nil {
		return err
	}
	pub.Start()
	defer closeSoon(ctx, pub)
	shown := &spaceServer{name: flags.name, stats: pub.Stats, since: time.Now()}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Run(ctx) })
	g.Go(func() error { return shown.run(ctx, l, log) })
	return g.Wait()
}

// settleIndex is the index to train on: the one that was named, or that of the space's name.
func (f *spaceFlags) settleIndex() (price.Index, error) {
	if f.index != "" {
		return lookupIndex(f.index)
	}
	index, err := price.Lookup(f.name)
	if err != nil {
		return index, misconfigured(fmt.Errorf("%w; for a space of another name say which with --index", err))
	}
	return index, nil
}

func lookupIndex(name string) (price.Index, error) {
	index, err := price.Lookup(name)
	if err != nil {
		return index, misconfigured(err)
	}
	return index, nil
}
