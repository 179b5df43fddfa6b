// Package embedded shows a hub, a publisher and a subscriber inside a program of one's own.
package embedded

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/publisher"
	"github.com/karlquant/quasar/subscriber"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	h := must(hub.New(nil)) // an http.Handler
	server := httptest.NewServer(h)
	defer server.Close()

	pub := must(publisher.New("V75", server.URL, nil)) // sends, cannot receive
	pub.Start()
	pub.Publish(quasar.Training{AVNAccuracy: new(0.86)}, quasar.Voting{BuyCount: new(int64(7)), SellCount: new(int64(3))})

	sub := must(subscriber.New(server.URL, nil)) // receives, cannot send
	for snapshot, err := range sub.Watch(ctx) {  // reconnects for ever
		if err == nil {
			fmt.Printf("%s %+.2f\n", snapshot.SpaceName, *snapshot.Score().Value)
			break
		}
	}
	_ = pub.Close(ctx)
	_ = h.Shutdown(ctx)
	// Output: V75 -0.16
}
