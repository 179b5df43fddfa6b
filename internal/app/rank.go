package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/axrvi"
	"github.com/karlquant/quasar/hub/token"
	"github.com/karlquant/quasar/internal/certificate"
	"github.com/karlquant/quasar/internal/gate"
	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/web"
)

const defaultRankListen = "127.0.0.1:7861"

// rankFlags are what a ranker is told on the command line.
type rankFlags struct {
	hub, listen, order    string
	access                access
	assets                []string
	bandit, reward, model string
	feedback, decisions   string
	horizon, every        time.Duration
	alpha, epsilon, half  float64
	cost, floor           float64
	slate                 int
	seed                  uint64
	sync, test, insecure  bool
	json                  bool
	hosts, proxies        []string
	stale                 time.Duration
	limits                limits
	tls                   tlsFlags
	tokens                tokensFlags
	trade                 tradeFlags
}

func newRank() *cobra.Command {
	var flags rankFlags
	cmd := &cobra.Command{
		Use: "rank", GroupID: "serve",
		Short: "Rank the assets of a hub, live",
		Long: `Rank subscribes to a hub, keeps the ranking of its assets current with each
update, prints it and serves it, with a page, on a port of its own. Data flows one
way: nothing goes back to the hub or the spaces.

On a terminal it shows a table that follows the updates. Elsewhere it prints a
line when the order of the assets changes, or what speaks against one of them, or
the connection, at most four a second. With --json it prints an object after each
update, as /rankings answers it, and skips to the newest if nobody reads as fast.
With --sync it leaves none of these lines out.

It learns from the prices that the spaces publish what following each signal would
have brought, for all assets, traded or not. --bandit says how it explores, --reward
what it learns from, --model where it keeps what it learned. Until an outcome is
known, a --horizon after the first decision, the formula orders the assets.

It trades only if --trade says so: on paper by fills of its own on the venue's quotes,
which needs no account; on the venue's demo account (DERIV_API_KEY, DERIV_APP_ID); or
live, with real money, which takes ` + "`live: true`" + ` in the configuration file as well, and
the account's id typed in. What it does is in a journal: quasar journal, quasar report.
SIGUSR1, or quasar trade halt, stops it from buying until a person resumes it.

It listens on this machine only, unless told otherwise; elsewhere only with a token
for viewers, which 'quasar token' makes: the hub's file will do.`,
		Example: `  quasar rank
  quasar rank --hub ws://localhost:7860 --assets V75 V100_1s CRASH1000 --order balanced
  quasar rank --bandit thompson --reward simple --model ranker.pt --decisions decisions.log
  quasar rank --json | jq -c '[.rankings[] | select(.tradable) | .space_name]'
  quasar rank --test`,
	}
	hub := hubFlag(cmd, "HUB_SUB_URL", "HUB_WS_URL")
	cred := credentialFlags(cmd)
	flags.add(cmd)
	// `--assets A B C` leaves B and C as arguments: they are assets too.
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 && !cmd.Flags().Changed("assets") {
			return usage("rank: got the argument %q, want assets behind --assets", args[0])
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if _, err := quasar.ParseOrder(flags.order); err != nil {
			return usage("%w", err)
		}
		flags.hub, flags.assets = *hub, append(flags.assets, args...)
		if flags.access, err = cred.read(); err != nil {
			return err
		}
		if flags.test {
			return selfTest(cmd.Context(), cmd.OutOrStdout(), ourComponents().checks())
		}
		return runRank(cmd, &flags)
	}
	return cmd
}

func (f *rankFlags) add(cmd *cobra.Command) {
	set := cmd.Flags()
	set.StringSliceVar(&f.assets, "assets", nil, "rank only these: A B C or A,B,C")
	addPolicyFlags(cmd, f)
	addTradeFlags(cmd, &f.trade)
	set.BoolVar(&f.sync, "sync", false, "handle each update to its end before the next is read, so that a run is deterministic")
	set.BoolVar(&f.json, "json", false, "print rankings as JSON, one on a line")
	set.BoolVar(&f.test, "test", false, "check the components, without a network, and end")
	set.StringVar(&f.order, "order", string(quasar.Asc), "asc, desc or balanced")
	set.StringVar(&f.listen, "listen", defaultRankListen, "address to listen on, HOST:PORT")
	set.StringSliceVar(&f.hosts, "allow-host", nil, "a name beside localhost and IP addresses that the ranker answers to")
	alsoEnv(cmd, "allow-host", "SPACE_HOST")
	trustedProxyFlag(set, &f.proxies)
	set.BoolVar(&f.insecure, "insecure-allow-anonymous", false, "listen beyond this machine all the same: without a viewer's token anybody may look")
	addTokensFlags(cmd, &f.tokens)
	addTLSFlags(cmd, &f.tls)
	set.DurationVar(&f.stale, "stale-after", 30*time.Second, "how old a snapshot or its votes may be before an asset is held back")
	addLimits(cmd, &f.limits)
}

