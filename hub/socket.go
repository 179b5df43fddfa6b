package hub

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
	"golang.org/x/time/rate"

	"github.com/karlquant/quasar/internal/fanout"
)

// socket is one WebSocket connection, whose bytes are read here and written
// here. The handshake and the layout of frames are gobwas/ws's.
type socket struct {
	conn net.Conn
	in   *bufio.Reader
	opts *Options

	// address is where the peer is, as the log has it.
	address string
	// compressed tells that permessage-deflate was agreed to.
	compressed bool
	// frames bounds how many frames the peer may send; nil for no bound.
	frames *rate.Limiter

	// member is what writes to a subscriber: data, and our control frames between.
	// It is nil for a publisher, which is written to by whoever has a control
	// frame for it.
	member *fanout.Member

	// writing has room for one: who puts something in may write, until it is
	// taken out again, so that frames do not mix. It guards rest.
	writing chan struct{}
	// rest is what is missing of the frame in which a write came to a stop; nil
	// while none did.
	rest []byte

	closing sync.Once
	closed  chan struct{} // closed once it is decided that the socket closes
	quiet   chan struct{} // closed once nothing more will be written
	cause   cause         // why it closed; written before closed is
	why     string        // the same for people
}

// newSocket returns a socket that speaks over conn; in holds what came already.
func newSocket(conn net.Conn, in *bufio.Reader, opts *Options) *socket {
	return &socket{
		conn: conn, in: in, opts: opts,
		writing: make(chan struct{}, 1), closed: make(chan struct{}), quiet: make(chan struct{}),
	}
}

// closeError says with which code and reason a socket is to be closed.
type closeError struct {
	code   ws.StatusCode
	reason string
}

func (e *closeError) Error() string { return fmt.Sprintf("close %d: %s", e.code, e.reason) }

// read reads messages until the connection ends, and answers pings and the
// peer's close. It hands each message to take, which must not keep it, and stops
// at the first error. A message longer than limit is not read: it closes the
// connection with 1009. If take is nil the messages are thrown away unread.
//
// A peer that sends nothing at all, not even a pong, for PeerTimeout is gone; so
// is one that takes longer for one frame.
func (s *socket) read(limit int, take func(op ws.OpCode, message []byte) error) error {
	r := messageReader{socket: s, limit: limit}
	for {
		op, message, err := r.next(take == nil)
		if err != nil {
			return err
		}
		if take == nil {
			continue
		}
		if err := take(op, message); err != nil {
			return err
		}
	}
}

// messageReader joins frames to messages.
type messageReader struct {
	*socket
	limit  int
	op     ws.OpCode
	inside bool // between the fragments of a message
	length int
	buf    []byte
	header [ws.MaxHeaderSize]byte
}

// next reads one message. With skip it is counted against the limit and thrown
// away.
func (r *messageReader) next(skip bool) (ws.OpCode, []byte, error) {
	r.length, r.buf = 0, r.buf[:0]
	for {
		h, err := r.frameHeader()
		if err != nil {
			return 0, nil, err
		}
		if h.OpCode.IsControl() {
			if err := r.control(h); err != nil {
				return 0, nil, err
			}
			continue
		}
		if h.OpCode != ws.OpContinuation {
			r.op = h.OpCode
		}
		r.inside = !h.Fin
		if err := r.payload(h, skip); err != nil {
			return 0, nil, err
		}
		if h.Fin {
			return r.op, r.buf, nil
		}
	}
}

// frameHeader reads the header of the next frame and holds it against RFC 6455.
func (r *messageReader) frameHeader() (ws.Header, error) {
	if r.in.Buffered() < ws.MaxHeaderSize { // it may take reading from the connection
		if err := r.extend(); err != nil {
			return ws.Header{}, err
		}
	}
	h, err := ws.ReadHeaderBuffer(r.in, r.header[:])
	if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
		return h, &closeError{ws.StatusProtocolError, "bad length of a frame"}
	}
	if err != nil {
		return h, err
	}
	if r.compressed && (h.OpCode == ws.OpText || h.OpCode == ws.OpBinary) {
		_, r2, r3 := ws.RsvBits(h.Rsv)
		h.Rsv = ws.Rsv(false, r2, r3) // a message begins, and may be compressed
	}
	state := ws.StateServerSide
	if r.inside {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return h, &closeError{ws.StatusProtocolError, err.Error()}
	}
	if r.frames != nil && !r.frames.Allow() {
		return h, &closeError{ws.StatusPolicyViolation, fmt.Sprintf("more than %v frames a second", r.frames.Limit())}
	}
	return h, nil
}

// extend gives the peer time for what is read next. A subscriber's time is the
// fan-out's business, which gives up those that are silent.
func (s *socket) extend() error {
	if s.member != nil {
		s.member.Seen()
		return nil
	}
	return s.conn.SetReadDeadline(time.Now().Add(s.opts.PeerTimeout))
}

// payload reads what a data frame carries behind what is in the buffer.
func (r *messageReader) payload(h ws.Header, skip bool) error {
	if h.Length > int64(r.limit-r.length) {
		return &closeError{ws.StatusMessageTooBig, fmt.Sprintf("message longer than %d bytes", r.limit)}
	}
	n := int(h.Length)
	r.length += n
	if n > r.in.Buffered() {
		if err := r.extend(); err != nil {
			return err
		}
	}
	if skip {
		_, err := r.in.Discard(n)
		return err
	}
	start := len(r.buf)
	r.buf = append(r.buf, make([]byte, n)...)
	if _, err := io.ReadFull(r.in, r.buf[start:]); err != nil {
		return err
	}
	ws.Cipher(r.buf[start:], h.Mask, 0)
	return nil
}

// control answers a control frame. A close is answered with its own code.
func (r *messageReader) control(h ws.Header) error {
	var data [125]byte // CheckHeader has seen to it that no more comes
	payload := data[:h.Length]
	if _, err := io.ReadFull(r.in, payload); err != nil {
		return err
	}
	ws.Cipher(payload, h.Mask, 0)
	switch h.OpCode {
	case ws.OpPing:
		if err := r.writeControl(ws.OpPong, payload); err != nil {
			return &writeError{err}
		}
	case ws.OpClose:
		return peerClosed(payload)
	}
	return nil
}

// peerClosedError is the end that a peer wished for.
type peerClosedError struct{ code ws.StatusCode }

func (e *peerClosedError) Error() string { return fmt.Sprintf("closed by the peer with %d", e.code) }

func peerClosed(payload []byte) error {
	if len(payload) == 0 {
		return &peerClosedError{ws.StatusNormalClosure}
	}
	code, reason := ws.ParseCloseFrameData(payload)
	switch {
	case len(payload) == 1:
		return &closeError{ws.StatusProtocolError, "close code of one byte"}
	case !mayClose(code):
		return &closeError{ws.StatusProtocolError, fmt.Sprintf("close code %d is not for the wire", code)}
	case !utf8.ValidString(reason):
		return &closeError{ws.StatusInvalidFramePayloadData, "close reason is not UTF-8"}
	}
	return &peerClosedError{code}
}

// mayClose tells whether a close frame may have the code: one that RFC 6455 or
// the IANA registry behind it has for that, or one of those for everybody.
func mayClose(code ws.StatusCode) bool {
	return 1000 <= code && code <= 1003 || 1007 <= code && code <= 1014 || 3000 <= code && code <= 4999
}
