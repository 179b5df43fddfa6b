package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/publisher"
	"github.com/karlquant/quasar/ranker"
)

const (
	// inMemory is the hub's address on a memory, a name that every hub answers to.
	inMemory = "ws://localhost"
	// wayPatience is how long the way through memory may take on a busy machine.
	wayPatience = 20 * time.Second
)

// checkTheWay publishes the examples to a hub and ranks what it hands on.
func (c *components) checkTheWay(ctx context.Context) error {
	const want = "B C A D"
	ctx, cancel := context.WithTimeout(ctx, wayPatience)
	defer cancel()
	h, err := c.hub(nil)
	if err != nil {
		return err
	}
	m := newMemory()
	got := "" // only read after Run
	r, err := ranker.New(&ranker.Options{HubURL: inMemory, HTTPClient: m.client(), Sync: true, OnRanking: func(k ranker.Ranking) {
		if got = strings.Join(k.Names(), " "); got == want {
			cancel()
		}
	}})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.Run(ctx) })
	g.Go(func() error { return serve(ctx, m, h, slog.New(slog.DiscardHandler), usualLimits()) })
	g.Go(func() error { return r.Run(ctx) })
	g.Go(func() error { return publishAll(ctx, m.client(), examples()) })
	if err := g.Wait(); err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("got the ranking %q, want %q", got, want)
	}
	return nil
}

// publishAll publishes each snapshot as its space would.
func publishAll(ctx context.Context, client *http.Client, snapshots []quasar.Snapshot) error {
	for i := range snapshots {
		pub, err := publisher.New(snapshots[i].SpaceName, inMemory, &publisher.Options{HTTPClient: client})
		if err != nil {
			return err
		}
		pub.Start()
		pub.Publish(snapshots[i].Training, snapshots[i].Voting)
		if err := pub.Close(ctx); err != nil && ctx.Err() == nil { // with all sent
			return err
		}
	}
	return nil
}

// memory is a network inside this process: a listener, and a client whose every
// connection goes to it.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
	close  func()
}

func newMemory() *memory {
	m := &memory{conns: make(chan net.Conn), closed: make(chan struct{})}
	m.close = sync.OnceFunc(func() { close(m.closed) })
	return m
}

func (m *memory) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: m.dial, DisableKeepAlives: true}}
}

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case m.conns <- far:
		return near, nil
	case <-m.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (m *memory) Close() error {
	m.close()
	return nil
}

// Addr implements net.Listener.
func (m *memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "pipe"} }
