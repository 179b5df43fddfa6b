package fanout

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// These tests run in fake time, over pipes.

func bubble(t *testing.T, opts Options, test func(t *testing.T, f *Fanout, m *Member, far net.Conn, left chan error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		opts.First = first
		f := New(opts)
		near, far := net.Pipe()
		left := make(chan error, 1)
		m := f.Join(near, f.Begin(nil), func(err error) { _ = near.Close(); left <- err })
		test(t, f, m, far, left)
		m.Abort(ErrLeft)
		_ = far.Close()
	})
}

// read reads until nothing comes for a second.
func read(far net.Conn) string {
	var text strings.Builder
	buf := make([]byte, 4096)
	for {
		_ = far.SetReadDeadline(time.Now().Add(time.Second))
		n, err := far.Read(buf)
		text.Write(buf[:n])
		if err != nil {
			return text.String()
		}
	}
}

func TestMembersArePingedOnceInAnInterval(t *testing.T) {
	bubble(t, Options{Ping: []byte("ping 1\n"), PingInterval: 20 * time.Second}, func(t *testing.T, _ *Fanout, m *Member, far net.Conn, _ chan error) {
		var text strings.Builder
		for range 65 { // a little more than a minute
			text.WriteString(read(far))
			m.Seen()
		}
		if got := strings.Count(text.String(), "ping 1\n"); got != 3 {
			t.Errorf("got %d pings in a minute, want 3", got)
		}
	})
}

func TestASilentMemberIsGivenUp(t *testing.T) {
	bubble(t, Options{PeerTimeout: 75 * time.Second}, func(t *testing.T, _ *Fanout, m *Member, far net.Conn, left chan error) {
		start := time.Now()
		_ = read(far)
		time.Sleep(59 * time.Second)
		m.Seen()
		err := <-left
		if took := time.Since(start).Round(time.Second); !errors.Is(err, ErrSilent) || took != 135*time.Second {
			t.Errorf("got %v after %v, want %v 75 s after the last sign of life", err, took, ErrSilent)
		}
	})
}

// A machine whose clock is set forth an hour has not been silent for an hour.
func TestSilenceIsMeasuredByTheClockThatNobodySets(t *testing.T) {
	m := &Member{fan: New(Options{First: first})}
	m.Seen()
	if at := m.seen().String(); !strings.Contains(at, " m=") { // the reading of that clock
		t.Errorf("got %s, want a reading of the monotonic clock in it", at)
	}
}

func TestAMemberThatTakesNothingIsStalledAfterTheTimeout(t *testing.T) {
	bubble(t, Options{WriteTimeout: 10 * time.Second}, func(t *testing.T, f *Fanout, m *Member, _ net.Conn, left chan error) {
		start := time.Now()
		f.Publish("A", frame("A", 1, 100))
		err := <-left
		if took := time.Since(start).Round(time.Second); !errors.Is(err, ErrStalled) || took != 10*time.Second {
			t.Errorf("got %v after %v, want %v after 10 s", err, took, ErrStalled)
		}
	})
}

// Whoever takes little takes its time, and is not stalled.
func TestASlowMemberLives(t *testing.T) {
	bubble(t, Options{WriteTimeout: 10 * time.Second}, func(t *testing.T, f *Fanout, m *Member, far net.Conn, left chan error) {
		f.Publish("A", frame("A", 1, 1000))
		byteByByte := make([]byte, 100)
		for range 9 {
			time.Sleep(9 * time.Second)
			m.Seen()
			if _, err := far.Read(byteByByte); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case err := <-left:
			t.Errorf("left with %v", err)
		default:
		}
	})
}

func TestControlFramesStandBetweenFramesAndTheLastEndsIt(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, f *Fanout, m *Member, far net.Conn, left chan error) {
		m.Control([]byte("pong 1\n"))
		f.Publish("A", frame("A", 1, 20))
		text := read(far)
		if !strings.HasPrefix(text, "[\n]\n") || !strings.Contains(text, "pong 1\n") || !strings.Contains(text, "A 1 ") {
			t.Errorf("got %q", text)
		}
		m.Leave([]byte("bye 1\n"), ErrLeft)
		f.Publish("A", frame("A", 2, 20))
		if text := read(far); text != "bye 1\n" {
			t.Errorf("got %q, want the last words alone", text)
		}
		if err := <-left; !errors.Is(err, ErrLeft) {
			t.Errorf("got %v", err)
		}
	})
}

// A peer that asks for pongs and takes none costs a bounded amount, and has the
// newest to come.
func TestControlFramesThatWaitAreBounded(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, _ *Fanout, m *Member, _ net.Conn, _ chan error) {
		for i := range 10_000 {
			m.Control(fmt.Appendf(nil, "pong %d\n", i))
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if len(m.control) > maxControl {
			t.Errorf("%d bytes wait, want at most %d", len(m.control), maxControl)
		}
		if !bytes.HasSuffix(m.control, []byte("\npong 9999\n")) {
			t.Errorf("got %q, want the newest at the end", m.control)
		}
	})
}
