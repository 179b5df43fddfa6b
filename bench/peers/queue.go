package peers

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// serveQueue is the usual way to coalesce: a goroutine for each subscriber takes
// all bytes that have gathered for it and writes them at once.
func serveQueue(ctx context.Context, addr string) error {
	var subs room[*gathered]
	publish := func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		reader := &wsutil.Reader{Source: newBuffered(conn), State: ws.StateServerSide}
		for {
			if _, err := reader.NextFrame(); err != nil {
				return
			}
			data, err := io.ReadAll(reader)
			if err != nil {
				return
			}
			frame := ws.MustCompileFrame(ws.NewTextFrame(data))
			subs.each(func(g *gathered) { g.add(frame) })
		}
	}
	subscribe := func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		g := &gathered{wake: make(chan struct{}, 1), gone: make(chan struct{})}
		subs.join(g)
		go g.write(conn)
		_, _ = io.Copy(io.Discard, conn)
		subs.leave(g)
		close(g.gone)
	}
	return serveHTTP(ctx, addr, endpoints(publish, subscribe))
}

// maxGathered is how many bytes wait for one subscriber at most; what comes
// beyond that it does not get.
const maxGathered = 1 << 20

// gathered is what waits for one subscriber.
type gathered struct {
	wake chan struct{}
	gone chan struct{}

	mu   sync.Mutex // guards next
	next []byte
}

func (g *gathered) add(frame []byte) {
	g.mu.Lock()
	if len(g.next)+len(frame) <= maxGathered {
		g.next = append(g.next, frame...)
	}
	g.mu.Unlock()
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// write writes what gathers, until the subscriber is gone.
func (g *gathered) write(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	var spare []byte
	for {
		select {
		case <-g.gone:
			return
		case <-g.wake:
		}
		g.mu.Lock()
		out := g.next
		g.next = spare[:0]
		g.mu.Unlock()
		if _, err := conn.Write(out); err != nil {
			return
		}
		spare = out
	}
}
