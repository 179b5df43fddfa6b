package bench

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/wire"
)

// MessageSize is the size of the update that a publisher sends, in bytes: one
// with all ten fields and as many digits as a trainer's have.
const MessageSize = 350

// MessageSizes are the sizes of a message, in bytes: as a publisher sends it, and
// as a hub delivers it.
func MessageSizes() (published, delivered int) {
	return len(render(Publish, spaceName(0))), len(render(Ready, spaceName(0)))
}

// maxSpaces is how many spaces there are names for.
const maxSpaces = 10_000

// The numbers in a message have the same number of digits throughout, so that
// all messages are of one size: what was sent when, in nanoseconds since the run
// began, rides in training_steps, and the number of the message within its space
// in buy_count.
const (
	sentBase  = 1_000_000_000_000_000 // below 2^53 for 92 days
	countBase = 1_000_000_000
)

func spaceName(i int) string { return fmt.Sprintf("B%04d", i) }

// template is a message with places for its two numbers.
type template struct {
	text        []byte
	sent, count int // where their last digits stand, plus one
}

// newTemplate returns the message of a space in a form.
func newTemplate(form Form, space string) *template {
	t := &template{text: render(form, space)}
	t.sent = bytes.Index(t.text, sentKey) + len(sentKey) + 16
	t.count = bytes.Index(t.text, countKey) + len(countKey) + 10
	return t
}

// fill puts the numbers in.
func (t *template) fill(sent time.Duration, count int64) {
	putDigits(t.text[:t.sent], int64(sent)+sentBase)
	putDigits(t.text[:t.count], count+countBase)
}

// putDigits writes n so that it ends where dst does.
func putDigits(dst []byte, n int64) {
	for i := len(dst) - 1; n > 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
}

// render makes the bytes of a message whose update is of MessageSize.
func render(form Form, space string) []byte {
	u := update("")
	u = update(strings.Repeat("x", MessageSize-len(wire.AppendUpdate(nil, u))))
	if form == Publish {
		return wire.AppendUpdate(nil, u)
	}
	now := time.UnixMicro(1_760_000_000_123_456)
	s, err := quasar.Snapshot{SpaceName: space}.Apply(u, now)
	if err != nil {
		panic(err) // a constant that is no update
	}
	return wire.AppendMetricsUpdate(nil, &s, now)
}

func update(source string) quasar.Update {
	return quasar.UpdateOf(
		&quasar.Training{
			TrainingSteps: new(int64(sentBase)), ActorLoss: new(0.12345678901234567), CriticLoss: new(0.34567890123456789),
			AVNLoss: new(0.056789012345678901), AVNAccuracy: new(0.81234567890123456),
		},
		&quasar.Voting{
			DominantSignal: new(quasar.Buy), BuyCount: new(int64(countBase)), SellCount: new(int64(3)),
			LastPrice: new(451234.12), SignalSource: &source,
		})
}

var (
	sentKey  = []byte(`"training_steps":`)
	countKey = []byte(`"buy_count":`)
	spaceKey = []byte(`"space_name":"B`)
)

// note is what a delivered message says.
type note struct {
	space int
	sent  time.Duration
	count int64
}

// readNote finds the numbers in a delivered message; ok is false for one that is
// none of ours, as the state that a hub begins with may be.
func readNote(message []byte) (n note, ok bool) {
	space, ok1 := digitsAfter(message, spaceKey)
	sent, ok2 := digitsAfter(message, sentKey)
	count, ok3 := digitsAfter(message, countKey)
	n = note{space: int(space), sent: time.Duration(sent - sentBase), count: count - countBase}
	return n, ok1 && ok2 && ok3 && bytes.Contains(message[:min(len(message), 48)], spaceKey)
}

func digitsAfter(message, key []byte) (n int64, ok bool) {
	i := bytes.Index(message, key)
	if i < 0 {
		return 0, false
	}
	for _, c := range bytes.TrimLeft(message[i+len(key):], " ") {
		if c < '0' || c > '9' {
			break
		}
		n, ok = n*10+int64(c-'0'), true
	}
	return n, ok
}

// mask is what clients' frames are masked with: a constant does, for no proxy
// stands between.
var mask = [8]byte{0x9e, 0x37, 0x79, 0xb9, 0x9e, 0x37, 0x79, 0xb9}

// appendClientFrame appends a WebSocket frame as a client sends it.
func appendClientFrame(dst []byte, opcode byte, parts ...[]byte) []byte {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	dst = append(dst, 0x80|opcode)
	switch {
	case size < 126:
		dst = append(dst, 0x80|byte(size))
	case size < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0x80|126), uint16(size))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 0x80|127), uint64(size))
	}
	dst = append(dst, mask[:4]...)
	from := len(dst)
	for _, p := range parts {
		dst = append(dst, p...)
	}
	maskBytes(dst[from:])
	return dst
}

func maskBytes(b []byte) {
	key := binary.NativeEndian.Uint64(mask[:])
	for len(b) >= 8 {
		binary.NativeEndian.PutUint64(b, binary.NativeEndian.Uint64(b)^key)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= mask[i]
	}
}
