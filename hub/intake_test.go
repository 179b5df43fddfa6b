package hub

import (
	"bytes"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/google/go-cmp/cmp"
)

// taken is what came of the bytes that an intake was fed.
type taken struct {
	Messages []string
	Answers  string // the frames that were written
	End      string // the error
}

// intakeOf feeds a fresh intake with bytes in pieces of the given sizes, over and
// over, and then whatever is left.
func intakeOf(t *testing.T, stream []byte, subscriber bool, sizes ...int) taken {
	opts, err := (*Options)(nil).withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	answers := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(far)
		answers <- all
	}()
	var out taken
	in := intake{socket: newSocket(near, nil, opts), limit: 300}
	if subscriber {
		in.frames = new(allowance)
	} else {
		in.take = func(op ws.OpCode, message []byte) error {
			out.Messages = append(out.Messages, string(rune('0'+op))+string(message))
			return nil
		}
	}
	for i := 0; err == nil && len(stream) > 0; i++ {
		n := len(stream)
		if len(sizes) > 0 {
			n = min(n, sizes[i%len(sizes)])
		}
		piece := bytes.Clone(stream[:n])
		err = in.feed(piece)
		clear(piece) // what is not ours to keep is soon another's
		stream = stream[n:]
	}
	if err != nil {
		out.End = err.Error()
	}
	_ = near.Close()
	out.Answers = string(<-answers)
	return out
}

func clientFrame(f ws.Frame) []byte {
	return ws.MustCompileFrame(ws.MaskFrameWith(f, [4]byte{1, 2, 3, 250}))
}

// streams are what peers send.
func streams() map[string][]byte {
	long := bytes.Repeat([]byte("long "), 50)
	return map[string][]byte{
		"a message, a ping and another message": slices.Concat(clientFrame(ws.NewTextFrame([]byte("one"))), clientFrame(ws.NewPingFrame([]byte("are you there"))), clientFrame(ws.NewBinaryFrame(long))),
		"fragments with a ping in between": slices.Concat(clientFrame(ws.NewFrame(ws.OpText, false, []byte("fi"))), clientFrame(ws.NewPingFrame([]byte("?"))),
			clientFrame(ws.NewFrame(ws.OpContinuation, false, nil)), clientFrame(ws.NewFrame(ws.OpContinuation, true, []byte("rst"))), clientFrame(ws.NewTextFrame([]byte("second")))),
		"empty messages":                       bytes.Repeat(clientFrame(ws.NewTextFrame(nil)), 3),
		"a close":                              slices.Concat(clientFrame(ws.NewPongFrame(nil)), clientFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(1001, "bye"))), clientFrame(ws.NewTextFrame([]byte("behind it")))),
		"a message that is too long":           clientFrame(ws.NewTextFrame(bytes.Repeat(long, 2))),
		"fragments that are too long together": slices.Concat(clientFrame(ws.NewFrame(ws.OpText, false, long)), clientFrame(ws.NewFrame(ws.OpContinuation, true, long))),
		"no mask":                              ws.MustCompileFrame(ws.NewTextFrame([]byte("x"))),
		"a length of 64 bits":                  {0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 'h', 'i'},
		"a length below zero":                  {0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"a length of 16 bits":                  {0x81, 0xfe, 0, 2, 0, 0, 0, 0, 'h', 'i'},
		"half a head":                          {0x81, 0xfe, 0},
	}
}

// Bytes come in pieces as it pleases the network: what is made of them does not
// depend on it.
func TestIntakeHoweverTheBytesAreCut(t *testing.T) {
	want := map[string]taken{
		"a message, a ping and another message": {Messages: []string{"1one", "2" + string(bytes.Repeat([]byte("long "), 50))}, Answers: "\x8a\x0dare you there"},
		"fragments with a ping in between":      {Messages: []string{"1first", "1second"}, Answers: "\x8a\x01?"},
		"empty messages":                        {Messages: []string{"1", "1", "1"}},
		"a close":                               {End: "closed by the peer with 1001"},
		"a message that is too long":            {End: "close 1009: message longer than 300 bytes"},
		"fragments that are too long together":  {End: "close 1009: message longer than 300 bytes"},
		"no mask":                               {End: "close 1002: " + ws.ErrProtocolMaskRequired.Error()},
		"a length of 64 bits":                   {Messages: []string{"1hi"}},
		"a length below zero":                   {End: "close 1002: bad length of a frame"},
		"a length of 16 bits":                   {Messages: []string{"1hi"}},
		"half a head":                           {},
	}
	for name, stream := range streams() {
		for _, sizes := range [][]int{nil, {1}, {2}, {3, 1}, {7}} {
			if diff := cmp.Diff(want[name], intakeOf(t, stream, false, sizes...)); diff != "" {
				t.Errorf("%s, in pieces of %v bytes (-want +got):\n%s", name, sizes, diff)
			}
			thrown := want[name]
			thrown.Messages = nil
			if diff := cmp.Diff(thrown, intakeOf(t, stream, true, sizes...)); diff != "" {
				t.Errorf("%s, of a subscriber, in pieces of %v bytes (-want +got):\n%s", name, sizes, diff)
			}
		}
	}
}

// A peer has time for a frame, not for each byte of it: only what comes to its end
// is a sign of life.
func TestProgressIsAFrameOrItsHead(t *testing.T) {
	frame := clientFrame(ws.NewPongFrame([]byte("ab"))) // a head of six bytes
	var in intake
	var got []bool
	for i := range frame {
		if err := in.feed(frame[i : i+1]); err != nil {
			t.Fatal(err)
		}
		got = append(got, in.progress)
	}
	if diff := cmp.Diff([]bool{false, false, false, false, false, true, false, true}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAllowance(t *testing.T) {
	var a allowance
	now := time.Now()
	take := func(n int) (allowed int) {
		for range n {
			if a.allow(now) {
				allowed++
			}
		}
		return allowed
	}
	var got []int
	for _, step := range []struct {
		later  time.Duration
		frames int
	}{{0, 600}, {100 * time.Millisecond, 10}, {time.Second, 30}, {time.Second, 100}, {time.Hour, 501}, {-time.Hour, 1}, {time.Second, 60}} {
		now = now.Add(step.later)
		got = append(got, take(step.frames))
	}
	if diff := cmp.Diff([]int{500, 5, 30, 70, 500, 0, 50}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
