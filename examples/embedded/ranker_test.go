package embedded

import (
	"context"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/publisher"
	"github.com/karlquant/quasar/ranker"
)

// A ranker in a program of one's own: it follows a hub, and is an http.Handler.
func Example_ranker() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	h := must(hub.New(nil))
	server := httptest.NewServer(h)
	defer server.Close()
	pub := must(publisher.New("V75", server.URL, nil))
	pub.Start()
	pub.Publish(quasar.Training{AVNAccuracy: new(0.5)}, quasar.Voting{BuyCount: new(int64(3)), SellCount: new(int64(1))})
	hubURL, ended := server.URL, make(chan error, 1)

	r := must(ranker.New(&ranker.Options{Assets: []string{"V75", "V100_1s"}, HubURL: hubURL}))
	go func() { ended <- r.Run(ctx) }() // until ctx ends

	for len(r.Ranking().Assets) == 0 {
		time.Sleep(time.Millisecond)
	}
	ranking := r.Ranking()
	fmt.Println(ranking.Names(), "waiting for", ranking.Waiting)
	_ = pub.Close(ctx)
	cancel()
	fmt.Println(<-ended)
	_ = h.Shutdown(context.Background())
	// Output:
	// [V75] waiting for [V100_1s]
	// <nil>
}
