package subscriber_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar/subscriber"
)

// exampleHub stands in for a hub that knows two spaces and then hears from one.
func exampleHub() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		ctx := ws.CloseRead(context.Background())
		for _, frame := range []string{
			`{"type":"initial_state","snapshots":{
				"V75":{"space_name":"V75","training":{"avn_accuracy":0.81},"voting":{"dominant_signal":"BUY","buy_count":7,"sell_count":3},"seq":41},
				"V100":{"space_name":"V100","training":{"avn_accuracy":0.5},"voting":{},"seq":12}},"hub_timestamp":1760000000.2}`,
			`{"type":"metrics_update","space_name":"V75","snapshot":
				{"space_name":"V75","training":{"avn_accuracy":0.82},"voting":{"dominant_signal":"SELL","buy_count":2,"sell_count":8},"seq":42},"hub_timestamp":1760000000.3}`,
		} {
			_ = ws.Write(ctx, websocket.MessageText, []byte(frame))
		}
		<-ctx.Done()
	}))
}

func Example() {
	hub := exampleHub()
	defer hub.Close()

	client, err := subscriber.New(hub.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for snapshot, err := range client.Watch(ctx) {
		if err != nil {
			fmt.Println(err) // and Watch goes on
			continue
		}
		score := snapshot.Score()
		if score.Value == nil {
			fmt.Println(snapshot.SpaceName, score.Reason)
			continue
		}
		fmt.Printf("%s %s %.2f\n", snapshot.SpaceName, *snapshot.Voting.DominantSignal, *score.Value)
		if snapshot.Seq == 42 {
			break
		}
	}
	// Output:
	// V100 no votes
	// V75 BUY -0.11
	// V75 SELL -0.02
}

func ExampleClient_Status() {
	hub := exampleHub()
	defer hub.Close()

	client, err := subscriber.New(hub.URL, &subscriber.Options{Assets: []string{"V75"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for range client.Watch(ctx) {
		status := client.Status()
		_, known := status.Age(time.Now())
		fmt.Println(status.Connected, status.Connects, known, status.HubTime.Unix())
		break
	}
	fmt.Println(client.Status().Connected)
	// Output:
	// true 1 true 1760000000
	// false
}
