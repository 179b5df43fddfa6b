package hub

import (
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/karlquant/quasar/internal/fanout"
	"github.com/karlquant/quasar/internal/wire"
)

// fanoutOptions are those of what hands every update to every subscriber. It knows
// frames as bytes; what they say is told to it here.
func (h *Hub) fanoutOptions() fanout.Options {
	opts := h.opts
	return fanout.Options{
		First:        initialState,
		Ping:         ws.MustCompileFrame(ws.NewPingFrame(nil)),
		PingInterval: opts.PingInterval,
		PeerTimeout:  opts.PeerTimeout,
		WriteTimeout: opts.WriteTimeout,
		Lag:          opts.MaxLag,
		Chunks:       max(2, opts.LogSize/fanout.ChunkSize),
		Latency:      &h.latency,
		Stalled:      func() []byte { return closeFrame(statusTryAgainLater, stalledReason(opts)) },
	}
}

func stalledReason(opts *Options) string {
	return fmt.Sprintf("read nothing for %v", opts.WriteTimeout)
}

// maxReason is how long the reason of a close may be in bytes: a control frame has
// room for 125, and the code takes two of them.
const maxReason = 123

// closeFrame makes a close frame. Of a reason that is too long it has the beginning.
func closeFrame(code ws.StatusCode, reason string) []byte {
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "")
	}
	return ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(code, reason)))
}

// initialState makes the first frame of a subscriber of the newest update of each
// space, a frame each.
func initialState(frames [][]byte) []byte {
	return appendTextFrame(nil, wire.AppendInitialStateOf(nil, payloads(frames), time.Now()))
}

func payloads(frames [][]byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, frame := range frames {
			if !yield(frame[headerSize(frame):]) {
				return
			}
		}
	}
}

// The layout of a server's frame (RFC 6455, section 5.2): it is never masked, and
// the length is in the second byte or says there how many bytes hold it.
const (
	textFrame   = 0x81
	length16    = 126
	length64    = 127
	maxLength16 = 1<<16 - 1
)

// appendTextFrame appends a whole text frame.
func appendTextFrame(dst, payload []byte) []byte {
	return append(appendHeader(dst, textFrame, len(payload)), payload...)
}

// appendHeader appends what stands before n bytes of payload.
func appendHeader(dst []byte, first byte, n int) []byte {
	switch {
	case n < length16:
		return append(dst, first, byte(n))
	case n <= maxLength16:
		return binary.BigEndian.AppendUint16(append(dst, first, length16), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, first, length64), uint64(n))
	}
}

// headerSize is how many bytes of a frame that appendTextFrame made are not its
// payload.
func headerSize(frame []byte) int {
	switch frame[1] {
	case length16:
		return 4
	case length64:
		return 10
	}
	return 2
}
