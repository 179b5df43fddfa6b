package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/fileengine"
	"github.com/karlquant/quasar/hub/token"
	"github.com/karlquant/quasar/internal/certificate"
	"github.com/karlquant/quasar/internal/gate"
	"github.com/karlquant/quasar/python"
	"github.com/karlquant/quasar/web"
)

const defaultHubListen = "127.0.0.1:7860"

// hubFlags are what a hub is told on the command line.
type hubFlags struct {
	listen    string
	admin     string
	dashboard string
	ranker    string
	hosts     []string
	origins   []string
	proxies   []string
	tokens    tokensFlags
	tls       tlsFlags
	cluster   clusterFlags
	insecure  bool
	id        string
	stale     time.Duration
	maxSpaces int
	maxLag    int
	logSize   int
	writeTime time.Duration
	pingEvery time.Duration
	peerTime  time.Duration
	compress  bool
	dataDir   string
	limits    hubLimits
}

func newHub() *cobra.Command {
	var flags hubFlags
	cmd := &cobra.Command{
		Use: "hub", GroupID: "serve",
		Short: "Take the metrics of all spaces and hand every update on",
		Long: `A hub takes the metrics of asset spaces by WebSocket at /ws/publish/{space},
keeps the newest snapshot of each, and hands every accepted update at once to
whoever is subscribed at /ws/subscribe. It serves the ranking and the state over
HTTP, and a live page at /.

It listens on this machine only, unless told otherwise; elsewhere only with tokens
for publishers, subscribers and viewers, which 'quasar token' makes.`,
		Example: `  quasar hub
  quasar hub --listen 127.0.0.1:8080 --stale-after 10s
  quasar hub --listen 0.0.0.0:7860 --tokens-file quasar-tokens.jsonl --tls-cert hub.crt --tls-key hub.key
  quasar hub --hub-id a --cluster-listen 127.0.0.1:7862 --cluster-peers 127.0.0.1:7863,127.0.0.1:7864
  DASHBOARD_HTML=mine.html quasar hub`,
		Args: noArgs,
	}
	f := cmd.Flags()
	f.StringVar(&flags.listen, "listen", defaultHubListen, "address to listen on, HOST:PORT")
	alsoEnv(cmd, "listen", portEnv)
	addAdminFlag(cmd, &flags.admin)
	f.StringVar(&flags.dashboard, "dashboard", "", "a page of your own to serve at /, as it is; ours stays at /ui/")
	alsoEnv(cmd, "dashboard", "DASHBOARD_HTML")
	f.StringVar(&flags.ranker, "ranker-url", "", "where a browser finds the page of a ranker, https://ranker.example/; the hub's page leads there")
	f.StringSliceVar(&flags.hosts, "allow-host", nil, "a name beside localhost and IP addresses that the hub answers to")
	alsoEnv(cmd, "allow-host", "SPACE_HOST")
	f.StringSliceVar(&flags.origins, "allow-origin", nil, "an origin, https://example.org, whose pages may open a WebSocket here")
	trustedProxyFlag(f, &flags.proxies)
	f.BoolVar(&flags.insecure, "insecure-allow-anonymous", false, "listen beyond this machine all the same: what there are no tokens for is open to anybody")
	addTokensFlags(cmd, &flags.tokens)
	addTLSFlags(cmd, &flags.tls)
	addClusterFlags(cmd, &flags.cluster)
	f.StringVar(&flags.id, "hub-id", "", "the hub's name among others (default: the host's name and the process's number)")
	f.DurationVar(&flags.stale, "stale-after", 30*time.Second, "how old a snapshot may be before it is shown as stale")
	f.IntVar(&flags.maxSpaces, "max-spaces", 10_000, "how many spaces are kept")
	f.DurationVar(&flags.writeTime, "write-timeout", 10*time.Second, "how long a subscriber may take nothing before it is closed")
	f.DurationVar(&flags.pingEvery, "ping-interval", 20*time.Second, "how often each peer is pinged")
	f.DurationVar(&flags.peerTime, "peer-timeout", 75*time.Second, "how long a peer may give no sign of life before it is taken for gone")
	f.IntVar(&flags.maxLag, "max-lag", 1<<20, "bytes that a subscriber may be behind before it gets only the newest of each space")
	f.IntVar(&flags.logSize, "log-size", 4<<20, "bytes of updates kept for subscribers to catch up from, 1 GiB at most")
	f.BoolVar(&flags.compress, "compression", false, "compress what is sent to subscribers who offer it (permessage-deflate): fewer bytes, more work")
	f.StringVar(&flags.dataDir, "data-dir", "", "a directory to keep the state in, so that it outlives the hub; without one it lives in memory")
	alsoEnv(cmd, "data-dir")
	addHubLimits(cmd, &flags.limits)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return runHub(cmd, &flags) }
	return cmd
}

// hubParts are a hub and what stands around it.
type hubParts struct {
	hub   *hub.Hub
	store *token.Store       // nil for no tokens
	cert  *certificate.File  // nil for no TLS
	data  *fileengine.Engine // nil for a state in memory
	door  *gate.Gate
}

