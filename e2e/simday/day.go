package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/karlquant/quasar/deriv"
)

// day is what a client lives through.
type day struct {
	plan *plan
	a    *deriv.Account
	end  deriv.Epoch

	mu     sync.Mutex // guards what follows
	feeds  []feed
	trades int
	stake  deriv.Money
	back   deriv.Money
	errs   []error
}

// feed is what came of a symbol's ticks.
type feed struct {
	symbol                string
	ticks, missing, later int // later: read afterwards, to fill a gap
	worst                 time.Duration
}

// run lives the day and reports it.
func (p *plan) run(ctx context.Context) (report string, err error) {
	s, err := p.startServer(ctx)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Whatever is not empty is a token, with any app id.
	a, err := deriv.NewAccount(&deriv.Options{URL: s.url, Token: deriv.NewToken(fmt.Sprint("whatever ", time.Now().UnixNano())), AppID: "5"})
	if err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	if err := a.WaitReady(ctx); err != nil {
		return "", err
	}
	begun := time.Now()
	d := &day{plan: p, a: a, end: deriv.EpochOf(a.Now().Add(p.length))}
	d.live(ctx)
	took := time.Since(begun)
	d.check(ctx)
	cancel()
	err = errors.Join(append(d.errs, <-ended)...)
	cpu, memory, endErr := s.end()
	return d.report(took, cpu, memory), errors.Join(err, endErr)
}

func (d *day) live(ctx context.Context) {
	if got := d.a.Speed(); got != d.plan.speed {
		d.fail(fmt.Errorf("the client's clock is %v times as fast as ours, want %v", got, d.plan.speed))
	}
	var all sync.WaitGroup
	for _, symbol := range d.plan.symbols {
		all.Go(func() { d.watch(ctx, symbol) })
	}
	all.Go(func() { d.trade(ctx) })
	all.Wait()
}

func (d *day) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.errs = append(d.errs, err)
}

// watch reads a symbol's ticks until the day ends: each in its turn.
func (d *day) watch(ctx context.Context, symbol string) {
	stream, err := d.a.Ticks(ctx, symbol)
	if err != nil {
		d.fail(err)
		return
	}
	defer stream.Close()
	f, last, interval := feed{symbol: symbol}, deriv.Epoch(0), deriv.Epoch(0)
	for last < d.end {
		e, err := stream.Next(ctx)
		if err != nil {
			d.fail(fmt.Errorf("%s: %w", symbol, err))
			return
		}
		step := e.Value.Epoch - last
		switch {
		case last != 0 && step <= 0:
			d.fail(fmt.Errorf("%s: got the tick of %d after that of %d", symbol, e.Value.Epoch, last))
		case last != 0 && interval == 0:
			interval = step
		case interval > 0:
			f.missing += int(step/interval) - 1
		}
		if e.Filled {
			f.later++
		} else {
			f.worst = max(f.worst, time.Duration(float64(d.a.Now().Sub(e.Value.Epoch.Time()))/d.plan.speed))
		}
		last = e.Value.Epoch
		f.ticks++
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.feeds = append(d.feeds, f)
	if f.missing > 0 {
		d.errs = append(d.errs, fmt.Errorf("%s: %d ticks are missing", symbol, f.missing))
	}
}

// trade buys a rise or a fall from time to time, and follows it to its end.
func (d *day) trade(ctx context.Context) {
	next := d.a.Now()
	for d.a.Now().Before(d.end.Time()) {
		time.Sleep(time.Duration(float64(next.Sub(d.a.Now())) / d.plan.speed))
		next = next.Add(d.plan.every)
		if err := d.one(ctx); err != nil {
			d.fail(err)
			return
		}
	}
}

func (d *day) one(ctx context.Context) error {
	kind := []string{"CALL", "PUT"}[d.trades%2]
	q, err := d.a.Quote(ctx, deriv.Selection{
		Symbol: "R_75", ContractType: kind, Currency: "USD", Amount: deriv.Unit, Basis: "stake", Duration: 30, DurationUnit: "s",
	})
	if err != nil {
		return err
	}
	b, err := d.a.Buy(ctx, q, q.Ask)
	if err != nil {
		return err
	}
	stream, err := d.a.WatchContract(ctx, b.Contract)
	if err != nil {
		return err
	}
	defer stream.Close()
	var last deriv.OpenContract
	for e, err := range stream.All(ctx) {
		if err != nil {
			return err
		}
		last = e.Value
	}
	again, err := d.a.Contract(ctx, b.Contract) // after its end
	if err != nil || !last.Settled() || again.Status != last.Status || *again.SellPrice != *last.SellPrice {
		return fmt.Errorf("contract %d: got %s and then %s, %w, want the same end twice", b.Contract, last.Status, again.Status, err)
	}
	d.trades++
	d.stake += b.Price
	d.back += *last.SellPrice
	return nil
}

// check holds the client's sums against the account's.
func (d *day) check(ctx context.Context) {
	balance, err := d.a.Balance(ctx)
	if want := 10_000*deriv.Unit - d.stake + d.back; err != nil || balance.Amount != want {
		d.fail(fmt.Errorf("balance: got %v, %w, want %v", balance.Amount, err, want))
	}
}

func (d *day) report(took, cpu time.Duration, memory string) string {
	var out strings.Builder
	ticks := 0
	for _, f := range d.feeds {
		fmt.Fprintf(&out, "  %-8s %6d ticks, %d missing, %d read afterwards, the latest %v of ours after its moment\n", f.symbol, f.ticks, f.missing, f.later, f.worst.Round(100*time.Microsecond))
		ticks += f.ticks
	}
	fmt.Fprintf(&out, "%v of the simulator's time in %v of ours: %d ticks, %d contracts, %v staked, %v back; the simulator took %v of a processor and %s of memory\n",
		d.plan.length, took.Round(100*time.Millisecond), ticks, d.trades, d.stake, d.back, cpu.Round(100*time.Millisecond), memory)
	return out.String()
}
