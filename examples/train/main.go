// Train is a training loop of one's own, to start from: it learns, step by step, whether
// the next move of a price is up, and publishes what it measures.
//
//	go run ./examples/train -hub ws://localhost:7860
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/publisher"
)

func main() {
	hub := flag.String("hub", "ws://localhost:7860", "where the hub is")
	steps := flag.Int64("steps", 0, "how many steps to train; 0 until Ctrl-C")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := train(ctx, *hub, *steps)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func train(ctx context.Context, hub string, steps int64) error {
	pub, err := publisher.New("MY_GO_SPACE", hub, nil)
	if err != nil {
		return err
	}
	pub.Start()
	learn(ctx, pub, steps, rand.New(rand.NewPCG(1, 2)))
	ended, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return pub.Close(ended) // sends what is still to be sent
}

// learn is a logistic regression on the last move. Put your own model here: what counts
// is the call of Publish, which takes microseconds and never blocks.
func learn(ctx context.Context, pub *publisher.Publisher, steps int64, random *rand.Rand) {
	price, last, weight, bias, accuracy := 1000.0, 0.0, 0.0, 0.0, 0.5
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for step := int64(1); steps == 0 || step <= steps; step++ {
		up := 1 / (1 + math.Exp(-(weight*last + bias)))
		move := random.NormFloat64()
		target, hit := 0.0, 0.0
		if move > 0 {
			target = 1
		}
		if (up > 0.5) == (move > 0) {
			hit = 1
		}
		weight += 0.05 * (target - up) * last
		bias += 0.05 * (target - up)
		accuracy += 0.01 * (hit - accuracy)
		loss := -target*math.Log(up) - (1-target)*math.Log(1-up)
		price, last = price*math.Exp(move/1000), move

		signal, buys := quasar.Sell, int64(math.Round(10*up))
		if up > 0.5 {
			signal = quasar.Buy
		}
		pub.Publish(
			quasar.Training{TrainingSteps: &step, AVNLoss: &loss, AVNAccuracy: &accuracy},
			quasar.Voting{DominantSignal: &signal, BuyCount: &buys, SellCount: new(10 - buys), LastPrice: &price},
		)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
