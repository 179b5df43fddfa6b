package fanout

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
	"time"
	"weak"
)

// kinds are the connections that these tests run over: real sockets with small
// buffers, plain and under TLS, which the shards write to without waiting; and
// where only waiting helps, TLS as others set it up and a pipe.
var (
	kinds      = []string{"tcp", "tls", "tls 1.2", "tls of others", "pipe"}
	quickKinds = kinds[:3]
)

// A member starts up to firstLag behind the head, so it keeps up for sure while
// that and what came since is less than it may lag.

// Whoever writes to a member may be between two looks at it when it is told to leave.
func TestTheLastWordIsNotLostBetweenTwoLooks(t *testing.T) {
	f := New(Options{First: first})
	start := f.Begin(nil)
	var scratch []byte
	for range 5_000 {
		m := &Member{fan: f, shard: f.shards[0], pos: start.pos}
		go m.Leave([]byte("bye 1\n"), ErrLeft)
		for more, over := false, false; !more; more, over = m.next(&scratch) {
			if over {
				t.Fatal("it left without its last word")
			}
		}
	}
}

func TestAMemberThatTakesNothingIsTold(t *testing.T) {
	for _, kind := range quickKinds {
		t.Run(kind, func(t *testing.T) { aMemberThatTakesNothingIsTold(t, kind) })
	}
}

func aMemberThatTakesNothingIsTold(t *testing.T, kind string) {
	f := New(Options{First: first, WriteTimeout: 200 * time.Millisecond, Stalled: func() []byte { return []byte("stalled 1\n") }})
	p := join(t, f, kind, nil)
	p.stall(true)
	p.conn.SetReadDeadline(time.Now().Add(time.Millisecond)) // out of the read that it may be in
	time.Sleep(20 * time.Millisecond)
	for seq := 1; f.Stats().Stalled == 0; seq++ {
		f.Publish("A", frame("A", seq, 1000))
		time.Sleep(time.Millisecond)
	}
	if err := <-p.left; !errors.Is(err, ErrStalled) {
		t.Fatalf("got %v, want %v", err, ErrStalled)
	}
	p.conn.SetReadDeadline(time.Time{})
	rest, err := io.ReadAll(p.conn)
	if err != nil || !bytes.HasSuffix(rest, []byte("\nstalled 1\n")) {
		t.Errorf("the last words are not behind the end of a frame: %v, %.60q", err, rest[max(0, len(rest)-60):])
	}
}

// A stalled member costs the rest of a frame, and its neighbours nothing.
func TestAStalledMemberDelaysNobody(t *testing.T) {
	for _, kind := range quickKinds {
		t.Run(kind, func(t *testing.T) { aStalledMemberDelaysNobody(t, kind) })
	}
}

func aStalledMemberDelaysNobody(t *testing.T, kind string) {
	f := New(Options{First: first, Shards: 1, WriteTimeout: time.Minute})
	stalled, well := join(t, f, kind, nil), join(t, f, kind, nil)
	stalled.stall(true)
	newest := map[string]int{}
	for seq := 1; seq <= 5000; seq++ {
		space := string(rune('A' + seq%20))
		newest[space]++
		f.Publish(space, frame(space, newest[space], 1000))
		for seq%50 == 0 && well.member.Behind() > 0 {
			time.Sleep(100 * time.Microsecond) // so it keeps up
		}
	}
	if err := settled(well, newest, nil, true); err != nil {
		t.Error(err)
	}
	stalled.stall(false)
	if err := settled(stalled, newest, nil, false); err != nil {
		t.Error(err)
	}
	if s := f.Stats(); s.Conflations == 0 || s.Skipped == 0 || s.Frames+s.Skipped != 2*s.Published {
		t.Errorf("%+v: want conflations, and each frame sent to or spared each member", s)
	}
}

func TestANewestFrameOutlivesItsChunk(t *testing.T) {
	f := New(Options{First: first, Chunks: 2})
	f.Publish("QUIET", frame("QUIET", 1, 100))
	dropped := weak.Make(&f.log.current.buf[0])
	for seq := 1; seq <= 1000; seq++ {
		f.Publish("LOUD", frame("LOUD", seq, 1000))
	}
	p := join(t, f, "tcp", nil)
	if err := settled(p, map[string]int{"QUIET": 1, "LOUD": 1000}, nil, false); err != nil {
		t.Error(err)
	}
	p.member.Leave(nil, ErrLeft)
	<-p.left
	for range 10 {
		runtime.GC()
		if dropped.Value() == nil {
			return
		}
	}
	t.Error("a quiet space holds a chunk that was dropped from the log")
	runtime.KeepAlive(f)
}

func TestAFrameLargerThanAChunk(t *testing.T) {
	for _, kind := range quickKinds {
		t.Run(kind, func(t *testing.T) { aFrameLargerThanAChunk(t, kind) })
	}
}

func aFrameLargerThanAChunk(t *testing.T, kind string) {
	f := New(Options{First: first})
	p := join(t, f, kind, nil)
	f.Publish("A", frame("A", 1, 300<<10))
	f.Publish("A", frame("A", 2, 10))
	if err := settled(p, map[string]int{"A": 2}, nil, true); err != nil {
		t.Error(err)
	}
}
