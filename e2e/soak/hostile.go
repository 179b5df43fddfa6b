package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// enemies are clients that do harm, each in its own way, from addresses of their
// own. Each comes, does it, goes, and comes again after a while.
type enemies struct {
	addr  string
	count int
	rand  *rand.Rand

	cancel context.CancelFunc
	group  sync.WaitGroup
	total  atomic.Int64
	mu     sync.Mutex
	times  map[string]int // guarded by mu
}

// attack is one visit. It ends when ctx does at the latest; what becomes of it is
// nobody's concern.
type attack func(ctx context.Context, conn net.Conn, r *rand.Rand)

var attacks = map[string]attack{
	"dribbles a header":              dribbleHeader,
	"sends rubbish":                  rubbish,
	"subscribes and reads nothing":   stall,
	"subscribes and asks for pongs":  pings,
	"publishes what is no JSON":      publishing([]byte(`{"type":"metrics","training":{"training_steps":`)),
	"publishes what nests deep":      publishing(bytes.Repeat([]byte{'['}, 60_000)),
	"publishes a thousand names":     publishing(manyNames(1000)),
	"publishes numbers that are not": publishing([]byte(`{"type":"training","data":{"actor_loss":NaN,"training_steps":-5}}`)),
	"publishes ten megabytes":        tooMuch,
	"publishes half a frame":         half,
	"leaves in the handshake":        leaves,
}

func (e *enemies) start(ctx context.Context) {
	ctx, e.cancel = context.WithCancel(ctx)
	e.times = make(map[string]int)
	names := slices.Sorted(maps.Keys(attacks))
	for i := range e.count {
		r := rand.New(rand.NewPCG(e.rand.Uint64(), e.rand.Uint64()))
		e.group.Go(func() { e.live(ctx, i, names[i%len(names)], r) })
	}
}

func (e *enemies) stop() {
	e.cancel()
	e.group.Wait()
}

func (e *enemies) kinds() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []string
	for _, name := range slices.Sorted(maps.Keys(e.times)) {
		list = append(list, fmt.Sprintf("%s: %d", name, e.times[name]))
	}
	return strings.Join(list, ", ")
}

// live attacks until ctx ends.
func (e *enemies) live(ctx context.Context, i int, name string, r *rand.Rand) {
	for ctx.Err() == nil {
		e.visit(ctx, i, name, r)
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(200+r.IntN(1800)) * time.Millisecond):
		}
	}
}

func (e *enemies) visit(ctx context.Context, i int, name string, r *rand.Rand) {
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%8))}
	dialer := net.Dialer{LocalAddr: from, Timeout: 5 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", e.addr)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	e.total.Add(1)
	e.mu.Lock()
	e.times[name]++
	e.mu.Unlock()
	attacks[name](ctx, conn, r)
}

// upgrade asks for a WebSocket.
func upgrade(conn net.Conn, path string) {
	_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path)
}

// text is a whole masked text frame.
func text(payload []byte) []byte {
	frame := binary.BigEndian.AppendUint64([]byte{0x81, 0x80 | 127}, uint64(len(payload)))
	return append(append(frame, 0, 0, 0, 0), payload...) // a mask of zeros is one
}

func dribbleHeader(ctx context.Context, conn net.Conn, _ *rand.Rand) {
	for i := 0; ctx.Err() == nil; i++ {
		if _, err := fmt.Fprintf(conn, "X-%d: y\r\n", i); err != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func rubbish(_ context.Context, conn net.Conn, r *rand.Rand) {
	upgrade(conn, "/ws/subscribe")
	data := make([]byte, 4096)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	_, _ = conn.Write(data)
	_, _ = io.Copy(io.Discard, conn)
}

func stall(ctx context.Context, conn net.Conn, _ *rand.Rand) {
	upgrade(conn, "/ws/subscribe")
	select {
	case <-ctx.Done():
	case <-time.After(20 * time.Second):
	}
}

func pings(ctx context.Context, conn net.Conn, _ *rand.Rand) {
	upgrade(conn, "/ws/subscribe")
	ping := append([]byte{0x89, 0x80 | 125, 0, 0, 0, 0}, make([]byte, 125)...)
	for ctx.Err() == nil {
		if _, err := conn.Write(bytes.Repeat(ping, 100)); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// publishing sends a message for a while to a space of its own.
func publishing(message []byte) attack {
	frame := text(message)
	return func(ctx context.Context, conn net.Conn, r *rand.Rand) {
		upgrade(conn, fmt.Sprintf("/ws/publish/HOSTILE_%d", r.IntN(50)))
		for range 100 {
			if _, err := conn.Write(frame); err != nil || ctx.Err() != nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

func manyNames(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"type":"training","data":{"training_steps":1`)
	for i := range n {
		fmt.Fprintf(&b, `,"reward_%d":1`, i)
	}
	b.WriteString("}}")
	return b.Bytes()
}

var tenMegabytes = text(make([]byte, 10<<20))

func tooMuch(_ context.Context, conn net.Conn, _ *rand.Rand) {
	upgrade(conn, "/ws/publish/HOSTILE_BIG")
	_, _ = conn.Write(tenMegabytes)
	_, _ = io.Copy(io.Discard, conn)
}

func half(ctx context.Context, conn net.Conn, _ *rand.Rand) {
	upgrade(conn, "/ws/publish/HOSTILE_HALF")
	_, _ = conn.Write(text(make([]byte, 1000))[:500])
	select {
	case <-ctx.Done():
	case <-time.After(5 * time.Second):
	}
}

func leaves(_ context.Context, conn net.Conn, _ *rand.Rand) {
	_, _ = io.WriteString(conn, "GET /ws/subscribe HTTP/1.1\r\nHost: loc")
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // with a reset
	}
}
