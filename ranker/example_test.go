package ranker_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/karlquant/quasar/ranker"
)

// A ranker inside a program of one's own: it tells of each ranking, and serves it.
func Example() {
	r, err := ranker.New(&ranker.Options{
		HubURL: "ws://localhost:7860",
		Assets: []string{"V75", "CRASH1000"},
		OnRanking: func(k ranker.Ranking) {
			for _, a := range k.Assets {
				fmt.Println(a.Rank, a.Snapshot.SpaceName, a.Tradable(), a.HeldBack)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: "127.0.0.1:7861", Handler: r, ReadHeaderTimeout: 5 * time.Second}
	go func() { log.Print(server.ListenAndServe()) }()
	if err := r.Run(context.Background()); err != nil { // until its context ends
		log.Fatal(err)
	}
}
