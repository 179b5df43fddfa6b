package backtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/paper"
	"github.com/karlquant/quasar/trade/replay"
)

// Options say what is played, and who trades in it. Records and Chooser are wanted.
type Options struct {
	// Records are what happens, in its order.
	Records iter.Seq2[replay.Record, error]
	// Market says what can be traded, and for how much; nil is fine.
	Market *replay.Options
	// Paper is the account. Its Feed is not used.
	Paper paper.Options
	// Ranker says who decides. What it has of a hub, a model and a trader is not used.
	Ranker ranker.Options
	// Chooser chooses the contracts, and Limits are those of the trader, nil for the
	// usual ones.
	Chooser *trade.Chooser
	Limits  *trade.Limits
	// Resume has each halt last until the next day, in UTC, as if a person had come then.
	// Else a halt ends the trading: nobody is there who looks.
	Resume bool
	// Journal gets the entries of the journal, one JSON object on a line; nil for nowhere.
	Journal io.Writer
	// OnProgress is told where it is, each thousand records; nil for nobody.
	OnProgress func(Progress)
	// Version is written into the journal. Logger gets what the trader says; nil
	// discards.
	Version string
	Logger  *slog.Logger
}

// Progress is how far a backtest has come.
type Progress struct {
	// From is the time of the first record with a time, Now that of the newest.
	From, Now time.Time
	// Ticks and Snapshots were played. Signals is how many the policy gave, Missed how
	// many ticks are known to be missing from the record.
	Ticks, Snapshots, Signals, Missed int
}

// Result is what came of it.
type Result struct {
	Progress
	// Ledger is the account's, with its orders.
	Ledger *trade.Ledger
	// Halts is how often trading was halted.
	Halts int
	// Refused counts the signals that the gate refused, by their first reason.
	Refused map[trade.Reason]int
}

// ErrJournal says that the journal could not be written.
var ErrJournal = errors.New("backtest: the journal cannot be written")

// Run plays all records. Where ctx ends before they do, its error comes with the result
// so far, and so do that of a record that cannot be read, and ErrJournal.
func Run(ctx context.Context, opts *Options) (*Result, error) {
	p, err := newPlay(opts)
	if err != nil {
		return nil, err
	}
	if err := p.Trader.Open(ctx); err != nil {
		return nil, err
	}
	err = p.all(ctx)
	if err == nil && p.done.Ticks == 0 {
		err = errors.New("backtest: got no tick, want a record of ticks: what is bought and what it brings follows from them")
	}
	r := &Result{Progress: p.done, Halts: p.book.halts, Refused: p.book.refused}
	p.Trader.View(func(l *trade.Ledger) { r.Ledger = l })
	return r, err
}

// play is a backtest under way.
type play struct {
	replay.Player
	opts    *Options
	book    *book
	ranker  *ranker.Ranker
	signals []trade.Signal // given by the newest snapshot
	hub     hubClock
	day     time.Time // that began last
	done    Progress
}

func newPlay(opts *Options) (*play, error) {
	p := &play{opts: opts, book: newBook(opts.Journal)}
	var err error
	if p.Market, err = replay.New(opts.Market); err != nil {
		return nil, err
	}
	account := opts.Paper
	account.Feed = nil
	if p.Broker, err = paper.New(p.Market, &account); err != nil {
		return nil, err
	}
	ranking := opts.Ranker
	ranking.Model, ranking.Decisions = "", ""
	ranking.OnSignal = func(s trade.Signal) { p.signals = append(p.signals, s) }
	if opts.Limits != nil {
		if ranking.MaxOpenAsset = opts.Limits.MaxOpenAsset; ranking.MaxOpenAsset < 0 {
			ranking.MaxOpenAsset = math.MaxInt
		}
	}
	if p.ranker, err = ranker.New(&ranking); err != nil {
		return nil, err
	}
	p.Trader, err = trade.New(&trade.Options{
		Broker: p.Broker, Journal: p.book, Terms: opts.Chooser.Terms, Limits: opts.Limits, OnChange: p.ranker.Traded, Version: opts.Version, Logger: opts.Logger,
	})
	return p, err
}

// reportEvery is after how many records progress is told, and ctx looked at.
const reportEvery = 1000

func (p *play) all(ctx context.Context) error {
	n := 0
	for r, err := range p.opts.Records {
		if err != nil {
			return err
		}
		if n%reportEvery == 0 {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			p.progress()
		}
		n++
		if err := p.record(ctx, &r); err != nil {
			return err
		}
		if p.book.failed != nil { // or the rest would be played without a trade
			return fmt.Errorf("%w: %w", ErrJournal, p.book.failed)
		}
	}
	p.progress()
	return nil
}

func (p *play) progress() {
	if p.opts.OnProgress != nil {
		p.opts.OnProgress(p.done)
	}
}

// record plays one record, and follows the signals that it leads to.
func (p *play) record(ctx context.Context, r *replay.Record) error {
	played := p.Play(ctx, r)
	if p.done.Now = p.Market.Now(); p.done.From.IsZero() {
		p.done.From = p.done.Now
	}
	if err := p.newDay(ctx); err != nil {
		return err
	}
	if r.Symbol != "" {
		p.done.Missed += r.Missed
		if played {
			p.done.Ticks++
		}
		return nil
	}
	if !played {
		return nil // there is no price of anything yet
	}
	p.done.Snapshots++
	return p.snapshot(ctx, r.Snapshot)
}

// newDay resumes what was halted on the day before, if that is wanted.
func (p *play) newDay(ctx context.Context) error {
	day := p.done.Now.Truncate(24 * time.Hour)
	if !p.opts.Resume || !day.After(p.day) {
		return nil
	}
	p.day = day
	if s := p.Trader.Status(); s.Halt == nil || s.Unresolved != "" {
		return nil
	}
	return p.Trader.Resume(ctx, "backtest", "the next day")
}

func (p *play) snapshot(ctx context.Context, text []byte) error {
	var s quasar.Snapshot
	if err := s.UnmarshalJSON(text); err != nil {
		return fmt.Errorf("backtest: snapshot: %w", err)
	}
	p.signals = p.signals[:0]
	p.ranker.Take(s, p.hub.at(p.Market.Now(), s.UpdatedAt))
	for i := range p.signals {
		p.done.Signals++
		if err := p.Follow(ctx, &p.signals[i]); err != nil && p.opts.Logger != nil {
			p.opts.Logger.LogAttrs(ctx, slog.LevelDebug, "a signal was not followed", slog.String("decision", p.signals[i].Decision), slog.Any("reason", err))
		}
	}
	return context.Cause(ctx)
}
