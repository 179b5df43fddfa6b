package venue

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/trade"
)

// Run keeps the account connected until ctx ends, and tells of connections, contracts
// and movements.
func (b *Broker) Run(ctx context.Context, tell func(trade.Event)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex // one tells at a time
	say := func(e trade.Event) {
		mu.Lock()
		defer mu.Unlock()
		tell(e)
	}
	var telling sync.WaitGroup
	telling.Go(func() { tellConnections(ctx, b.client, say) })
	telling.Go(func() { b.tellMovements(ctx, say) })
	telling.Go(func() { b.tellContracts(ctx, say) })
	err := b.run(ctx, b.account.Run, nil)
	cancel()
	telling.Wait()
	return err
}

// tellConnections tells each connection and each loss, until ctx ends.
func tellConnections(ctx context.Context, c *deriv.Client, tell func(trade.Event)) {
	var last deriv.Connection
	for {
		now, err := c.NextConnection(ctx, last)
		switch {
		case now.Up && (!last.Up || now.Generation != last.Generation):
			tell(trade.Event{Connected: now.Generation})
		case !now.Up && last.Up:
			tell(trade.Event{Lost: lost(now.Err)})
		}
		if err != nil {
			return
		}
		last = now
	}
}

func lost(err error) error {
	if err == nil {
		return deriv.ErrDropped
	}
	return err
}

func (b *Broker) tellMovements(ctx context.Context, tell func(trade.Event)) {
	for ctx.Err() == nil {
		if err := b.movements(ctx, tell); err != nil && ctx.Err() == nil {
			b.log.LogAttrs(ctx, slog.LevelWarn, "no movements of the balance", slog.Any("reason", err))
		}
		pause(ctx, time.Second)
	}
}

func (b *Broker) movements(ctx context.Context, tell func(trade.Event)) error {
	stream, err := b.account.Transactions(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	for e, err := range stream.All(ctx) {
		if err != nil {
			return err
		}
		if m := &e.Value; m.Action != "" {
			tell(trade.Event{Movement: &trade.Movement{
				Transaction: int64(m.ID), Action: m.Action, Amount: signed(m.Action, m.Amount), Balance: trade.Money(m.Balance),
				Contract: int64(m.Contract), At: moment(m.Time),
			}})
		}
	}
	return nil
}

// tellContracts follows each contract that it is told of, once at a time.
func (b *Broker) tellContracts(ctx context.Context, tell func(trade.Event)) {
	var mu sync.Mutex // guards followed
	followed := make(map[int64]bool)
	var streams sync.WaitGroup
	defer streams.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-b.watches:
			mu.Lock()
			known := followed[id]
			followed[id] = true
			mu.Unlock()
			if known {
				continue
			}
			streams.Go(func() {
				b.tellContract(ctx, id, tell)
				mu.Lock()
				delete(followed, id)
				mu.Unlock()
			})
		}
	}
}

// tellContract follows one contract to its end, over as many streams as it takes.
func (b *Broker) tellContract(ctx context.Context, id int64, tell func(trade.Event)) {
	for ctx.Err() == nil {
		ended, err := b.followContract(ctx, id, tell)
		if ended || deriv.IsClass(err, deriv.ClassPosition) {
			return
		}
		if ctx.Err() == nil {
			b.log.LogAttrs(ctx, slog.LevelWarn, "a contract is not followed", slog.Int64("contract", id), slog.Any("reason", err))
		}
		pause(ctx, followAgain)
	}
}

// followAgain is how long a contract is left alone whose stream could not begin, or
// broke.
const followAgain = 3 * time.Second

func (b *Broker) followContract(ctx context.Context, id int64, tell func(trade.Event)) (ended bool, err error) {
	stream, err := b.account.WatchContract(ctx, deriv.ContractID(id))
	if err != nil {
		return false, err
	}
	defer stream.Close()
	for e, err := range stream.All(ctx) {
		if err != nil {
			return false, err
		}
		ended = e.Value.Settled()
		tell(trade.Event{Contract: new(contract(&e.Value))})
	}
	return ended, nil
}