// open makes the parts. What it returns has to be closed, also beside an error.
func (f *hubFlags) open(cmd *cobra.Command, log *slog.Logger) (p hubParts, err error) {
	opts := f.options(log)
	if opts.TrustedProxies, err = trustedProxies(f.proxies); err != nil {
		return p, err
	}
	if p.store, err = f.tokens.open(log); err != nil {
		return p, err
	}
	if p.store != nil {
		opts.Authenticator = p.store
	}
	if !f.insecure {
		if err := f.tokens.checkBind(f.listen, p.store); err != nil {
			return p, err
		}
	}
	if p.cert, err = f.tls.open(log); err != nil {
		return p, err
	}
	if p.cert != nil {
		opts.CertificateExpires = p.cert.Expires
	}
	if err := f.cluster.open(opts, f.dataDir, log); err != nil {
		return p, err
	}
	if f.dataDir != "" {
		if p.data, err = openData(opts, f.dataDir); err != nil {
			return p, misconfigured(err)
		}
	}
	f.limits.gate.Silent = p.cert != nil
	if p.door, err = f.limits.newGate(opts.TrustedProxies); err != nil {
		return p, err
	}
	opts.Refused = p.door.Refused
	f.limits.put(cmd, opts, f.listen)
	if p.hub, err = hub.New(opts); err != nil {
		return p, misconfigured(err)
	}
	return p, nil
}

func (p *hubParts) close() {
	if p.data != nil {
		_ = p.data.Close() // it is only a lock by then
	}
}

func runHub(cmd *cobra.Command, flags *hubFlags) error {
	log, err := newLogger(cmd)
	if err != nil {
		return err
	}
	p, err := flags.open(cmd, log)
	defer p.close()
	if err != nil {
		return err
	}
	l, err := listen(cmd.Context(), flags.listen, true)
	if err != nil {
		return err
	}
	admin, err := listenAdmin(cmd.Context(), flags.admin)
	if err != nil {
		_ = l.Close()
		return err
	}
	if flags.insecure {
		log.Warn("anybody may come in where there are no tokens: --insecure-allow-anonymous", "listen", flags.listen)
	}
	announceHub(cmd.ErrOrStderr(), reachable(l), p.cert != nil, flags.insecure)
	g, ctx := errgroup.WithContext(cmd.Context())
	g.Go(func() error { return p.hub.Run(ctx) })
	watchFiles(ctx, g, p.store, p.cert)
	for _, file := range flags.cluster.files {
		g.Go(func() error { return file.Run(ctx) })
	}
	g.Go(func() error { return serve(ctx, secured(p.door.Listener(l), p.cert), p.hub, log, flags.limits.limits) })
	g.Go(func() error { return reportRefused(ctx, log, p.door) })
	g.Go(func() error { return serveAdmin(ctx, admin, log) })
	return g.Wait()
}

func (f *hubFlags) options(log *slog.Logger) *hub.Options {
	opts := &hub.Options{
		ID: f.id, Version: version(), Logger: log,
		UI: web.Hub(), SDK: python.Files, DashboardHTML: f.dashboard, RankerURL: f.ranker,
		AllowedHosts: f.hosts, AllowedOrigins: f.origins, InsecureAllowAnonymous: f.insecure,
		StaleAfter: f.stale, MaxSpaces: f.maxSpaces, MaxLag: f.maxLag, LogSize: f.logSize, WriteTimeout: f.writeTime,
		PingInterval: f.pingEvery, PeerTimeout: f.peerTime, Compression: f.compress,
	}
	if os.Getenv("SPACE_ID") != "" { // a Space's page is shown in a frame of huggingface.co
		opts.FrameAncestors = []string{"https://huggingface.co"}
	}
	return opts
}

// watchFiles has the tokens and the certificate of a server follow their files, where
// it has any.
func watchFiles(ctx context.Context, g *errgroup.Group, store *token.Store, cert *certificate.File) {
	if store != nil {
		g.Go(func() error { return store.Run(ctx) })
	}
	if cert != nil {
		g.Go(func() error { return cert.Run(ctx) })
	}
}

// openData lets a hub keep its state in a directory.
func openData(opts *hub.Options, dir string) (*fileengine.Engine, error) {
	if opts.ID == "" {
		opts.ID = hub.DefaultID()
	}
	engine, err := fileengine.Open(dir, opts.ID, &fileengine.Options{Logger: opts.Logger})
	if err != nil {
		return nil, err
	}
	opts.Engine = engine
	return engine, nil
}

// announceHub tells a person where things are.
func announceHub(w io.Writer, addr string, overTLS, insecure bool) {
	page, socket := schemes(overTLS)
	fmt.Fprintf(w, `quasar hub %s
  Page       %s%s/
  Publish    %s%s/ws/publish/{space}
  Subscribe  %s%s/ws/subscribe
  Rankings   %s%s/rankings
`, version(), page, addr, socket, addr, socket, addr, page, addr)
	if insecure {
		fmt.Fprintln(w, strings.TrimSpace(`
  WARNING    --insecure-allow-anonymous: whoever reaches this address may publish and read what there are no tokens for`))
	}
}
