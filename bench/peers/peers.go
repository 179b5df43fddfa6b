// Package peers holds the servers that the hub is measured beside: floors, which
// do nothing but write, and the plainest correct broadcast server on each of the
// libraries that somebody could take instead. None of them decodes JSON: they hand
// on what they are sent.
package peers

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/karlquant/quasar/hub"
)

// Serve serves on an address until ctx ends.
type Serve func(ctx context.Context, addr string) error

// All are the peers by name.
var All = map[string]Serve{
	"floor":          func(ctx context.Context, addr string) error { return serveFloor(ctx, addr, eachMessage) },
	"floor-coalesce": func(ctx context.Context, addr string) error { return serveFloor(ctx, addr, eachTurn) },
	"floor-10ms":     func(ctx context.Context, addr string) error { return serveFloor(ctx, addr, each10ms) },
	"floor-tls":      serveFloorTLS,
	"hub-tls":        func(ctx context.Context, addr string) error { return serveHubTLS(ctx, addr, hub.NewTLSListener) },
	"hub-std-tls":    func(ctx context.Context, addr string) error { return serveHubTLS(ctx, addr, tls.NewListener) },
	"queue":          serveQueue,
	"nats":           serveNATS,
	"gorilla":        serveGorilla,
	"gorilla-loop":   serveGorillaLoop,
	"coder":          serveCoder,
	"gws":            serveGWS,
}

// Names are the names of all peers, sorted.
func Names() []string { return slices.Sorted(maps.Keys(All)) }

// queued is how many messages wait for one subscriber at most; what comes beyond
// that it does not get. Without a bound one stalled reader would take all memory.
const queued = 1024

// pingEvery is how often subscribers are pinged where the peer does so itself: as
// often as the hub does.
const pingEvery = 20 * time.Second

// room is who is subscribed to a peer.
type room[S comparable] struct {
	mu   sync.RWMutex // guards subs
	subs map[S]struct{}
}

func (r *room[S]) join(s S) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.subs == nil {
		r.subs = make(map[S]struct{})
	}
	r.subs[s] = struct{}{}
}

func (r *room[S]) leave(s S) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.subs, s)
}

// each calls do for everybody who is there.
func (r *room[S]) each(do func(S)) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for s := range r.subs {
		do(s)
	}
}

// mailbox is a bounded queue in front of a subscriber.
type mailbox[M any] chan M

// offer puts a message in, if there is room.
func (m mailbox[M]) offer(message M) {
	select {
	case m <- message:
	default:
	}
}

// endpoints are where publishers and subscribers of WebSocket servers go.
func endpoints(publish, subscribe http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws/publish/{space}", publish)
	mux.HandleFunc("GET /ws/subscribe", subscribe)
	return mux
}

// serveHTTP serves a handler until ctx ends, and then drops everybody.
func serveHTTP(ctx context.Context, addr string, handler http.Handler) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return serveListener(ctx, l, handler)
}

func serveListener(ctx context.Context, l net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// frames reads messages with their length before them, as many as have come at
// once, and hands them on with their lengths, whole.
type frames struct {
	in  io.Reader
	buf []byte
	n   int
}

const frameHead = 4

// next blocks until there is at least one whole frame, and returns all that are
// there, valid until it is called again.
func (f *frames) next() ([]byte, error) {
	if f.buf == nil {
		f.buf = make([]byte, 64<<10)
	}
	for {
		n, err := f.in.Read(f.buf[f.n:])
		if f.n += n; err != nil {
			return nil, err
		}
		if whole := wholeFrames(f.buf[:f.n]); whole > 0 {
			return f.buf[:whole], nil
		}
		if f.n == len(f.buf) {
			return nil, errTooLarge
		}
	}
}

// done makes room for what follows the frames that next returned.
func (f *frames) done(whole int) { f.n = copy(f.buf, f.buf[whole:f.n]) }

var errTooLarge = errors.New("frame: got one of over 64 KiB, want less")

// wholeFrames is how many bytes at the beginning of b are whole frames.
func wholeFrames(b []byte) int {
	whole := 0
	for {
		size := frameSize(b[whole:])
		if size == 0 || whole+size > len(b) {
			return whole
		}
		whole += size
	}
}

// frameSize is the size of the first frame of b with its head, 0 if the head is
// not there yet.
func frameSize(b []byte) int {
	if len(b) < frameHead {
		return 0
	}
	return frameHead + int(b[0])<<24 + int(b[1])<<16 + int(b[2])<<8 + int(b[3])
}

// role reads the byte with which a raw connection says what it is.
func role(in *bufio.Reader) (publishes bool, err error) {
	b, err := in.ReadByte()
	return b == 'P', err
}

// newBuffered lets small reads come out of large ones.
func newBuffered(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, 16<<10) }
