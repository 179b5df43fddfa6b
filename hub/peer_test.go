package hub_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/internal/wire"
)

// The opcodes of RFC 6455.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
	fin            = 0x80
	rsv1           = 0x40 // the payload is compressed
)

// patience is how long a test with real sockets waits for what must come.
const patience = 20 * time.Second

// unhurried is opts of a hub that neither pings nor gives up a peer, for tests with
// real time that a busy machine may stretch.
func unhurried(opts *hub.Options) *hub.Options {
	opts.PingInterval, opts.PeerTimeout, opts.WriteTimeout = time.Hour, 2*time.Hour, time.Hour
	return opts
}

// frame is one frame as it came off the wire.
type frame struct {
	head    byte // fin, reserved bits and opcode
	payload []byte
}

func (f frame) op() byte { return f.head & 0x0f }

// closing reads the code and the reason of a close frame.
func (f frame) closing() string {
	if f.op() != opClose || len(f.payload) < 2 {
		return fmt.Sprintf("no close but %#x %q", f.head, f.payload)
	}
	return fmt.Sprintf("%d %s", binary.BigEndian.Uint16(f.payload), f.payload[2:])
}

// peer is a WebSocket client that does what a test tells it to, right or wrong.
type peer struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
	// writing has room for one who writes. No mutex: who waits for one keeps the
	// fake time of a bubble from passing.
	writing chan struct{}
	// compressed tells that the hub agreed to compression. Then read inflates.
	compressed bool

	// What listen gathers.
	mu     sync.Mutex
	got    []frame
	ended  error
	done   chan struct{}
	silent bool // answers no ping and no close
	hangUp bool // ends the connection when it gets a close
}

const handshake = "GET %s HTTP/1.1\r\nHost: hub.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n"

// shake opens a WebSocket over conn; headers end in \r\n each.
func shake(t testing.TB, conn net.Conn, path, headers string) (*peer, *http.Response) {
	t.Helper()
	return shakeRaw(t, conn, fmt.Sprintf(handshake, path, headers), http.MethodGet)
}

// shakeRaw sends a request as it is and reads the answer.
func shakeRaw(t testing.TB, conn net.Conn, request, method string) (*peer, *http.Response) {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	return &peer{t: t, conn: conn, in: in, writing: make(chan struct{}, 1)}, answer
}

// opened is shake for a WebSocket that must open.
func opened(t testing.TB, conn net.Conn, path, headers string) *peer {
	t.Helper()
	p, answer := shake(t, conn, path, headers)
	if answer.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(answer.Body)
		t.Fatalf("GET %s: got %s %s, want 101", path, answer.Status, body)
	}
	p.compressed = answer.Header.Get("Sec-Websocket-Extensions") != ""
	return p
}

// dial opens a WebSocket over a pipe.
func dial(t testing.TB, s *hubtest.Server, path string) *peer {
	t.Helper()
	return dialWith(t, s, path, "")
}

func dialWith(t testing.TB, s *hubtest.Server, path, headers string) *peer {
	t.Helper()
	conn, err := s.Dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return opened(t, conn, path, headers)
}

// masked makes a client's frame.
func masked(head byte, payload []byte) []byte {
	out := lengthOf([]byte{head}, len(payload), 0x80)
	mask := [4]byte{0x12, 0x34, 0x56, 0x78}
	out = append(out, mask[:]...)
	for i, b := range payload {
		out = append(out, b^mask[i&3])
	}
	return out
}

