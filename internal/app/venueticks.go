package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/space"
)

// venueTicks are the ticks of a venue for a space that trains on them. Next takes the
// newest tick, waits for one if none is new, and repeats the last one once there will
// be no more.
type venueTicks struct {
	symbol string
	ticks  chan float64
	last   float64
}

// queuedTicks is how many ticks wait for a space that is slow; it loses those beyond.
const queuedTicks = 64

// Next returns the next price.
func (v *venueTicks) Next() float64 {
	if tick, ok := <-v.ticks; ok {
		v.last = tick
	}
	for len(v.ticks) > 0 {
		v.last = <-v.ticks
	}
	return v.last
}

// unhurried is how fast a space lives beside the venue: a little slower, so that it
// hardly ever waits for a tick, for which it would blame itself. It skips one in fifty.
const unhurried = 0.98

// venueFeed is where ticks come from: an address, and a client for a simulator in
// memory.
type venueFeed struct {
	url  string
	http *http.Client
}

// train has a space live on the ticks of a venue: opts gets their law and their speed.
// The returned function waits for the connection's end, which comes with ctx.
func (f *venueFeed) train(ctx context.Context, opts *space.Options, log *slog.Logger) (wait func(), err error) {
	client, err := deriv.New(&deriv.Options{URL: f.url, HTTPClient: f.http, Logger: log})
	if err != nil {
		return nil, misconfigured(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { _ = client.Run(ctx) }) // it ends with ctx
	stop := func() { cancel(); running.Wait() }
	v, err := f.connect(ctx, client, opts)
	if err != nil {
		stop()
		return nil, err
	}
	running.Go(func() { v.follow(ctx, client, log) })
	return stop, nil
}

// connect finds the index behind the space's name, and waits for its first tick.
func (f *venueFeed) connect(ctx context.Context, client *deriv.Client, opts *space.Options) (*venueTicks, error) {
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	if err := client.Connected(ctx); err != nil {
		return nil, unreachable(err)
	}
	name := opts.Index.Name
	symbol, err := client.Symbol(ctx, name)
	if err != nil {
		return nil, misconfigured(err)
	}
	tick, err := client.LastTick(ctx, symbol.Symbol)
	if err != nil {
		return nil, fmt.Errorf("no tick of %s: %w", symbol.Symbol, err)
	}
	v := &venueTicks{symbol: symbol.Symbol, ticks: make(chan float64, queuedTicks), last: tick.Quote.Float()}
	opts.Process, opts.Speed = v, unhurried*client.Speed()
	return v, nil
}

// follow hands ticks on until ctx ends.
func (v *venueTicks) follow(ctx context.Context, client *deriv.Client, log *slog.Logger) {
	defer close(v.ticks)
	stream, err := client.Ticks(ctx, v.symbol)
	if err != nil {
		log.LogAttrs(ctx, slog.LevelError, "no ticks to train on", slog.String("symbol", v.symbol), slog.Any("reason", err))
		return
	}
	defer stream.Close()
	for e, err := range stream.All(ctx) {
		if err != nil {
			return
		}
		select {
		case v.ticks <- e.Value.Quote.Float():
		default: // too slow; the space says so itself
		}
	}
}
