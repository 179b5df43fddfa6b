package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/karlquant/quasar/trade"
)

// Options say who is told. Nothing set tells nobody.
type Options struct {
	// Webhook is where each notice is posted as JSON: https://, or http:// to
	// loopback. It may be a secret itself.
	Webhook string
	// TelegramToken is a bot's, TelegramChat the only chat that it writes to and obeys.
	TelegramToken string
	TelegramChat  int64
	// TelegramURL is the Bot API; "" for https://api.telegram.org.
	TelegramURL string
	// Halt is called when somebody in the chat writes /halt; nil for nothing.
	Halt func(ctx context.Context, by string) error
	// HTTPClient makes the requests; nil for one with a time-out. No redirect is followed.
	HTTPClient *http.Client
	// Logger is told what could not be delivered; nil discards.
	Logger *slog.Logger
}

// target is one way to a person.
type target interface {
	name() string
	send(ctx context.Context, n *trade.Notice) error
}

// Notifier tells people. Its methods may be called by any number of goroutines.
type Notifier struct {
	opts     Options
	targets  []target
	telegram *telegram

	mu      sync.Mutex // guards waiting
	waiting map[target][]trade.Notice
	wake    map[target]chan struct{}
}

// maxWaiting is how many notices wait for a target; the oldest are lost beyond.
const maxWaiting = 256

// requestTimeout bounds one request. A long poll of Telegram takes up to pollFor.
const (
	requestTimeout = 40 * time.Second
	pollFor        = 25 * time.Second
)

// New returns a notifier, nil if there is nobody to tell. It starts nothing.
func New(opts *Options) (*Notifier, error) {
	o := *opts
	o.HTTPClient = stationary(o.HTTPClient)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	n := &Notifier{opts: o, waiting: make(map[target][]trade.Notice), wake: make(map[target]chan struct{})}
	if o.Webhook != "" {
		if err := checkURL(o.Webhook); err != nil {
			return nil, fmt.Errorf("webhook: %w", err)
		}
		n.targets = append(n.targets, &webhook{o.Webhook, o.HTTPClient})
	}
	if o.TelegramToken != "" {
		t, err := newTelegram(&o)
		if err != nil {
			return nil, err
		}
		n.telegram = t
		n.targets = append(n.targets, t)
	}
	if len(n.targets) == 0 {
		return nil, nil //nolint:nilnil // documented: there is nobody to tell
	}
	for _, t := range n.targets {
		n.wake[t] = make(chan struct{}, 1)
	}
	return n, nil
}

// stationary is a client that follows no redirect: whoever it leads to would be told the
// address, which is a secret, as the one it came from.
func stationary(client *http.Client) *http.Client {
	if client == nil {
		client = &http.Client{Timeout: requestTimeout}
	}
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

var errURL = errors.New("want https://HOST/PATH, or http:// to 127.0.0.1")

// checkURL refuses what would send notices in the clear. Its error does not show the
// address, which may be a secret.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return errURL
	}
	loopback := u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost"
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback) {
		return errURL
	}
	return nil
}

// Notify has everybody told. It never waits, so that it may be called under a lock.
func (n *Notifier) Notify(notice trade.Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range n.targets {
		if len(n.waiting[t]) == maxWaiting {
			n.waiting[t] = n.waiting[t][1:]
		}
		n.waiting[t] = append(n.waiting[t], notice)
		select {
		case n.wake[t] <- struct{}{}:
		default:
		}
	}
}

// Run delivers, and listens for commands, until ctx ends.
func (n *Notifier) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for _, t := range n.targets {
		running.Go(func() { n.deliver(ctx, t) })
	}
	if n.telegram != nil && n.opts.Halt != nil {
		running.Go(func() { n.telegram.listen(ctx, n.opts.Halt, n.opts.Logger) })
	}
	running.Wait()
	return nil
}

func (n *Notifier) deliver(ctx context.Context, t target) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.wake[t]:
		}
		for notice, ok := n.next(t); ok && ctx.Err() == nil; notice, ok = n.next(t) {
			n.try(ctx, t, &notice)
		}
	}
}

func (n *Notifier) next(t target) (trade.Notice, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.waiting[t]) == 0 {
		return trade.Notice{}, false
	}
	notice := n.waiting[t][0]
	n.waiting[t] = n.waiting[t][1:]
	return notice, true
}

// tries is how often a notice is sent until it is given up.
const tries = 5

func (n *Notifier) try(ctx context.Context, t target, notice *trade.Notice) {
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, t.send(ctx, notice) },
		backoff.WithBackOff(backoff.NewExponentialBackOff()), backoff.WithMaxTries(tries))
	if err != nil && ctx.Err() == nil {
		n.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "a notice was not delivered", slog.String("to", t.name()), slog.Any("reason", err))
	}
}
