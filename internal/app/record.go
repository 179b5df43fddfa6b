package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/internal/recording"
	"github.com/karlquant/quasar/subscriber"
)

func newRecord() *cobra.Command {
	cmd := &cobra.Command{
		Use: "record [SYMBOL...]", GroupID: "use",
		Short: "Record a venue's ticks and quotes and a hub's snapshots to compressed files",
		Long: `Record follows the ticks of the symbols, over lost connections too, and with
--hub every snapshot that a hub sends, until it is interrupted. It writes them as
they come to a directory, one JSON object a line, compressed: a crash costs the
last second at most, and a file that is full or old gives way to the next.

With --quotes it also asks, once in a while, what contracts on the symbols would
pay, and buys nothing.

It needs no account. Recordings are yours to look at and to calibrate a simulator
with (quasar calibrate); whether they may be passed on is between you and the venue.`,
		Example: `  quasar record V75 V100_1s CRASH500 --dir recordings
  quasar record V75 STEP --quotes CALL/5t,PUT/5t,CALL/1m
  quasar record --hub ws://127.0.0.1:7860 --dir recordings`,
	}
	var r recorder
	f := cmd.Flags()
	url := venueURL(cmd, "deriv-url")
	hubAddressFlag(f, &r.hub, "hub", "", "a hub whose snapshots to record too")
	cred := credentialFlags(cmd)
	r.quoteFlags(f)
	dir := f.String("dir", "recordings", "the directory to write to; it is made if need be")
	f.Int64Var(&r.opts.MostBytes, "file-bytes", 64<<20, "begin another file after so many compressed bytes")
	f.DurationVar(&r.opts.MostTime, "file-time", 24*time.Hour, "begin another file after so long")
	f.DurationVar(&r.opts.SyncEvery, "sync", time.Second, "how often to force what came to the disk: what a crash may cost")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if len(args) == 0 && r.hub == "" {
			return usage("record: got neither symbols nor --hub, want some of them")
		}
		if r.wanted, err = r.readQuotes(len(args)); err != nil {
			return err
		}
		if r.log, err = newLogger(cmd); err != nil {
			return err
		}
		if r.access, err = cred.read(); err != nil {
			return err
		}
		if r.out, err = recording.NewWriter(*dir, &r.opts); err != nil {
			return misconfigured(err)
		}
		r.url, r.symbols = *url, distinct(args)
		err = r.run(cmd.Context())
		if err == nil || r.out.Files() > 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "quasar record: %s\n", r.tally())
		}
		return err
	}
	return cmd
}

// distinct leaves out names of what was named before: V75 and R_75 are one symbol.
func distinct(names []string) []string {
	var list []string
	seen := make(map[string]bool)
	for _, name := range names {
		symbol, known := deriv.SymbolOf(name)
		if !known {
			symbol = strings.ToUpper(name)
		}
		if !seen[symbol] {
			seen[symbol] = true
			list = append(list, name)
		}
	}
	return list
}

// recorder writes what comes, in one goroutine.
type recorder struct {
	url, hub string
	access   access
	symbols  []string
	opts     recording.Options
	out      *recording.Writer
	log      *slog.Logger

	quoteNames               []string
	quotesEvery              time.Duration
	quoteStake, currency     string
	wanted                   []deriv.Selection // what is quoted, but for the symbol
	ticks, quotes, snapshots int
}

// tally says what there is in the end.
func (r *recorder) tally() string {
	if r.out.Files() == 0 {
		return "nothing came, and no file was made"
	}
	return fmt.Sprintf("%d ticks, %d quotes and %d snapshots in %d files, the last %s", r.ticks, r.quotes, r.snapshots, r.out.Files(), r.out.Path())
}

func (r *recorder) run(stopped context.Context) error {
	records := make(chan recording.Record, 1024)
	g, ctx := errgroup.WithContext(stopped)
	if len(r.symbols) > 0 {
		g.Go(func() error { return r.market(ctx, records) })
	}
	if r.hub != "" {
		g.Go(func() error { return r.spaces(ctx, records) })
	}
	g.Go(func() error { return r.write(ctx, records) })
	err := g.Wait()
	if errors.Is(err, context.Canceled) || stopped.Err() != nil && errors.Is(err, context.Cause(stopped)) {
		err = nil
	}
	return errors.Join(err, r.out.Close())
}

