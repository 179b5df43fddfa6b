// Package subscriber receives the snapshots of asset spaces from a hub. It
// cannot send.
//
//	client, err := subscriber.New("ws://localhost:7860", nil)
//	if err != nil {
//		return err
//	}
//	for snapshot, err := range client.Watch(ctx) {
//		if err != nil {
//			log.Print(err) // and Watch goes on
//			continue
//		}
//		fmt.Println(snapshot.SpaceName, snapshot.Seq)
//	}
//
// A client starts no goroutine that outlives the loop. It reads when the loop
// asks for more, so a slow loop slows nobody else: the hub then skips to the
// newest snapshot of each space.
package subscriber

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/karlquant/quasar/internal/dial"
)

// Client receives from one hub. Status may be called at any time, from any
// goroutine; Watch by one at a time.
type Client struct {
	opts     Options
	dialer   *dial.Dialer
	wanted   map[string]bool // empty is all
	watching atomic.Bool

	mu     sync.Mutex // guards status
	status Status
}

// New returns a client of the hub at hubURL, which is ws, wss, http or https
// with a host, and has either no path or the whole path of the endpoint,
// /ws/subscribe. The URL's query may name the assets in place of Options.Assets.
// It starts nothing and connects to nothing.
func New(hubURL string, opts *Options) (*Client, error) {
	settled, err := opts.settle()
	if err != nil {
		return nil, fmt.Errorf("subscriber: %w", err)
	}
	address, assets, err := dial.SubscribeURL(hubURL, settled.Assets)
	if err != nil {
		return nil, fmt.Errorf("subscriber: %w", err)
	}
	dialer, err := dial.New(address, &dial.Options{
		Header: settled.Header, Token: settled.Token, Authorization: settled.Authorization, Role: "subscriber", HTTPClient: settled.HTTPClient,
		Silence: maxSilence, ReadLimit: settled.MaxFrame,
	})
	if err != nil {
		return nil, fmt.Errorf("subscriber: %w", err)
	}
	settled.Header, settled.Token, settled.Authorization = nil, "", "" // the dialer hides them
	c := &Client{opts: settled, dialer: dialer, wanted: make(map[string]bool, len(assets))}
	for _, asset := range assets {
		c.wanted[asset] = true
	}
	return c, nil
}
