package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/internal/venue"
	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
	"github.com/karlquant/quasar/trade/notify"
	"github.com/karlquant/quasar/trade/paper"
	"github.com/karlquant/quasar/trade/report"
)

// trading is a trader with all that it needs, and the way of signals to it.
type trading struct {
	*trade.Trader
	mode    trade.Mode
	dir     string
	account trade.Account
	limits  *trade.Limits
	signals chan trade.Signal
	// changed is told of orders; it is set once, before anything runs.
	changed  atomic.Pointer[func(trade.Order)]
	closers  []io.Closer
	notifier *notify.Notifier // nil for nobody to tell
	log      *slog.Logger
}

// open makes a trader of what the flags say; nil if they say off.
func (f *tradeFlags) open(cmd *cobra.Command, log *slog.Logger) (t *trading, err error) {
	mode, err := f.check()
	if err != nil || mode == "" {
		return nil, err
	}
	limits, err := f.risk.read()
	if err != nil {
		return nil, err
	}
	chooser, err := f.sizing.chooser()
	if err != nil {
		return nil, err
	}
	t = &trading{limits: limits, mode: mode, dir: f.dataDir, signals: make(chan trade.Signal, 1), log: log}
	if err := t.build(cmd, f, chooser); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// build finds the account, makes sure that nobody else trades on it, and opens its
// journal.
func (t *trading) build(cmd *cobra.Command, f *tradeFlags, chooser *trade.Chooser) error {
	broker, err := f.broker(cmd, t, t.log)
	if err != nil {
		return err
	}
	t.account = broker.Account()
	if err := f.confirmed(cmd, t.account); err != nil {
		return err
	}
	lock, err := journal.LockAccount(t.account)
	if err != nil {
		return misconfigured(fmt.Errorf("%w; one trader at a time trades on an account", err))
	}
	t.closers = append(t.closers, lock)
	book, err := journal.Open(f.dataDir, t.account, &journal.Options{Logger: t.log, SetAsideDamaged: true})
	if err != nil {
		return misconfigured(err)
	}
	t.closers = append(t.closers, book)
	t.notifier, err = notify.New(&notify.Options{
		Webhook: os.Getenv("QUASAR_WEBHOOK"), TelegramToken: os.Getenv("QUASAR_TELEGRAM_TOKEN"), TelegramChat: f.chat, Logger: t.log,
		TelegramURL: os.Getenv("QUASAR_TELEGRAM_URL"),
		Halt: func(ctx context.Context, by string) error {
			return t.Halt(ctx, trade.ReasonPerson, "/halt", by)
		},
	})
	if err != nil {
		return misconfigured(err)
	}
	t.Trader, err = trade.New(&trade.Options{
		Broker: broker, Journal: book, Terms: chooser.Terms, Limits: t.limits, Version: version(), Logger: t.log, OnChange: t.tell, OnNotice: t.notice,
	})
	return err
}

// broker connects to the venue, and finds the account.
func (f *tradeFlags) broker(cmd *cobra.Command, t *trading, log *slog.Logger) (trade.Broker, error) {
	if t.mode == trade.Paper {
		return f.paper(log)
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), reachWithin)
	defer cancel()
	b, err := venue.Open(ctx, &venue.Options{Mode: t.mode, Logger: log, Deriv: deriv.Options{URL: f.derivURL, RealMoney: t.mode == trade.Live, Logger: log}})
	switch {
	case err == nil:
		return b, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, deriv.ErrDisconnected):
		return nil, unreachable(err)
	}
	return nil, misconfigured(err)
}

// confirmed wants the second act before real money: the account's id, typed by a person
// who sees what it is, or given by whoever set a service up.
func (f *tradeFlags) confirmed(cmd *cobra.Command, a trade.Account) error {
	if a.Mode != trade.Live {
		return nil
	}
	said := f.confirm
	if said == "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "\n  REAL MONEY: %s.\n  Type the account's id to trade on it: ", a)
		line, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 1<<10)).ReadString('\n')
		if err != nil && line == "" {
			return misconfigured(errors.New("trade: live: nobody typed the account's id; a service gives it with --confirm-live"))
		}
		said = strings.TrimSpace(line)
	}
	if said != a.ID {
		return misconfigured(fmt.Errorf("trade: live: got the account %+.40q, want %s", said, a.ID))
	}
	return nil
}

// tell hands an order on to whoever learns from it.
func (t *trading) tell(o trade.Order) {
	if told := t.changed.Load(); told != nil {
		(*told)(o)
	}
}

// notice logs what a person should know.
func (t *trading) notice(n trade.Notice) {
	if t.notifier != nil {
		t.notifier.Notify(n)
	}
	level := slog.LevelInfo
	if n.Kind == trade.NoticeHalted || n.Kind == trade.NoticeUnknown {
		level = slog.LevelError
	}
	t.log.LogAttrs(context.Background(), level, "trading", slog.String("kind", string(n.Kind)), slog.String("account", string(n.Account.Mode)), slog.String("what", n.Text))
}

// offer takes the newest signal; one that waits yet is out of date.
func (t *trading) offer(s trade.Signal) {
	for {
		select {
		case t.signals <- s:
			return
		default:
		}
		select {
		case <-t.signals:
		default:
		}
	}
}

// run trades until ctx ends.
func (t *trading) run(ctx context.Context) error {
	defer t.close()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return endedWell(ctx, t.Run(ctx, t.signals)) })
	g.Go(func() error { return t.obey(ctx) })
	if t.notifier != nil {
		g.Go(func() error { return t.notifier.Run(ctx) })
	}
	return g.Wait()
}

// endedWell is nil for what ended because it was told to.
func endedWell(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (t *trading) close() {
	for i := len(t.closers) - 1; i >= 0; i-- {
		_ = t.closers[i].Close() // what is on record is on the disk
	}
	t.closers = nil
}

// wire has the ranker tell this trader what to follow, and be told what came of it.
func (t *trading) wire(o *ranker.Options, admin string) {
	o.OnSignal, o.Trader, o.AdminToken = t.offer, t.Trader, admin
	if o.MaxOpenAsset = t.limits.MaxOpenAsset; o.MaxOpenAsset < 0 {
		o.MaxOpenAsset = math.MaxInt
	}
}

// banner says whose money it is, in every output.
func (t *trading) banner() string {
	switch t.mode {
	case trade.Live:
		return t.account.Banner()
	case trade.Demo:
		return "demo money, " + t.account.String()
	}
	return "paper money, quotes of " + t.account.Venue
}

// sum says in a line what was traded, and what it proves.
func (t *trading) sum() string {
	var r *report.Report
	t.View(func(l *trade.Ledger) { r = report.OfLedger(l, &report.Options{Seed: 1}) })
	return "stopped. On " + string(t.mode) + ": " + r.Verdict.Sentence
}

// paper makes an account of the public socket, which needs neither key nor account.
func (f *tradeFlags) paper(log *slog.Logger) (trade.Broker, error) {
	opening, err := amount("paper-balance", f.balance)
	if err != nil {
		return nil, err
	}
	client, err := deriv.New(&deriv.Options{URL: f.derivURL, HTTPClient: f.http, Logger: log})
	if err != nil {
		return nil, misconfigured(err)
	}
	market := venue.NewMarket(client, "USD", log)
	b, err := paper.New(market, &paper.Options{Feed: market, Venue: venue.Host(f.derivURL), Opening: opening, Seed: f.seed})
	if err != nil {
		return nil, misconfigured(err)
	}
	return b, nil
}
