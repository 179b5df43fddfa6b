package derivsim_test

import (
	"context"
	"fmt"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
)

// A buy whose answer is lost: the client cannot know whether it was made, and the
// venue's own books say that it was.
func Example() {
	sim, err := derivsim.New(&derivsim.Options{
		Seed: 1, Start: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Accounts: []derivsim.Account{{ID: "mine", Kind: deriv.Demo, Currency: "USD", Balance: 100 * deriv.Unit}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { _ = sim.Run(ctx) }()
	client, err := deriv.NewAccount(&deriv.Options{
		URL: derivsim.MemoryURL, HTTPClient: sim.HTTPClient(), Token: deriv.NewToken("any"), AppID: "77",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = client.Run(ctx) }()
	defer func() { cancel(); <-ended }() // so that nothing is left running

	// The second buy from now on this account is executed and not answered.
	err = sim.Inject(derivsim.Fault{Kind: derivsim.DropAfter, Call: "buy", Account: "mine", After: 1, Count: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		quote, err := client.Quote(ctx, deriv.Selection{
			Symbol: "R_75", ContractType: "CALL", Currency: "USD", Amount: 5 * deriv.Unit, Basis: "stake", Duration: 1, DurationUnit: "h",
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		_, err = client.Buy(ctx, quote, quote.Ask)
		fmt.Println("the client knows:", deriv.OutcomeOf(err))
	}

	ledger, err := sim.Ledger("mine")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range ledger.Of(derivsim.AppID("77")) {
		fmt.Println("the venue has:", c.Selection.ContractType, c.Selection.Symbol, c.Price, c.Status)
	}
	fmt.Println("balance:", ledger.Balance, "adds up:", ledger.Check() == nil, "lost answers:", sim.Happened()[derivsim.DropAfter])
	// Output:
	// the client knows: made
	// the client knows: unknown
	// the venue has: CALL R_75 5.00 open
	// the venue has: CALL R_75 5.00 open
	// balance: 90.00 adds up: true lost answers: 1
}
