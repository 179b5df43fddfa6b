// Command chaos kills a trader again and again, at named places and at random
// moments, while its venue misbehaves in every way that it can, and then compares the
// trader's journal with the venue's own books.
//
//	go run -tags failpoint ./e2e/chaos -runs 500
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

	"golang.org/x/sync/errgroup"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "trade" {
		exit(child(os.Args[2:]))
	}
	var p plan
	flag.IntVar(&p.runs, "runs", 500, "how many traders are killed until their books are compared")
	flag.IntVar(&p.first, "first", 0, "the number of the first run, to see one again")
	flag.Uint64Var(&p.seed, "seed", uint64(time.Now().UnixNano()), "of faults, prices and moments")
	flag.IntVar(&p.parallel, "parallel", 4, "how many runs at a time")
	flag.Float64Var(&p.speed, "speed", 300, "of the venue's clock")
	flag.BoolVar(&p.verbose, "v", false, "print what each run did, and what its traders logged")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	exit(p.play(ctx))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos: FAILED\n"+err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}

// plan is what is done.
type plan struct {
	runs, first, parallel int
	seed                  uint64
	speed                 float64
	verbose               bool
}

// play makes all runs, and says what they came to. One that fails does not stop the
// others.
func (p *plan) play(ctx context.Context) error {
	fmt.Printf("chaos: %d runs, seed %d\n", p.runs, p.seed)
	began := time.Now()
	results := make([]result, p.runs)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(p.parallel)
	for i := range p.runs {
		g.Go(func() error {
			results[i] = p.one(ctx, p.first+i)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return summary(results, time.Since(began))
}

// summary adds the runs up. Runs in which nothing happened prove nothing, and fail.
func summary(results []result, took time.Duration) error {
	var sum counts
	var failed []error
	for i := range results {
		sum.add(&results[i].counts)
		if err := results[i].err; err != nil {
			failed = append(failed, err)
		}
	}
	fmt.Printf("chaos: %d runs in %v: %d kills (%d at a named place), %d intents, %d contracts, %d unknown, %d resolved as bought, %d given up, %d rejected, %d settled, %d halts\n",
		len(results), took.Round(time.Second), sum.kills, sum.named, sum.intents, sum.contracts, sum.unknown, sum.found, sum.abandoned, sum.rejected, sum.settled, sum.halts)
	if sum.kills < len(results)/2 || sum.contracts == 0 {
		failed = append(failed, errors.New("hardly anything happened: this proves nothing"))
	}
	return errors.Join(failed...)
}

// random is the chance of one run, the same for the same seed.
func (p *plan) random(run int) *rand.Rand { return rand.New(rand.NewPCG(p.seed, uint64(run))) }
