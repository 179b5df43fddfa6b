package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/internal/gate"
	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/internal/wire"
)

// limits are what a server bears of all who come.
type limits struct {
	maxHeader   int // bytes
	headerTime  time.Duration
	requestTime time.Duration // 0 for any
	answerTime  time.Duration // 0 for any
	gate        gate.Options
}

// usualLimits are those of a server that was told nothing.
func usualLimits() limits {
	return limits{
		maxHeader: 16 << 10, headerTime: 5 * time.Second, requestTime: 10 * time.Second,
		answerTime: time.Minute, // a state of 10,000 spaces, 6 MB, through a line of 1 Mbit/s
	}
}

// addLimits adds the flags of what a server bears. The numbers of the gate are
// those of gate.Options.
func addLimits(cmd *cobra.Command, to *limits) {
	f, usual := cmd.Flags(), usualLimits()
	f.IntVar(&to.gate.MaxConnections, "max-connections", 20_000, "connections open at once; further ones are answered with 503")
	f.IntVar(&to.gate.MaxPerAddress, "max-per-address", 1_000, "of these from one address (an IPv6 /64 is one), loopback and trusted proxies aside; further ones get 429")
	f.IntVar(&to.gate.AcceptRate, "accept-rate", 1_000, "new connections a second, after a burst of five times as many; a quarter of it for one address, loopback and trusted proxies aside")
	f.IntVar(&to.gate.FreeFiles, "free-files", 0, "open files that connections leave to anything else (default: a fifth of those that the process may have)")
	f.IntVar(&to.maxHeader, "max-header", usual.maxHeader, "bytes of a request's headers; more is 431")
	f.DurationVar(&to.headerTime, "header-timeout", usual.headerTime, "how long the headers of a request may take, and so how long until a WebSocket is asked for")
	f.DurationVar(&to.requestTime, "request-timeout", usual.requestTime, "how long a whole request may take")
	f.DurationVar(&to.answerTime, "answer-timeout", usual.answerTime, "how long an answer may take to be read, WebSockets aside")
}

// check says which limit cannot be.
func (l *limits) check() error {
	if l.maxHeader < 1<<10 || l.maxHeader > 1<<20 {
		return fmt.Errorf("max-header: got %d, want 1024 to 1048576 bytes", l.maxHeader)
	}
	for _, t := range []struct {
		flag  string
		value time.Duration
	}{{"header-timeout", l.headerTime}, {"request-timeout", l.requestTime}, {"answer-timeout", l.answerTime}} {
		if t.value <= 0 {
			return fmt.Errorf("%s: got %v, want a positive duration", t.flag, t.value)
		}
	}
	return nil
}

// server returns what serves requests within the limits.
func (l *limits) server(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		MaxHeaderBytes:    l.maxHeader,
		ReadHeaderTimeout: l.headerTime,
		ReadTimeout:       l.requestTime,
		WriteTimeout:      l.answerTime,
		IdleTimeout:       time.Minute,
		ErrorLog:          serverLog(log),
	}
}

// newGate returns the gate of a server. Loopback and the proxies may have all the
// room that there is: who comes through them has an address of another.
func (l *limits) newGate(proxies []netip.Prefix) (*gate.Gate, error) {
	opts := l.gate
	opts.Exempt = func(addr netip.Addr) bool {
		return addr.IsLoopback() || slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(addr) })
	}
	g, err := gate.New(&opts)
	if err := errors.Join(l.check(), err); err != nil {
		return nil, misconfigured(err)
	}
	return g, nil
}

// reportEvery is how often the log says what a gate turned away: one line, however
// many there were.
const reportEvery = 10 * time.Second

// reportRefused logs what the gate turns away until ctx ends.
func reportRefused(ctx context.Context, log *slog.Logger, g *gate.Gate) error {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	before := g.Refused()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := g.Refused()
		for _, why := range slices.Sorted(maps.Keys(now)) {
			if n := now[why] - before[why]; n > 0 {
				log.Warn("connections turned away", "reason", why, "count", n, "open", g.Open())
			}
		}
		before = now
	}
}

// hubLimits are what a hub bears besides.
type hubLimits struct {
	limits
	maxPublishers, maxSubscribers int
	maxMessage, publisherRate     int
}

const publisherRateFlag = "publisher-rate"

func addHubLimits(cmd *cobra.Command, to *hubLimits) {
	addLimits(cmd, &to.limits)
	f := cmd.Flags()
	f.IntVar(&to.maxPublishers, "max-publishers", 10_000, "connections of publishers open at once; further ones are answered with 503")
	f.IntVar(&to.maxSubscribers, "max-subscribers", 10_000, "connections of subscribers open at once; further ones are answered with 503")
	f.IntVar(&to.maxMessage, "max-message", wire.MaxPublish, "bytes of a publisher's message; a longer one closes the connection with 1009")
	f.IntVar(&to.publisherRate, publisherRateFlag, 0, "updates a second of one space that are handed on one by one, after a burst of twice as many; of more the newest is, "+
		"and 50 times as many close the connection with 1008; 0 for any number (default: 200, any number on this machine without tokens)")
}

// put puts the limits of a hub that listens there into its options.
func (l *hubLimits) put(cmd *cobra.Command, opts *hub.Options, listen string) {
	opts.MaxPublishers, opts.MaxSubscribers = l.maxPublishers, l.maxSubscribers
	opts.MaxPerAddress, opts.MaxMessage = l.gate.MaxPerAddress, l.maxMessage
	opts.PublisherRate = l.publisherRate
	if !cmd.Flags().Changed(publisherRateFlag) {
		opts.PublisherRate = usualPublisherRate(listen, opts.Authenticator != nil)
	}
}

// usualPublisherRate is the rate where nobody said one: who is alone on this machine
// need not be held back.
func usualPublisherRate(listen string, tokens bool) int {
	if !tokens && guard.CheckListen(listen) == nil {
		return 0
	}
	return 200
}
