package trade_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/journal"
	"github.com/karlquant/quasar/trade/paper"
	"github.com/karlquant/quasar/trade/replay"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A trader on a paper account, on a market that is played: it buys a Rise of five ticks
// for a signal. What happened is in the journal.
func Example() {
	ctx := context.Background()
	market := must(replay.New(nil))
	account := must(paper.New(market, &paper.Options{Opening: 1000 * trade.Unit, Rejected: -1}))
	dir := must(os.MkdirTemp("", "quasar-example-"))
	defer func() { _ = os.RemoveAll(dir) }()
	book := must(journal.Open(dir, account.Account(), nil))
	defer func() { _ = book.Close() }()
	chooser := &trade.Chooser{Sizing: trade.Sizing{Stake: 2 * trade.Unit}, Ticks: 5}
	trader := must(trade.New(&trade.Options{Broker: account, Journal: book, Terms: chooser.Terms}))
	if err := trader.Open(ctx); err != nil {
		panic(err)
	}

	player := &replay.Player{Market: market, Broker: account, Trader: trader}
	now, last, random := time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC), 100_000.0, rand.New(rand.NewPCG(1, 2))
	for tick := range 30 {
		now, last = now.Add(2*time.Second), last+random.NormFloat64()
		player.Play(ctx, &replay.Record{At: now, Symbol: "R_75", Tick: trade.Tick{Price: last, At: now}})
		if tick != 10 {
			continue
		}
		signal := &trade.Signal{
			Decision: "decision-1", Asset: "V75", Side: trade.Buy, Votes: [2]int64{7, 3}, Price: new(last), TrainingAge: new(time.Second), Propensity: 1,
		}
		if err := player.Follow(ctx, signal); err != nil {
			panic(err)
		}
	}
	for entry, err := range book.Entries(ctx) {
		if err != nil {
			panic(err)
		}
		fmt.Println(entry.What())
	}
	for _, order := range trader.Orders(10) {
		fmt.Println(order.State, order.Kind(), order.Symbol(), order.Price(), order.Settlement.Result, order.Profit())
	}
	// Output:
	// opened
	// started
	// reconciled
	// planned
	// sent
	// bought
	// settled
	// SETTLED CALL R_75 2.00 lost -2.00
}