func (f *rankFlags) options(log *slog.Logger) *ranker.Options {
	opts := &ranker.Options{
		HubURL: f.hub, Token: f.access.token, Authorization: f.access.authorization, HTTPClient: f.access.client, Assets: f.assets, Order: quasar.Order(f.order), Sync: f.sync, StaleAfter: f.stale,
		Policy: f.bandit, Reward: f.reward, Model: f.model, Feedback: f.feedback, Decisions: f.decisions,
		Horizon: f.horizon, DecideEvery: f.every, Cost: f.cost, Alpha: f.alpha, Epsilon: f.epsilon, HalfLife: f.half,
		Slate: f.slate, Floor: f.floor, Seed: f.seed, UI: web.Ranker(),
		AllowedHosts: f.hosts, InsecureAllowAnonymous: f.insecure, Version: version(), Logger: log,
	}
	if os.Getenv("SPACE_ID") != "" { // a Space's page is shown in a frame of huggingface.co
		opts.FrameAncestors = []string{"https://huggingface.co"}
	}
	return opts
}

// rankParts are a ranker and what stands around it.
type rankParts struct {
	ranker *ranker.Ranker
	show   *rankPrinter
	trader *trading          // nil for no trading
	store  *token.Store      // nil for no tokens
	cert   *certificate.File // nil for no TLS
	door   *gate.Gate
}

// open makes the parts. What it returns has to be closed, also beside an error.
func (f *rankFlags) open(cmd *cobra.Command, log *slog.Logger) (p rankParts, err error) {
	opts := f.options(log)
	if p.store, err = f.tokens.open(log); err != nil {
		return p, err
	}
	if opts.TrustedProxies, err = trustedProxies(f.proxies); err != nil {
		return p, err
	}
	if opts.Viewers, err = viewers(p.store, f); err != nil {
		return p, err
	}
	f.trade.seed = f.seed
	if p.trader, err = f.trade.open(cmd, log); err != nil {
		return p, err
	}
	p.show = f.printer(cmd, opts)
	if p.trader != nil {
		p.trader.wire(opts, f.trade.admin)
		p.show.banner = p.trader.account.Banner()
	}
	if err := readable(f.decisions); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return p, misconfigured(fmt.Errorf("decisions: %w", err))
	}
	if p.ranker, err = ranker.New(opts); err != nil {
		return p, misconfigured(err)
	}
	if p.trader != nil {
		p.trader.changed.Store(new(p.ranker.Traded))
	}
	if p.cert, err = f.tls.open(log); err != nil {
		return p, err
	}
	f.limits.gate.Silent = p.cert != nil
	p.door, err = f.limits.newGate(opts.TrustedProxies)
	return p, err
}

func (p *rankParts) close() {
	if p.trader != nil {
		p.trader.close()
	}
}

func runRank(cmd *cobra.Command, flags *rankFlags) error {
	log, err := newLogger(cmd)
	if err != nil {
		return err
	}
	if flags.trade.mode == string(trade.Live) {
		log = log.With(slog.String("trade", liveBanner))
	}
	p, err := flags.open(cmd, log)
	defer p.close()
	if err != nil {
		return err
	}
	l, err := listen(cmd.Context(), flags.listen, true) // viewers looked at the address
	if err != nil {
		return err
	}
	announceRanker(cmd.ErrOrStderr(), reachable(l), p.cert != nil, flags.hub, p.trader)
	g, ctx := errgroup.WithContext(cmd.Context())
	g.Go(func() error { return modelError(p.ranker.Run(ctx)) })
	if p.trader != nil {
		g.Go(func() error { return p.trader.run(ctx) })
	}
	g.Go(func() error { return p.show.follow(ctx, p.ranker.Ranking) })
	watchFiles(ctx, g, p.store, p.cert)
	g.Go(func() error { return serve(ctx, secured(p.door.Listener(l), p.cert), p.ranker, log, flags.limits) })
	g.Go(func() error { return reportRefused(ctx, log, p.door) })
	return g.Wait()
}

// printer is told of each ranking, or of the newest, as the flags want it.
func (f *rankFlags) printer(cmd *cobra.Command, opts *ranker.Options) *rankPrinter {
	show := newRankPrinter(cmd.OutOrStdout(), f.json)
	switch {
	case f.sync:
		opts.OnRanking = show.print
	case f.json:
		opts.OnRanking = show.wake
	}
	return show
}

// announceRanker tells a person where things are, and whose money is traded.
func announceRanker(w io.Writer, addr string, overTLS bool, hub string, trader *trading) {
	page, _ := schemes(overTLS)
	page += addr
	fmt.Fprintf(w, "quasar rank %s\n  Page       %s/\n  Rankings   %s/rankings\n  Hub        %s\n", version(), page, page, hub)
	if trader != nil {
		fmt.Fprintf(w, "  Trade      %s\n", trader.banner())
	}
}

// modelError gives an error about the model's file the code of a configuration that
// has to be changed by somebody.
func modelError(err error) error {
	if errors.As(err, new(*axrvi.OpenError)) {
		return misconfigured(err)
	}
	return err
}
