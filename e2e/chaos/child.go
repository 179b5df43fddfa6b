package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/internal/venue"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
)

// ended is what a child prints when nothing is open or unresolved any more.
const ended = "ended"

// child is a trader as a process of its own, as in the product: a broker, a journal,
// and signals all the time. A quiet one buys nothing, and ends when nothing is open
// and journal and venue agree.
func child(args []string) error {
	set := flag.NewFlagSet("trade", flag.ContinueOnError)
	url := set.String("url", "", "of the venue")
	dir := set.String("dir", "", "of the journal")
	token := set.String("token", "any", "of the account")
	quiet := set.Bool("quiet", false, "buy nothing, and end")
	if err := set.Parse(args); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	b, err := open(ctx, &venue.Options{Mode: trade.Demo, Logger: log, Deriv: deriv.Options{
		URL: *url, Token: deriv.NewToken(*token), AppID: appID, Logger: log, ReconnectFirst: 20 * time.Millisecond, ReconnectMost: 100 * time.Millisecond,
	}})
	if err != nil {
		return err
	}
	j, err := journal.Open(*dir, b.Account(), &journal.Options{Logger: log})
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }() // what is on record is on the disk
	t, err := trade.New(&trade.Options{Broker: b, Journal: j, Limits: limits(), Terms: terms, Logger: log})
	if err != nil {
		return err
	}
	signals := make(chan trade.Signal)
	if *quiet {
		go untilEnded(ctx, t)
	} else {
		go vote(ctx, signals)
	}
	return t.Run(ctx, signals)
}

// open tries again: a venue under maintenance is part of the game.
func open(ctx context.Context, o *venue.Options) (b *venue.Broker, err error) {
	for ctx.Err() == nil {
		if b, err = venue.Open(ctx, o); err == nil {
			return b, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil, errors.Join(err, ctx.Err())
}

// vote makes a new signal as soon as the trader is done with the last. Their names are
// of the clock: a trader that starts again gets new ones.
func vote(ctx context.Context, signals chan<- trade.Signal) {
	assets := []string{"V75", "V100_1s", "V10", "V25_1s"}
	for i := int64(0); ctx.Err() == nil; i++ {
		now := time.Now().UnixNano()
		s := trade.Signal{
			Price:    new(1.0),
			Decision: strconv.FormatInt(now, 10), Asset: assets[i%int64(len(assets))], Side: trade.Buy, Votes: [2]int64{now, 0}, Propensity: 1,
		}
		if now%2 == 0 {
			s.Side = trade.Sell
		}
		select {
		case <-ctx.Done():
		case signals <- s:
		}
	}
}

func terms(f *trade.Facts) (trade.Terms, error) {
	kind := trade.Rise
	if f.Signal.Side == trade.Sell {
		kind = trade.Fall
	}
	return trade.Terms{Symbol: f.Instrument.Symbol, Kind: kind, Stake: trade.Cents(50), Ticks: 5}, nil
}

// limits let everything through that does not need a person: it is the accounts that
// are tested here.
func limits() *trade.Limits {
	const much = 1_000_000 * trade.Unit
	return &trade.Limits{
		MaxStakeShare: 1, MaxOpen: -1, MaxOpenAsset: -1, MaxOpenSide: -1, MaxOpenPayout: much, PerMinute: -1, PerHour: -1, PerDay: -1,
		DailyLoss: much, RollingLoss: much, MaxDrawdown: 1, LossStreak: -1, Session: -1, MaxVotesAge: -1, MaxFrozen: -1, MaxPriceGap: 100,
		MaxTickAge: -1, MaxLag: -1, MaxOffset: -1, MaxErrors: -1,
	}
}

// untilEnded ends the process when journal and venue agree that nothing is left.
func untilEnded(ctx context.Context, t *trade.Trader) {
	for ctx.Err() == nil {
		active, s := 0, t.Status()
		if s.Halt != nil && s.Halt.Reason == trade.ReasonAmbiguous && s.Unresolved != "" {
			decide(ctx, t, &s)
		}
		t.View(func(l *trade.Ledger) { active = len(l.Active()) })
		if s.Reconciled && s.Unresolved == "" && active == 0 && t.Reconcile(ctx) == nil {
			fmt.Println(ended)
			os.Exit(0)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// decide is the person who looks at the venue's page and tells the trader which
// contract it was: the only one that it names.
func decide(ctx context.Context, t *trade.Trader, s *trade.Status) {
	var contract int64
	_, ids, _ := strings.Cut(s.Halt.Detail, "tell: ")
	if _, err := fmt.Sscan(ids, &contract); err != nil {
		return
	}
	if t.Resolve(ctx, s.Unresolved, contract, "person") == nil {
		_ = t.Resume(ctx, "person", "") // refused while it is too early: then once more
	}
}
