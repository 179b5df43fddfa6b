package hub

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/gobwas/ws"
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
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.writeFrames(frame, []int{len(frame)}, s.opts.WriteTimeout)
}

// writeFrames writes whole frames, which end at the given places. Where the peer
// does not take them in time, what is missing of a frame that was begun is kept:
// only behind it can a close frame be understood. The timeout is for each
// maxWrite bytes, so that a large frame may take its time as long as it moves.
// Guarded by s.writing.
func (s *socket) writeFrames(frames []byte, ends []int, timeout time.Duration) error {
	if s.rest != nil {
		return errStopped
	}
	written := 0
	for written < len(frames) {
		if err := s.conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
			return err
		}
		n, err := s.conn.Write(frames[written:min(written+maxWrite, len(frames))])
		written += n
		if err != nil {
			next, _ := slices.BinarySearch(ends, written)
			s.rest = append([]byte{}, frames[written:ends[min(next, len(ends)-1)]]...)
			return err
		}
	}
	return nil
}

var errStopped = errors.New("a write before this one came to a stop")

// keepAlive pings the peer until the socket closes. Whoever starts it waits.
func (s *socket) keepAlive() {
	ticker := time.NewTicker(s.opts.PingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-s.closed:
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
	if timedOut(err) {
		reason := fmt.Sprintf("read nothing for %v", s.opts.WriteTimeout)
		s.close(statusTryAgainLater, reason, reason)
		return
	}
	s.abort("write: " + err.Error())
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
	switch {
	case errors.As(err, &theirs):
		s.close(theirs.code, "", theirs.Error())
	case errors.As(err, &ours):
		s.close(ours.code, ours.reason, ours.reason)
		// What the peer still sends must be read: a connection that is closed
		// over unread bytes is reset, and the close frame is lost with it.
		_, _ = io.Copy(io.Discard, s.conn)
	case timedOut(err):
		s.abort(fmt.Sprintf("silent for %v", s.opts.PeerTimeout))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		s.abort("connection lost")
	default:
		s.abort("connection lost: " + err.Error())
	}
	_ = s.conn.Close()
}

const (
	// closeGrace is how long a peer has to take the close frame off our hands
	// and to answer it.
	closeGrace = time.Second
	// subscriberBuffer is the send buffer that the kernel keeps for a subscriber,
	// in bytes; lastBuffer is what it grows to for the rest of a frame and the
	// close behind it, so that a peer that has stopped reading finds them when it
	// wakes up.
	subscriberBuffer = 64 << 10
	lastBuffer       = 256 << 10
)

// close sends a close frame, and closes the connection when the peer has
// answered or closeGrace is over. why is for our own records. Only the first
// close of a socket counts.
func (s *socket) close(code ws.StatusCode, reason, why string) {
	s.closing.Do(func() {
		s.why = why
		close(s.closed)
		_ = s.conn.SetWriteDeadline(time.Now().Add(closeGrace)) // of a write that stands in the way
		s.writeClose(code, reason)
		time.AfterFunc(closeGrace, func() { _ = s.conn.Close() })
	})
}

// writeClose writes the close frame as well as it can be done.
func (s *socket) writeClose(code ws.StatusCode, reason string) {
	frame, err := ws.CompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(code, reason)))
	if err != nil {
		return
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	last := append(s.rest, frame...)
	if s.rest != nil {
		s.growSendBuffer(lastBuffer)
	}
	s.rest = nil
	_ = s.writeFrames(last, []int{len(last)}, closeGrace) // the peer may be gone: nobody to tell
}

func (s *socket) growSendBuffer(bytes int) {
	if tcp, ok := s.conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = tcp.SetWriteBuffer(bytes) // a wish: without it the close may not arrive
	}
}

// abort closes the connection without a word: the peer does not listen.
func (s *socket) abort(why string) {
	s.closing.Do(func() {
		s.why = why
		close(s.closed)
		_ = s.conn.Close()
	})
}
