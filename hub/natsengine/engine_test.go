package natsengine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/enginetest"
)

func TestOneEngine(t *testing.T) {
	enginetest.Run(t, func(t *testing.T, hubID string) hub.Engine {
		return must(New(hubID, &Options{Embedded: &Embedded{Listen: "127.0.0.1:0", Secret: "s"}}))
	})
}

func must(e *Engine, err error) *Engine {
	if err != nil {
		panic(err)
	}
	return e
}

func TestEnginesOverAnUnreliableNet(t *testing.T) {
	clusters := make(map[*testing.T]*wires)
	enginetest.RunCluster(t, &enginetest.Cluster{Faulty: true, Open: func(t *testing.T, hubID string, net *enginetest.Net) hub.Engine {
		w := clusters[t]
		if w == nil {
			w = &wires{net: net, ends: make(map[*wire]bool)}
			clusters[t] = w
		}
		e := must(newEngine(hubID, &Options{}))
		e.bus = &wire{wires: w, hub: hubID}
		return e
	}})
}

func TestEmbeddedServersCarryEverything(t *testing.T) {
	addrs := make(map[*testing.T]map[string]string)
	enginetest.RunCluster(t, &enginetest.Cluster{Open: func(t *testing.T, hubID string, _ *enginetest.Net) hub.Engine {
		if addrs[t] == nil {
			addrs[t] = make(map[string]string)
			for _, id := range []string{"a", "b", "b.c", "c", "d", "late"} {
				addrs[t][id] = freeAddr(t)
			}
		}
		o := &Embedded{Listen: addrs[t][hubID], Secret: "s"}
		for _, addr := range addrs[t] {
			o.Peers = append(o.Peers, addr)
		}
		return must(New(hubID, &Options{Embedded: o}))
	}})
}

// hosts counts the addresses of this machine that tests were given.
var hosts atomic.Uint32

// freeAddr returns one that no other test gets, though it is free until it is used,
// where all of 127.0.0.0/8 is this machine; macOS has one address of it.
func freeAddr(t *testing.T) string {
	t.Helper()
	n := hosts.Add(1)
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", fmt.Sprintf("127.1.%d.%d:0", n>>8, n&255))
	if err != nil {
		l, err = config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// wires are a bus without NATS, for hubs of one process.
type wires struct {
	net *enginetest.Net
	spy func(from string, message []byte) // nil for none
	cut func(from, to string) bool        // nil for never

	mu   sync.Mutex // guards ends
	ends map[*wire]bool
}

type wire struct {
	*wires
	hub  string
	take func([]byte)
}

func (w *wire) open(_ context.Context, take func([]byte), _ func()) error {
	w.take = take
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends[w] = true
	return nil
}

func (w *wire) publish(subject string, message []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ends[w] {
		return errors.New("closed")
	}
	if w.spy != nil {
		w.spy(w.hub, message)
	}
	for end := range w.ends {
		if subject != defaultPrefix+toOne+escape(end.hub) && subject != defaultPrefix+toAll+escape(w.hub) {
			continue
		}
		if w.cut != nil && w.cut(w.hub, end.hub) {
			continue
		}
		for _, delay := range w.net.Copies(w.hub, end.hub) {
			time.AfterFunc(delay, func() { end.take(message) })
		}
	}
	return nil
}

func (w *wire) flush(time.Duration) error { return nil }
func (w *wire) problem() string           { return "" }
func (w *wire) alone() bool               { return true }

func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.ends, w)
}
