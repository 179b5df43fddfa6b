package deriv_test

import (
	"context"
	"fmt"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
)

// newSimulator returns a simulator in memory that lives a hundred times as fast as we
// do: options that lead to it. Leave URL and HTTPClient out to reach Deriv.
func newSimulator(ctx context.Context) *deriv.Options {
	sim, err := derivsim.New(&derivsim.Options{Seed: 1, Speed: 100, Start: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)})
	if err != nil {
		panic(err)
	}
	go sim.Run(ctx)
	return &deriv.Options{
		URL: derivsim.MemoryURL, HTTPClient: sim.HTTPClient(),
		Token: deriv.NewToken("any"), AppID: "1",
	}
}

// The public socket needs no account.
func ExampleNew() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client, err := deriv.New(newSimulator(ctx))
	if err != nil {
		panic(err)
	}
	go client.Run(ctx) // connects, and connects again

	symbol, err := client.Symbol(ctx, "V75") // waits for the connection
	if err != nil {
		panic(err)
	}
	fmt.Println(symbol.Symbol, symbol.Name, symbol.Step)
	// Output: R_75 Volatility 75 Index 0.0001
}

func ExampleClient_Ticks() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client, err := deriv.New(newSimulator(ctx))
	if err != nil {
		panic(err)
	}
	go client.Run(ctx)

	ticks, err := client.Ticks(ctx, "R_75")
	if err != nil {
		panic(err)
	}
	defer ticks.Close()
	var last deriv.Epoch
	n := 0
	for e, err := range ticks.All(ctx) {
		if err != nil {
			panic(err)
		}
		if last != 0 {
			fmt.Println(e.Value.Epoch-last, "seconds later,", e.Missed, "missed")
		}
		last = e.Value.Epoch
		if n++; n == 4 {
			break
		}
	}
	// Output:
	// 2 seconds later, 0 missed
	// 2 seconds later, 0 missed
	// 2 seconds later, 0 missed
}

func ExampleClient_Quote() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client, err := deriv.New(newSimulator(ctx))
	if err != nil {
		panic(err)
	}
	go client.Run(ctx)

	quote, err := client.Quote(ctx, deriv.Selection{
		Symbol: "R_75", ContractType: "CALL", Currency: "USD",
		Amount: 10 * deriv.Unit, Basis: "stake", Duration: 5, DurationUnit: "t",
	})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%v pays %v, and breaks even at %.2f %% won\n", quote.Ask, quote.Payout, 100*quote.BreakEven())
	// Output: 10.00 pays 19.54, and breaks even at 51.18 % won
}

func ExampleAccount_Buy() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	account, err := deriv.NewAccount(newSimulator(ctx)) // a demo account, unless told otherwise
	if err != nil {
		panic(err)
	}
	go account.Run(ctx)

	quote, err := account.Quote(ctx, deriv.Selection{
		Symbol: "R_75", ContractType: "CALL", Currency: "USD",
		Amount: 10 * deriv.Unit, Basis: "stake", Duration: 5, DurationUnit: "t",
	})
	if err != nil {
		panic(err)
	}
	bought, err := account.Buy(ctx, quote, quote.Ask)
	switch deriv.OutcomeOf(err) {
	case deriv.NotMade:
		panic(err) // and a new quote is a new decision
	case deriv.Unknown:
		panic(fmt.Errorf("look into the statement; do not buy again: %w", err))
	}

	contract, err := account.WatchContract(ctx, bought.Contract)
	if err != nil {
		panic(err)
	}
	defer contract.Close()
	for e, err := range contract.All(ctx) {
		if err != nil {
			panic(err)
		}
		if c := e.Value; c.Settled() {
			fmt.Printf("bought for %v, settled: %v, profit and price agree: %v\n",
				c.BuyPrice, c.Status == deriv.Won || c.Status == deriv.Lost, *c.Profit == *c.SellPrice-c.BuyPrice)
		}
	}
	// Output: bought for 10.00, settled: true, profit and price agree: true
}
