package publisher_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/publisher"
)

// printingHub stands in for a hub: it prints the frames that it gets.
func printingHub() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		for {
			_, frame, err := ws.Read(context.Background())
			if err != nil {
				return
			}
			fmt.Println(string(frame))
		}
	}))
}

func Example() {
	hub := printingHub()
	defer hub.Close()

	pub, err := publisher.New("V75", hub.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	pub.Publish(
		quasar.Training{TrainingSteps: new(int64(900)), AVNAccuracy: new(0.86)},
		quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: new(int64(7)), SellCount: new(int64(3))},
	)
	pub.Start() // what was published before is sent first

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := pub.Close(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"type":"identify","space":"V75"}
	// {"type":"metrics","training":{"training_steps":900,"avn_accuracy":0.86},"voting":{"dominant_signal":"BUY","buy_count":7,"sell_count":3}}
}

// A value that is not known any more, such as the loss of a run that diverged,
// is published as such.
func ExamplePublisher_PublishUpdate() {
	hub := printingHub()
	defer hub.Close()

	pub, err := publisher.New("CRASH500", hub.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	pub.PublishUpdate(quasar.Update{Fields: quasar.FieldsOf(quasar.ActorLoss)})
	pub.Start()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := pub.Close(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"type":"identify","space":"CRASH500"}
	// {"type":"training","data":{"actor_loss":null}}
}

// Calls that come faster than MaxRate are merged; so are those that find no hub.
func ExamplePublisher_Stats() {
	pub, err := publisher.New("V75", "ws://localhost:7860", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for step := range int64(1000) {
		pub.PublishTraining(quasar.Training{TrainingSteps: &step})
	}
	fmt.Println("pending calls:", pub.Stats().Pending)
	fmt.Println(pub.Close(context.Background()))
	// Output:
	// pending calls: 1000
	// publisher: the newest state of V75 was not sent: closed without a start
}
