package hub

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/gobwas/ws"

	"github.com/karlquant/quasar/internal/fanout"
)

// writeControl writes a control frame. It is the only write that the endpoint of
// publishers uses: no data frame ever goes to a publisher.
func (s *socket) writeControl(op ws.OpCode, payload []byte) error {
	if !op.IsControl() {
		panic("hub: not a control frame") // a data frame would be a feedback loop
	}
	frame, err := ws.CompileFrame(ws.NewFrame(op, true, payload))
	if err != nil {
		return err
	}
	if s.member != nil {
		s.member.Control(frame)
		return nil
	}
	return s.write(frame)
}

// write writes one frame behind those of others. After its error nothing but a
// close frame may follow.
func (s *socket) write(frame []byte) error {
	d := s.direct
	d.writing <- struct{}{}
	defer func() { <-d.writing }()
	if d.rest != nil {
		return errStopped
	}
	// In this order: close sets its own deadline after it closes d.closed.
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.opts.WriteTimeout)); err != nil {
		return err
	}
	if d.isClosed() {
		d.rest = []byte{}
		return errStopped
	}
	n, err := s.conn.Write(frame)
	if err != nil {
		d.rest = restOfFrame(frame, n)
	}
	return err
}

// restOfFrame returns what is missing of a frame that was begun when writing came
// to a stop: only behind it can a close frame be understood. It is not nil.
func restOfFrame(frame []byte, written int) []byte {
	if written == 0 {
		return []byte{}
	}
	return bytes.Clone(frame[written:])
}

// errStopped says that nothing can be written any more: the socket closes, or
// another write came to a stop, and whoever saw that sees to the rest.
var errStopped = errors.New("the socket is closing")

// writeError is an error of writing that ended the reading.
type writeError struct{ err error }

func (e *writeError) Error() string { return "write: " + e.err.Error() }

// keepAlive pings a publisher until its socket closes. Whoever starts it waits.
func (s *socket) keepAlive() {
	ticker := time.NewTicker(s.opts.PingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-s.direct.closed:
			return
		case <-ticker.C:
			if err := s.writeControl(ws.OpPing, nil); err != nil {
				s.fail(err)
				return
			}
		}
	}
}

// statusTryAgainLater is 1013 of the IANA registry of WebSocket close codes,
// which RFC 6455 does not have yet.
const statusTryAgainLater ws.StatusCode = 1013

// fail closes the socket because a write did not go through.
func (s *socket) fail(err error) {
	switch {
	case errors.Is(err, errStopped):
	case timedOut(err):
		reason := stalledReason(s.opts)
		s.end(causeStalled, statusTryAgainLater, reason, reason)
	default:
		s.abort(causeLost, "connection lost: "+err.Error())
	}
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// finish closes the socket as the error that ended its reading asks for, and
// returns when nothing of it is left.
func (s *socket) finish(err error) {
	var theirs *peerClosedError
	var ours *closeError
	var writing *writeError
	if s.member != nil && s.member.Err() != nil { // the fan-out gave it up, and reading ended of that
		s.decide(s.leftBecause(s.member.Err()))
	}
	switch {
	case errors.As(err, &theirs):
		s.end(causePeer, theirs.code, "", theirs.Error())
		s.linger(true)
	case errors.As(err, &ours):
		s.close(ours.code, ours.reason, ours.reason)
		s.linger(false)
	case errors.As(err, &writing):
		s.fail(writing.err)
		s.linger(false)
	case timedOut(err):
		s.abort(causeSilent, silentReason(s.opts))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		s.abort(causeLost, "connection lost")
	default:
		s.abort(causeLost, "connection lost: "+err.Error())
	}
	s.quiet.Wait()
	_ = s.conn.Close()
}

func silentReason(opts *Options) string { return fmt.Sprintf("silent for %v", opts.PeerTimeout) }

// linger ends our half of the connection behind the close frame and reads what
// still comes until the peer has ended its own, or until close gives up waiting:
// a connection that is closed over unread bytes is reset, and the close frame may
// be lost with it (RFC 6455, section 7.1.1). A connection without halves ends as
// soon as the peer has said its close, too.
func (s *socket) linger(saidClose bool) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.quiet.Wait()
		if half, ok := s.conn.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite() // the peer may be gone: nobody to tell
		} else if saidClose {
			_ = s.conn.Close()
		}
	}()
	_, _ = io.Copy(io.Discard, s.conn)
	<-ended
}

const (
	// closeGrace is how long a write may go on when the socket closes, how long
	// the peer has to take the close frame then, and how long to answer it.
	closeGrace = time.Second
	// subscriberBuffer is the send buffer that the kernel keeps for a subscriber,
	// in bytes; lastBuffer is what it grows to for the rest of a frame and the
	// close behind it, so that a peer that has stopped reading finds them when it
	// wakes up.
	subscriberBuffer = 64 << 10
	lastBuffer       = 256 << 10
)

// close sends a close frame, and closes the connection when the peer has
// answered, or else within three times closeGrace. why is for our own records.
// Only the first close of a socket counts; the others do not wait for it.
func (s *socket) close(code ws.StatusCode, reason, why string) {
	s.end(causeOf(code), code, reason, why)
}

func (s *socket) end(because cause, code ws.StatusCode, reason, why string) {
	if !s.decide(because, why) {
		return
	}
	if s.member != nil {
		s.member.Leave(closeFrame(code, reason), fanout.ErrLeft)
		time.AfterFunc(2*closeGrace, func() { _ = s.conn.Close() })
		return // left says when it is quiet
	}
	_ = s.conn.SetWriteDeadline(time.Now().Add(closeGrace)) // of a write that stands in the way
	s.writeClose(code, reason)
	time.AfterFunc(closeGrace, func() { _ = s.conn.Close() })
	s.quiet.Done()
}

// abort closes the connection without a word: the peer does not listen.
func (s *socket) abort(because cause, why string) {
	if !s.decide(because, why) {
		return
	}
	_ = s.conn.Close()
	if s.member != nil {
		s.member.Abort(fanout.ErrLeft)
		return // left says when it is quiet
	}
	s.quiet.Done()
}

// decide tells whether the caller is the first who closes the socket.
func (s *socket) decide(because cause, why string) (first bool) {
	s.closing.Do(func() {
		first = true
		s.cause, s.why = because, why
		if s.direct != nil {
			close(s.direct.closed)
		}
	})
	return first
}

func (d *direct) isClosed() bool {
	select {
	case <-d.closed:
		return true
	default:
		return false
	}
}

// writeClose writes the close frame as well as it can be done.
func (s *socket) writeClose(code ws.StatusCode, reason string) {
	frame, d := closeFrame(code, reason), s.direct
	d.writing <- struct{}{}
	defer func() { <-d.writing }()
	if d.rest != nil {
		s.growSendBuffer(lastBuffer)
	}
	last := slices.Concat(d.rest, frame)
	d.rest = []byte{}
	_ = s.conn.SetWriteDeadline(time.Now().Add(closeGrace))
	_, _ = s.conn.Write(last) // the peer may be gone: nobody to tell
}

func (s *socket) growSendBuffer(bytes int) {
	conn := s.conn
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	if tcp, ok := conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = tcp.SetWriteBuffer(bytes) // a wish: without it the close may not arrive
	}
}
