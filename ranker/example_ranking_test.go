package ranker_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/wire"
	"github.com/karlquant/quasar/ranker"
)

// exampleHub stands in for a hub that knows two spaces, on a real socket.
func exampleHub() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		now := time.Now()
		snapshots := []quasar.Snapshot{
			{SpaceName: "CRASH1000", UpdatedAt: now, VotingAt: now, Training: quasar.Training{AVNAccuracy: new(0.38)},
				Voting: quasar.Voting{DominantSignal: new(quasar.Neutral), BuyCount: new(int64(11)), SellCount: new(int64(1)), LastPrice: new(5321.7)}},
			{SpaceName: "V75", UpdatedAt: now, VotingAt: now, Training: quasar.Training{AVNAccuracy: new(0.86)},
				Voting: quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: new(int64(7)), SellCount: new(int64(3)), LastPrice: new(98123.4)}},
		}
		ctx := ws.CloseRead(context.Background())
		_ = ws.Write(ctx, websocket.MessageText, wire.AppendInitialState(nil, snapshots, now))
		<-ctx.Done()
	}))
}

// With Sync every snapshot is ranked and told of before the next is read.
func ExampleRanker_Run() {
	hub := exampleHub()
	defer hub.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := ranker.New(&ranker.Options{
		HubURL: hub.URL, Assets: []string{"V75", "CRASH1000", "STEP"}, Sync: true,
		OnRanking: func(k ranker.Ranking) {
			for _, a := range k.Assets {
				fmt.Printf("%d %s %+.2f tradable %t %v\n", a.Rank, a.Snapshot.SpaceName, *a.Score.Value, a.Tradable(), a.HeldBack)
			}
			fmt.Println("waiting for", k.Waiting)
			if len(k.Assets) == 2 {
				cancel()
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Run(ctx))
	// Output:
	// 1 CRASH1000 +0.54 tradable false [neutral signal]
	// waiting for [STEP V75]
	// 1 V75 -0.16 tradable true []
	// 2 CRASH1000 +0.54 tradable false [neutral signal]
	// waiting for [STEP]
	// <nil>
}

// A ranker answers before it runs, and says that it knows nothing yet.
func ExampleRanker_ServeHTTP() {
	r, err := ranker.New(&ranker.Options{HubURL: "ws://localhost:7860"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, path := range []string{"/livez", "/rankings?order=best"} {
		answer := httptest.NewRecorder()
		r.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://localhost:7861"+path, nil))
		fmt.Println(answer.Code, answer.Body)
	}
	// Output:
	// 200 {"status":"ok"}
	// 400 {"type":"about:blank","title":"Bad Request","status":400,"detail":"order: got \"best\", want \"desc\", \"asc\" or \"balanced\""}
}
