package hub

import (
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/google/go-cmp/cmp"
)

func newPipeSocket(t *testing.T) (*socket, net.Conn) {
	opts, err := (*Options)(nil).withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	t.Cleanup(func() { _ = near.Close(); _ = far.Close() })
	return newSocket(near, nil, opts), far
}

// One way only: the write that the publishers' endpoint has refuses data, whoever
// calls it.
func TestWriteControlRefusesData(t *testing.T) {
	s, _ := newPipeSocket(t)
	for _, op := range []ws.OpCode{ws.OpText, ws.OpBinary, ws.OpContinuation, 3, 7} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("opcode %d: got no panic", op)
				}
			}()
			_ = s.writeControl(op, nil)
		}()
	}
}

func TestTheRestOfAFrame(t *testing.T) {
	frame := []byte("abc")
	for written, want := range map[int]string{0: "", 1: "bc", 2: "c", 3: ""} {
		got := restOfFrame(frame, written)
		if got == nil || string(got) != want {
			t.Errorf("after %d bytes: got %q, want %q and not nil", written, got, want)
		}
	}
}

// When a write stops in the middle of a frame, the close stands behind the rest of
// that frame, and nothing between them or after.
func TestACloseStandsBehindTheFrameThatWasBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := newPipeSocket(t)
		frame := ws.MustCompileFrame(ws.NewTextFrame([]byte("a message")))
		took := make([]byte, 3)
		go func() { _, _ = peer.Read(took) }()
		err := s.write(frame)
		if !timedOut(err) {
			t.Fatalf("got %v, want a timeout", err)
		}
		if err := s.writeControl(ws.OpPing, nil); !errors.Is(err, errStopped) {
			t.Errorf("a ping behind it: got %v, want %v", err, errStopped)
		}
		go s.fail(err)
		var rest []byte
		buf := make([]byte, 100)
		for {
			n, err := peer.Read(buf)
			rest = append(rest, buf[:n]...)
			if err != nil {
				break
			}
		}
		want := slices.Concat(frame, ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(1013, "read nothing for 10s"))))
		if diff := cmp.Diff(want, append(took, rest...)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// RFC 6455, section 5.5: a control frame has at most 125 bytes. The longest reason
// that the hub has is that of a space without room.
func TestACloseFrameFitsWhateverItsReason(t *testing.T) {
	for reason, want := range map[string]string{
		"":                              "",
		strings.Repeat("x", maxReason):  strings.Repeat("x", maxReason),
		strings.Repeat("x", 124):        strings.Repeat("x", maxReason),
		"xx" + strings.Repeat("€", 999): "xx" + strings.Repeat("€", 40), // the 41st would be cut
	} {
		got := closeFrame(ws.StatusGoingAway, reason)
		if diff := cmp.Diff(append([]byte{0x88, byte(2 + len(want)), 0x03, 0xe9}, want...), got); diff != "" {
			t.Errorf("%.9q (-want +got):\n%s", reason, diff)
		}
	}
}

// The first close counts, whoever else closes at the same time.
func TestOnlyTheFirstCloseCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := newPipeSocket(t)
		go s.close(ws.StatusGoingAway, "first", "first")
		synctest.Wait() // it waits for the peer to read
		s.close(ws.StatusPolicyViolation, "second", "second")
		s.abort(causeLost, "third")
		s.fail(errors.New("fourth"))
		if s.why != "first" {
			t.Errorf("got %q, want the first", s.why)
		}
		buf := make([]byte, 100)
		n, err := peer.Read(buf)
		if got, want := string(buf[:n]), string(ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(1001, "first")))); got != want {
			t.Errorf("got %q (%v), want %q", got, err, want)
		}
		s.quiet.Wait()
		time.Sleep(closeGrace + 1)
		if n, err := peer.Read(buf); err == nil {
			t.Errorf("got %q behind it", buf[:n])
		}
	})
}
