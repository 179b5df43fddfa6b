package embedded

import (
	"context"
	"fmt"
	"time"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/derivsim"
)

// A venue in memory, and a client of it.
func Example_simulator() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ended := make(chan error, 1)

	sim := must(derivsim.New(&derivsim.Options{Seed: 1}))
	go func() { ended <- sim.Run(ctx) }() // until ctx ends
	client := must(deriv.New(&deriv.Options{URL: derivsim.MemoryURL, HTTPClient: sim.HTTPClient()}))

	served := make(chan error, 1)
	go func() { served <- client.Run(ctx) }()
	fmt.Println(must(client.Symbol(ctx, "V75")).Symbol)
	cancel()
	fmt.Println(<-served, <-ended)
	// Output:
	// R_75
	// <nil> <nil>
}
