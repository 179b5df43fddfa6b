package hub

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gobwas/ws"
)

// intake makes frames and messages of a peer's bytes, however they are cut, holds
// them against RFC 6455, and answers pings. It reads nothing: it is fed.
type intake struct {
	socket *socket
	limit  int // of a message, in bytes: a longer one ends it with 1009
	// take gets each message, and must not keep it; its error is feed's. If it is
	// nil the messages are thrown away unread.
	take   func(op ws.OpCode, message []byte) error
	frames *allowance // how many the peer may send; nil for no bound
	// compressed tells that permessage-deflate was agreed to.
	compressed bool

	head [ws.MaxHeaderSize]byte
	have int  // bytes of head
	open bool // the head is complete, and what follows is the frame's payload

	frame    ws.Header
	left     int    // bytes of its payload that are still to come
	control  []byte // the payload of a control frame that came in pieces
	progress bool   // a frame, or its head, came to its end: a sign of life

	op      ws.OpCode // of the message
	inside  bool      // between the fragments of a message
	length  int       // of the message so far
	message []byte    // it, if it came in pieces
}

// feed takes what came, which it may change but does not keep. Its error ends the
// reading.
func (in *intake) feed(p []byte) error {
	in.progress = false
	for {
		if !in.open {
			p = in.fill(p)
			if in.have < in.headSize() {
				return nil
			}
			if err := in.begin(); err != nil {
				return err
			}
		}
		n := min(len(p), in.left)
		in.left -= n
		if err := in.payload(p[:n]); err != nil {
			return err
		}
		p = p[n:]
		if in.left > 0 {
			return nil
		}
		in.open, in.have, in.progress = false, 0, true
	}
}

// fill takes what belongs to the head off p.
func (in *intake) fill(p []byte) []byte {
	for len(p) > 0 && in.have < in.headSize() {
		n := copy(in.head[in.have:in.headSize()], p)
		in.have += n
		p = p[n:]
	}
	return p
}

// headSize is how long the head is, as far as that is known (RFC 6455, section
// 5.2): the second byte says so.
func (in *intake) headSize() int {
	if in.have < 2 {
		return 2
	}
	size := 2
	switch in.head[1] & 0x7f {
	case length16:
		size += 2
	case length64:
		size += 8
	}
	if in.head[1]&0x80 != 0 {
		size += 4
	}
	return size
}

// begin begins a frame: its head is complete.
func (in *intake) begin() error {
	h, ok := parseHead(in.head[:in.have])
	if !ok {
		return &closeError{ws.StatusProtocolError, "bad length of a frame"}
	}
	if in.compressed && (h.OpCode == ws.OpText || h.OpCode == ws.OpBinary) {
		_, r2, r3 := ws.RsvBits(h.Rsv)
		h.Rsv = ws.Rsv(false, r2, r3) // a message begins, and may be compressed
	}
	state := ws.StateServerSide
	if in.inside {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return &closeError{ws.StatusProtocolError, err.Error()}
	}
	if in.frames != nil && !in.frames.allow(time.Now()) {
		return &closeError{ws.StatusPolicyViolation, fmt.Sprintf("more than %d frames a second", in.frames.rate())}
	}
	if !h.OpCode.IsControl() {
		if err := in.beginData(h); err != nil {
			return err
		}
	}
	in.frame, in.left, in.open, in.progress = h, int(h.Length), true, true
	return nil
}

func (in *intake) beginData(h ws.Header) error {
	if h.OpCode != ws.OpContinuation {
		in.op, in.length = h.OpCode, 0
	}
	if h.Length > int64(in.limit-in.length) {
		return &closeError{ws.StatusMessageTooBig, fmt.Sprintf("message longer than %d bytes", in.limit)}
	}
	in.length += int(h.Length)
	in.inside = !h.Fin
	return nil
}

// parseHead returns what a complete head says; not ok is a length that no frame
// may have.
func parseHead(head []byte) (h ws.Header, ok bool) {
	h = ws.Header{
		Fin: head[0]&0x80 != 0, Rsv: head[0] >> 4 & 7, OpCode: ws.OpCode(head[0] & 0xf),
		Masked: head[1]&0x80 != 0, Length: int64(head[1] & 0x7f),
	}
	switch h.Length {
	case length16:
		h.Length = int64(binary.BigEndian.Uint16(head[2:]))
	case length64:
		h.Length = int64(binary.BigEndian.Uint64(head[2:])) // #nosec G115 -- what does not fit is refused
	}
	if h.Masked {
		copy(h.Mask[:], head[len(head)-len(h.Mask):])
	}
	return h, h.Length >= 0
}

// payload takes the next part of the frame's payload; the last one if left is 0.
func (in *intake) payload(part []byte) error {
	control := in.frame.OpCode.IsControl()
	if !control && in.take == nil {
		return nil
	}
	ws.Cipher(part, in.frame.Mask, int(in.frame.Length)-in.left-len(part))
	if control {
		return in.takeControl(part)
	}
	return in.takeData(part)
}

func (in *intake) takeData(part []byte) error {
	over := in.frame.Fin && in.left == 0
	if over && len(in.message) == 0 {
		return in.take(in.op, part)
	}
	in.message = append(in.message, part...)
	if !over {
		return nil
	}
	message := in.message
	in.message = message[:0]
	return in.take(in.op, message)
}

// takeControl answers a control frame. A close is answered with its own code, by
// whoever gets the error.
func (in *intake) takeControl(part []byte) error {
	if in.left > 0 || len(in.control) > 0 {
		in.control = append(in.control, part...)
		if in.left > 0 {
			return nil
		}
		part, in.control = in.control, nil
	}
	switch in.frame.OpCode {
	case ws.OpPing:
		if err := in.socket.writeControl(ws.OpPong, part); err != nil {
			return &writeError{err}
		}
	case ws.OpClose:
		return peerClosed(part)
	}
	return nil
}
