// Command trainer is a training process with the Go publisher, for as long as
// its standard input is open.
//
//	trainer HUB_URL SPACE
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/publisher"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "trainer:", err)
		os.Exit(1) //nolint:forbidigo // this is a main of its own
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("got %d arguments, want HUB_URL SPACE", len(args))
	}
	p, err := publisher.New(args[1], args[0], nil)
	if err != nil {
		return err
	}
	p.Start()
	ctx, ended := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		ended()
	}()
	train(ctx, p)
	closing, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	return p.Close(closing)
}

func train(ctx context.Context, p *publisher.Publisher) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for step := int64(1); ctx.Err() == nil; step++ {
		p.Publish(
			quasar.Training{TrainingSteps: &step, AVNAccuracy: new(0.5)},
			quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: new(int64(7)), SellCount: new(int64(3))},
		)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}
