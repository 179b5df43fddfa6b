package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	sdk "github.com/karlquant/quasar/publisher"
)

// A hub inside a program of one's own: serve it, and run it beside.
func Example() {
	h, err := hub.New(&hub.Options{ID: "mine", StaleAfter: time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }() // until ctx ends
	server := httptest.NewServer(h)
	defer server.Close()

	pub, err := sdk.New("V75", server.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	pub.Publish(quasar.Training{AVNAccuracy: new(0.86)}, quasar.Voting{BuyCount: new(int64(7)), SellCount: new(int64(3))})
	pub.Start()
	if err := pub.Close(ctx); err != nil { // the hub has read it
		fmt.Println(err)
	}

	answer, err := server.Client().Get(server.URL + "/rankings")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = answer.Body.Close() }()
	var ranked struct {
		Rankings []struct {
			Rank  int     `json:"rank"`
			Name  string  `json:"space_name"`
			Score float64 `json:"score"`
			Stale bool    `json:"stale"`
		} `json:"rankings"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&ranked); err != nil {
		fmt.Println(err)
	}
	for _, r := range ranked.Rankings {
		fmt.Printf("%d %s %+.2f stale: %v\n", r.Rank, r.Name, r.Score, r.Stale)
	}
	cancel()
	fmt.Println(<-ended)
	// Output:
	// 1 V75 -0.16 stale: false
	// <nil>
}