// write ends with ctx, after what had come by then.
func (r *recorder) write(ctx context.Context, records <-chan recording.Record) error {
	idle := time.NewTicker(cmp.Or(r.opts.SyncEvery, time.Second))
	defer idle.Stop()
	for {
		select {
		case record := <-records:
			if err := r.keep(record); err != nil {
				return err
			}
		case now := <-idle.C:
			if err := r.out.Sync(now); err != nil {
				return err
			}
		case <-ctx.Done():
			return r.rest(records)
		}
	}
}

func (r *recorder) rest(records <-chan recording.Record) error {
	for {
		select {
		case record := <-records:
			if err := r.keep(record); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

func (r *recorder) keep(record recording.Record) error {
	switch {
	case record.Tick != nil:
		r.ticks++
	case record.Quote != nil:
		r.quotes++
	default:
		r.snapshots++
	}
	return r.out.Write(record)
}

// market follows the ticks of all symbols, and asks for quotes, over one connection.
func (r *recorder) market(ctx context.Context, records chan<- recording.Record) error {
	client, err := publicClient(r.url, r.log)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return client.Run(ctx) })
	for _, name := range r.symbols {
		g.Go(func() error { return r.follow(ctx, client, name, records) })
	}
	if len(r.wanted) > 0 {
		g.Go(func() error { return r.quote(ctx, client, records) })
	}
	return g.Wait()
}

// follow records one symbol. What the venue may do better later is tried again.
func (r *recorder) follow(ctx context.Context, client *deriv.Client, name string, records chan<- recording.Record) error {
	for {
		err := r.followOnce(ctx, client, name, records)
		var refused *deriv.Error
		if ctx.Err() != nil || errors.Is(err, deriv.ErrUnknownSymbol) || errors.As(err, &refused) && refused.Class() == deriv.ClassValidation {
			return explain(err)
		}
		r.log.Warn("ticks", "symbol", name, "error", err)
		select {
		case <-time.After(5 * time.Second):
		case <-ctx.Done():
		}
	}
}

func (r *recorder) followOnce(ctx context.Context, client *deriv.Client, name string, records chan<- recording.Record) error {
	if err := client.WaitReady(ctx); err != nil {
		return err
	}
	symbol, err := client.Symbol(ctx, name)
	if err != nil {
		return err
	}
	stream, err := client.Ticks(ctx, symbol.Symbol)
	if err != nil {
		return err
	}
	defer stream.Close()
	for e, err := range stream.All(ctx) {
		if err != nil {
			return err
		}
		tick := &recording.Tick{
			Symbol: symbol.Symbol, Epoch: int64(e.Value.Epoch), Missed: e.Missed,
			Quote: jsontext.Value(e.Value.Quote.Text(int(e.Value.Decimals))),
		}
		if !hand(ctx, records, recording.Record{At: time.Now().UTC(), Tick: tick}) {
			return ctx.Err()
		}
	}
	return errors.New("the venue sends no more ticks")
}

func hand(ctx context.Context, records chan<- recording.Record, r recording.Record) bool {
	select {
	case records <- r:
		return true
	case <-ctx.Done():
		return false
	}
}

// spaces follows a hub. What goes wrong on the way there is told and tried again.
func (r *recorder) spaces(ctx context.Context, records chan<- recording.Record) error {
	client, err := subscriber.New(r.hub, &subscriber.Options{Token: r.access.token, Authorization: r.access.authorization, HTTPClient: r.access.client, Logger: r.log})
	if err != nil {
		return misconfigured(err)
	}
	for s, err := range client.Watch(ctx) {
		if err != nil {
			r.log.Warn("hub", "error", err)
			continue
		}
		if !hand(ctx, records, recording.Record{At: time.Now().UTC(), Snapshot: s.AppendJSON(nil)}) {
			break
		}
	}
	return ctx.Err()
}