// lengthOf appends a frame's length; bit is the mask's.
func lengthOf(out []byte, n int, bit byte) []byte {
	switch {
	case n < 126:
		return append(out, bit|byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(out, bit|126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(out, bit|127), uint64(n))
	}
}

// write writes bytes as they are, unless the connection has ended.
func (p *peer) write(b []byte) error {
	p.writing <- struct{}{}
	defer func() { <-p.writing }()
	_, err := p.conn.Write(b)
	return err
}

// raw is write for bytes that must go out.
func (p *peer) raw(b []byte) {
	p.t.Helper()
	if err := p.write(b); err != nil {
		p.t.Fatalf("write: %v", err)
	}
}

func (p *peer) send(head byte, payload string) {
	p.t.Helper()
	p.raw(masked(head, []byte(payload)))
}

func (p *peer) text(payload string) {
	p.t.Helper()
	p.send(fin|opText, payload)
}

// close sends a close frame.
func (p *peer) close(code uint16) {
	p.t.Helper()
	p.raw(masked(fin|opClose, binary.BigEndian.AppendUint16(nil, code)))
}

// read reads one frame of whatever kind, inflated.
func (p *peer) read() (frame, error) {
	f, err := p.readAsItIs()
	if err != nil || f.head&rsv1 == 0 {
		return f, err
	}
	if !p.compressed {
		return frame{}, errors.New("got a compressed frame that nobody agreed to")
	}
	f.head &^= rsv1
	f.payload, err = inflate(f.payload)
	return f, err
}

// readAsItIs reads one frame.
func (p *peer) readAsItIs() (frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		return frame{}, err
	}
	n := uint64(head[1] & 0x7f)
	var long [8]byte
	switch n {
	case 126:
		if _, err := io.ReadFull(p.in, long[6:]); err != nil {
			return frame{}, err
		}
		n = binary.BigEndian.Uint64(long[:])
	case 127:
		if _, err := io.ReadFull(p.in, long[:]); err != nil {
			return frame{}, err
		}
		n = binary.BigEndian.Uint64(long[:])
	}
	if head[1]&0x80 != 0 {
		return frame{}, errors.New("got a masked frame from a server")
	}
	payload := make([]byte, n)
	_, err := io.ReadFull(p.in, payload)
	return frame{head[0], payload}, err
}

// next reads the next frame that is no ping; it must be there.
func (p *peer) next() frame {
	p.t.Helper()
	for {
		f, err := p.read()
		if err != nil {
			p.t.Fatalf("read: %v", err)
		}
		if f.op() != opPing {
			return f
		}
	}
}

// nextUpdate reads the next data frame, which must be one of the hub's.
func (p *peer) nextUpdate() wire.HubFrame {
	p.t.Helper()
	return decode(p.t, p.next())
}

func decode(t testing.TB, f frame) wire.HubFrame {
	t.Helper()
	if f.head != fin|opText {
		t.Fatalf("got a frame %#x %q, want a text frame in one piece", f.head, f.payload)
	}
	out, err := wire.DecodeHub(f.payload)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// listen reads until the connection ends and answers pings and a close, unless
// silent.
func (p *peer) listen() *peer {
	p.done = make(chan struct{})
	answers := make(chan []byte, 100) // written by another: over a pipe, two that only write wait for each other
	go func() {
		for answer := range answers {
			_ = p.write(answer)
		}
	}()
	go func() {
		defer close(p.done)
		defer close(answers)
		for {
			f, err := p.read()
			p.mu.Lock()
			if err == nil {
				p.got = append(p.got, f)
			}
			p.ended = err
			p.mu.Unlock()
			switch {
			case err != nil:
				return
			case p.hangUp && f.op() == opClose:
				_ = p.conn.Close()
				return
			case p.silent:
			case f.op() == opPing:
				answers <- masked(fin|opPong, f.payload)
			case f.op() == opClose:
				answers <- masked(fin|opClose, f.payload)
			}
		}
	}()
	return p
}

// frames returns what listen gathered so far.
func (p *peer) frames() []frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]frame(nil), p.got...)
}

// last returns the newest frame.
func (p *peer) last() frame {
	p.t.Helper()
	all := p.frames()
	if len(all) == 0 {
		p.t.Fatal("got no frame at all")
	}
	return all[len(all)-1]
}

// updates decodes the data frames among what listen gathered.
func (p *peer) updates() []wire.HubFrame {
	p.t.Helper()
	var out []wire.HubFrame
	for _, f := range p.frames() {
		if f.op() < 8 {
			out = append(out, decode(p.t, f))
		}
	}
	return out
}

// publisher opens a space's WebSocket and listens to it.
func publisher(t testing.TB, s *hubtest.Server, space string) *peer {
	t.Helper()
	return dial(t, s, "/ws/publish/"+space).listen()
}

// subscriber opens a subscriber's WebSocket and listens to it.
func subscriber(t testing.TB, s *hubtest.Server, query string) *peer {
	t.Helper()
	return dial(t, s, "/ws/subscribe"+query).listen()
}
