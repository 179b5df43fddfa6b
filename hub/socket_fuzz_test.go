package hub

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"github.com/google/go-cmp/cmp"
)

// streamConn is a connection on which some bytes come and then the end, and which
// takes whatever is written.
type streamConn struct {
	io.Reader
	out bytes.Buffer
}

func (c *streamConn) Write(p []byte) (int, error)    { return c.out.Write(p) }
func (*streamConn) Close() error                     { return nil }
func (*streamConn) LocalAddr() net.Addr              { return nil }
func (*streamConn) RemoteAddr() net.Addr             { return nil }
func (*streamConn) SetDeadline(time.Time) error      { return nil }
func (*streamConn) SetReadDeadline(time.Time) error  { return nil }
func (*streamConn) SetWriteDeadline(time.Time) error { return nil }

// heard is what comes of a peer's stream.
type heard struct {
	Messages []string // the opcode and the payload
	Written  []byte   // pongs and a close without its reason
}

// fuzzLimit is the largest message in bytes: small, so that fuzzing gets there.
const fuzzLimit = 300

// Whatever a peer sends, in whatever pieces, the socket reads from it what a model
// of RFC 6455 reads, holds no more than a message, answers with pongs and one close,
// and comes to an end.
func FuzzSocket(f *testing.F) {
	frame := func(head byte, payload string) []byte {
		return append([]byte{head, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
	}
	for _, seed := range [][]byte{
		nil,
		frame(0x81, "hello"),
		slices.Concat(frame(0x01, "hel"), frame(0x89, "now"), frame(0x80, "lo"), frame(0x88, "\x03\xe8bye"), frame(0x89, "late")),
		slices.Concat(frame(0x82, ""), frame(0x8a, "x"), frame(0x88, "")),
		slices.Concat(frame(0x01, "x"), frame(0x81, "y")),
		frame(0x80, "x"), frame(0x83, "x"), frame(0xc1, "x"), frame(0x09, "x"), frame(0x88, "\x03"), frame(0x88, "\x03\xec"), frame(0x88, "\x0f\xa0\xff"),
		{0x81, 0x05, 'h', 'e', 'l', 'l', 'o'},
		{0x81, 0xfe, 1, 44, 1, 2, 3, 4, 5}, {0x81, 0xfe, 1, 45, 1, 2, 3, 4}, {0x89, 0xfe, 0, 126, 1, 2, 3, 4},
		{0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5}, {0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4}, {0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4},
		append([]byte{0x01, 0xfe, 1, 44, 0, 0, 0, 0}, append(make([]byte, 300), frame(0x80, "x")...)...),
	} {
		f.Add(seed, false, false, false)
		f.Add(seed, true, true, true)
	}
	opts, err := (*Options)(nil).withDefaults()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, skip, compressed, slowly bool) {
		conn := &streamConn{Reader: bytes.NewReader(data)}
		in := &intake{socket: newSocket(conn, nil, opts), limit: fuzzLimit, compressed: compressed}
		size := len(data) + 1
		if slowly {
			size = 1
		}
		got := hear(t, in, conn, make([]byte, size), skip)
		got.Written = withoutReason(t, conn.out.Bytes())
		m := model{data: data, skip: skip, compressed: compressed}
		m.run()
		if diff := cmp.Diff(m.heard, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// hear feeds what comes, in pieces as large as buf, to the end.
func hear(t *testing.T, in *intake, from io.Reader, buf []byte, skip bool) (got heard) {
	if !skip {
		in.take = func(op ws.OpCode, message []byte) error {
			got.Messages = append(got.Messages, string(rune('0'+op))+string(message))
			return nil
		}
	}
	for {
		n, err := from.Read(buf)
		if fed := in.feed(buf[:n]); fed != nil {
			err = fed
		}
		if cap(in.message) > 4*fuzzLimit || cap(in.control) > 4*fuzzLimit {
			t.Fatalf("got buffers of %d and %d bytes for messages of at most %d", cap(in.message), cap(in.control), fuzzLimit)
		}
		if err != nil {
			in.socket.finish(err)
			return got
		}
	}
}

// withoutReason holds what was written against the layout of control frames, and
// takes the words out of a close: nothing stands behind it.
func withoutReason(t *testing.T, out []byte) (clean []byte) {
	for len(out) > 0 {
		if len(out) < 2 || out[0] != 0x8a && out[0] != 0x88 || out[1] > 125 || len(out) < 2+int(out[1]) {
			t.Fatalf("got %x, want a pong or a close", out)
		}
		frame := out[:2+out[1]]
		out = out[len(frame):]
		if frame[0] == 0x88 {
			if len(out) > 0 || len(frame) < 4 || !utf8.Valid(frame[4:]) {
				t.Fatalf("got the close %x and %x behind it, want a code, text, and nothing more", frame, out)
			}
			frame = []byte{0x88, 2, frame[2], frame[3]}
		}
		clean = append(clean, frame...)
	}
	return clean
}

// model reads a stream by the letter of RFC 6455, section 5, all at once.
type model struct {
	heard
	data             []byte
	skip, compressed bool

	inside  bool
	op      byte
	message []byte
}

// run reads frames until one ends it all.
func (m *model) run() {
	for {
		head, payload, end := m.frame()
		if end == 0 && head&0x0f < 8 {
			end = m.fragment(head, payload)
		} else if end == 0 {
			end = m.control(head, payload)
		}
		if end > 1 {
			m.Written = append(m.Written, 0x88, 2, byte(end>>8), byte(end))
		}
		if end > 0 {
			return
		}
	}
}

// gone is the end of a stream that nobody is told of.
const gone = 1

// frame takes the next frame; end is the code that it deserves, or gone.
func (m *model) frame() (head byte, payload []byte, end int) {
	if len(m.data) < 2 {
		return 0, nil, gone
	}
	head, second := m.data[0], m.data[1]
	size := map[byte]int{126: 2, 127: 8}[second&0x7f]
	masked := second&0x80 != 0
	header := 2 + size
	if masked {
		header += 4
	}
	if len(m.data) < header {
		return 0, nil, gone
	}
	length := uint64(second & 0x7f)
	switch size {
	case 2:
		length = uint64(binary.BigEndian.Uint16(m.data[2:]))
	case 8:
		length = binary.BigEndian.Uint64(m.data[2:])
	}
	if !m.allowed(head, length) || !masked {
		return 0, nil, 1002
	}
	if head&0x0f < 8 && length > uint64(fuzzLimit-len(m.message)) {
		return 0, nil, 1009
	}
	if uint64(len(m.data)-header) < length {
		return 0, nil, gone
	}
	payload = bytes.Clone(m.data[header:][:length])
	for i := range payload {
		payload[i] ^= m.data[header-4+i%4]
	}
	m.data = m.data[header+int(length):]
	return head, payload, 0
}

// allowed tells whether a frame may stand here.
func (m *model) allowed(head byte, length uint64) bool {
	op, bits := head&0x0f, head&0x70
	if m.compressed && (op == 1 || op == 2) {
		bits &^= 0x40
	}
	switch {
	case bits != 0, length >= 1<<63:
		return false
	case op == 8, op == 9, op == 10:
		return head&0x80 != 0 && length <= 125
	case op == 0:
		return m.inside
	}
	return op <= 2 && !m.inside
}

func (m *model) fragment(head byte, payload []byte) (end int) {
	if op := head & 0x0f; op != 0 {
		m.op = op
	}
	m.message = append(m.message, payload...)
	m.inside = head&0x80 == 0
	if !m.inside {
		if !m.skip {
			m.Messages = append(m.Messages, string(rune('0'+m.op))+string(m.message))
		}
		m.message = nil
	}
	return 0
}

func (m *model) control(head byte, payload []byte) (end int) {
	switch {
	case head&0x0f == 9:
		m.Written = append(append(m.Written, 0x8a, byte(len(payload))), payload...)
		return 0
	case head&0x0f == 10:
		return 0
	case len(payload) == 0:
		return int(ws.StatusNormalClosure)
	case len(payload) == 1:
		return 1002
	}
	code := int(binary.BigEndian.Uint16(payload))
	switch {
	case code < 1000, code > 4999, 1004 <= code && code <= 1006, 1015 <= code && code < 3000:
		return 1002
	case !utf8.Valid(payload[2:]):
		return 1007
	}
	return code
}
