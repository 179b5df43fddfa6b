// Command simday lives a trading day of the simulator at a thousand times our
// speed, or another part of time: a client subscribes to several symbols over
// TCP, trades, follows what it bought, and asks for it again afterwards. It says
// what that took, and fails where a tick is missing or an amount is off.
//
//	go run ./e2e/simday -quasar bin/quasar
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

// plan is what is done.
type plan struct {
	quasar  string
	speed   float64
	seed    uint64
	length  time.Duration // of the simulator's time
	every   time.Duration // from one trade to the next, of its time
	symbols []string
}

func main() {
	var p plan
	symbols := "R_75,R_100,1HZ100V,CRASH500,JD100,stpRNG"
	flag.StringVar(&p.quasar, "quasar", "bin/quasar", "the program that has the simulator")
	flag.Float64Var(&p.speed, "speed", 1000, "how many of its seconds pass in one of ours")
	flag.Uint64Var(&p.seed, "seed", 7, "of its prices")
	flag.DurationVar(&p.length, "length", 24*time.Hour, "how long, of its time")
	flag.DurationVar(&p.every, "every", 3*time.Minute, "from one trade to the next, of its time")
	flag.StringVar(&symbols, "symbols", symbols, "what is subscribed to")
	flag.Parse()
	p.symbols = strings.Split(symbols, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	report, err := p.run(ctx)
	stop()
	fmt.Print(report)
	if err != nil {
		fmt.Fprintln(os.Stderr, "simday: FAILED\n"+err.Error())
		os.Exit(1)
	}
	fmt.Println("simday: passed")
}
