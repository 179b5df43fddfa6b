// Command soak lets a real hub stand for a while among publishers, subscribers
// and hostile clients at once, and fails if it breaks a promise of
// spec/protocol.md, if it grows, or if who behaves pays for who does not.
//
//	go run ./e2e/soak -quasar bin/quasar -time 10m
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"time"
)

// plan is what is done.
type plan struct {
	quasar      string
	duration    time.Duration
	publishers  int
	rate        float64 // updates a second of each
	subscribers int
	hostile     int
	seed        uint64
	timing      bool
}

func main() {
	var p plan
	flag.StringVar(&p.quasar, "quasar", "bin/quasar", "the program to stand the test")
	flag.DurationVar(&p.duration, "time", 10*time.Minute, "how long; a quarter of it without hostile clients")
	flag.IntVar(&p.publishers, "publishers", 10, "how many spaces publish")
	flag.Float64Var(&p.rate, "rate", 20, "updates a second of each")
	flag.IntVar(&p.subscribers, "subscribers", 30, "how many receive all of it")
	flag.IntVar(&p.hostile, "hostile", 200, "how many hostile clients are there at a time")
	flag.Uint64Var(&p.seed, "seed", uint64(time.Now().UnixNano()), "of what the hostile clients do")
	flag.BoolVar(&p.timing, "timing", true, "fail for a p99 delay that more than doubles; off where other things run on the machine")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := p.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak: FAILED\n"+err.Error())
		os.Exit(1)
	}
	fmt.Println("soak: passed")
}

// run stands the hub up, plays both acts and judges them.
func (p *plan) run(ctx context.Context) error {
	fmt.Printf("soak: %v, %d publishers × %v/s → %d subscribers, %d hostile clients, seed %d\n",
		p.duration, p.publishers, p.rate, p.subscribers, p.hostile, p.seed)
	hub, err := startHub(ctx, p.quasar)
	if err != nil {
		return err
	}
	defer hub.kill()
	crowd, err := gather(ctx, p, hub.addr)
	if err != nil {
		return err
	}
	quiet := crowd.act(ctx, hub, "among friends", p.duration/4)
	besieged := enemies{addr: hub.addr, count: p.hostile, rand: rand.New(rand.NewPCG(p.seed, 1))}
	besieged.start(ctx)
	siege := crowd.act(ctx, hub, "besieged", p.duration-p.duration/4)
	besieged.stop()
	fmt.Printf("soak: hostile clients connected %d times; %v\n", besieged.total.Load(), besieged.kinds())
	broken := crowd.end()
	errs := []error{broken, ctx.Err(), grew(siege), hub.end()}
	if p.timing {
		errs = append(errs, slowed(quiet, siege))
	}
	return errors.Join(errs...)
}

// grew says what grew in an act.
func grew(a *act) error {
	var errs []error
	for _, q := range []quantity{memory, goroutines, files} {
		errs = append(errs, a.growth(q))
	}
	return errors.Join(errs...)
}

// slowed says whether who behaves paid for who does not.
func slowed(quiet, siege *act) error {
	if base, got := max(quiet.delays.quantile(0.99), noise), siege.delays.quantile(0.99); got > 2*base {
		return fmt.Errorf("p99 delay: got %v among hostile clients, want at most twice %v", got, base)
	}
	return nil
}

// noise is the delay that a machine which does other things as well adds by
// itself: a p99 below it counts as this much.
const noise = 5 * time.Millisecond
