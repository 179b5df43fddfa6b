package dialtest

import (
	"bufio"
	"crypto/sha1" //nolint:gosec // G505: RFC 6455 has it so
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// patience bounds everything that a Raw connection does.
const patience = 30 * time.Second

// ServeRaw is a server on a real port that sends whatever bytes a test wants. It
// plays one script for each connection, the last of them for all that follow, and
// closes the connection behind it. The test waits for the scripts.
func ServeRaw(t testing.TB, scripts ...func(*RawConn)) (hubURL string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it opens at once
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	var mu sync.Mutex // guards open and closed
	open, closed := map[net.Conn]bool{}, false
	running.Go(func() {
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[conn] = !closed
			if closed {
				_ = conn.Close()
			}
			mu.Unlock()
			running.Go(func() {
				defer func() { _ = conn.Close() }()
				_ = conn.SetDeadline(time.Now().Add(patience))
				scripts[min(n, len(scripts)-1)](&RawConn{TCPConn: conn.(*net.TCPConn), in: bufio.NewReader(conn)})
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		closed = true
		for conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		running.Wait()
	})
	return "http://" + l.Addr().String()
}

// RawConn is the server's end of one connection.
type RawConn struct {
	*net.TCPConn
	in  *bufio.Reader
	key string
}

// Request reads the client's handshake.
func (c *RawConn) Request() error {
	r, err := http.ReadRequest(c.in)
	if err != nil {
		return err
	}
	c.key = r.Header.Get("Sec-Websocket-Key")
	return nil
}

// Accept is the Sec-WebSocket-Accept that the handshake asks for.
func (c *RawConn) Accept() string {
	sum := sha1.Sum([]byte(c.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // G401: RFC 6455 has it so
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Answer is a good answer to the handshake, with further headers that end in \r\n
// each.
func (c *RawConn) Answer(headers string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n", c.Accept(), headers)
}

// Send writes bytes as they are. Whether they arrive is the client's affair.
func (c *RawConn) Send(parts ...[]byte) { _, _ = c.Write(slices.Concat(parts...)) }

// Frame is what a client sent.
type Frame struct {
	Head    byte // the first byte: fin, reserved bits, opcode
	Payload []byte
}

// ReadFrame reads a frame of a client, which must be masked.
func (c *RawConn) ReadFrame() (Frame, error) {
	var head [8]byte
	if _, err := io.ReadFull(c.in, head[:2]); err != nil {
		return Frame{}, err
	}
	first, n := head[0], uint64(head[1]&0x7f)
	if head[1]&0x80 == 0 {
		return Frame{}, fmt.Errorf("got a frame %#x without a mask", first)
	}
	if n > 125 {
		size := map[uint64]int{126: 2, 127: 8}[n]
		clear(head[:])
		if _, err := io.ReadFull(c.in, head[8-size:]); err != nil {
			return Frame{}, err
		}
		n = binary.BigEndian.Uint64(head[:])
	}
	body := make([]byte, 4+min(n, 1<<20))
	if _, err := io.ReadFull(c.in, body); err != nil {
		return Frame{}, err
	}
	payload := body[4:]
	for i := range payload {
		payload[i] ^= body[i&3]
	}
	return Frame{first, payload}, nil
}

// Ending reads what the client sends until it is gone, answers its close, and
// returns the code of that: 1005 for none in it, 1006 for no close.
func (c *RawConn) Ending() int {
	code := 1006
	for {
		f, err := c.ReadFrame()
		if err != nil {
			return code
		}
		if f.Head != 0x88 {
			continue
		}
		c.Send(ServerFrame(f.Head, string(f.Payload)))
		code = 1005
		if len(f.Payload) >= 2 {
			code = int(binary.BigEndian.Uint16(f.Payload))
		}
	}
}

// ServerFrame makes a frame as a server sends it: it has no mask.
func ServerFrame(head byte, payload string) []byte {
	out := []byte{head, byte(len(payload))}
	switch n := len(payload); {
	case n > 1<<16-1:
		out = binary.BigEndian.AppendUint64([]byte{head, 127}, uint64(n))
	case n > 125:
		out = binary.BigEndian.AppendUint16([]byte{head, 126}, uint16(n))
	}
	return append(out, payload...)
}
