package hub

import (
	"fmt"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/karlquant/quasar/internal/fanout"
)

// socket is one WebSocket connection, whose bytes are read here and written
// here. The handshake and the layout of frames are gobwas/ws's.
type socket struct {
	conn net.Conn
	opts *Options
	// address is where the peer is, as the log has it.
	address string
	// early is what came with the handshake: it is read first.
	early []byte

	// member is what writes to a subscriber: data, and our control frames between.
	// It is nil for a publisher, which is written to by whoever has a control
	// frame for it, through direct.
	member *fanout.Member
	direct *direct // nil once there is a member

	closing sync.Once
	quiet   sync.WaitGroup // waits until nothing more will be written
	cause   cause          // why it closed
	why     string         // the same for people
}

// direct is what writing takes where nobody does it for us. There are many
// subscribers, and they do not need it.
type direct struct {
	// writing has room for one: who puts something in may write, until it is
	// taken out again, so that frames do not mix. It guards rest.
	writing chan struct{}
	// rest is what is missing of the frame in which a write came to a stop; nil
	// while none did.
	rest   []byte
	closed chan struct{} // closed once it is decided that the socket closes
}

// newSocket returns a socket that speaks over conn; early is what came already.
func newSocket(conn net.Conn, early []byte, opts *Options) *socket {
	s := &socket{
		conn: conn, early: early, opts: opts,
		direct: &direct{writing: make(chan struct{}, 1), closed: make(chan struct{})},
	}
	s.quiet.Add(1)
	return s
}

// closeError says with which code and reason a socket is to be closed.
type closeError struct {
	code   ws.StatusCode
	reason string
}

func (e *closeError) Error() string { return fmt.Sprintf("close %d: %s", e.code, e.reason) }

// readBuffer is what the bytes of a publisher are read through. There are few of
// them and they send much.
const readBuffer = 4 << 10

// read reads messages until the connection ends, and answers pings and the
// peer's close. It hands each message to take, which must not keep it, and stops
// at the first error. A message longer than limit is not read: it closes the
// connection with 1009. It is for publishers.
//
// A peer that sends nothing at all, not even a pong, for PeerTimeout is gone; so
// is one that takes longer for one frame.
func (s *socket) read(limit int, frames *allowance, take func(op ws.OpCode, message []byte) error) error {
	in := intake{socket: s, limit: limit, frames: frames, take: take}
	err := s.extend()
	if err == nil {
		err = in.feed(s.early)
	}
	for buf := make([]byte, readBuffer); err == nil; {
		n, ended := s.conn.Read(buf)
		if err = in.feed(buf[:n]); err != nil {
			break
		}
		if err = ended; err == nil && in.progress {
			err = s.extend()
		}
	}
	return err
}

// extend gives the peer time for what is read next.
func (s *socket) extend() error { return s.conn.SetReadDeadline(time.Now().Add(s.opts.PeerTimeout)) }

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
