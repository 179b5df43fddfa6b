package fanout

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"pgregory.net/rapid"

	"github.com/karlquant/quasar/internal/nowait"
)

// The frames of these tests are lines: "space seq padding". What a member is sent
// first is the newest lines between "[" and "]".
func first(frames [][]byte) []byte {
	return append(append([]byte("[\n"), bytes.Join(frames, nil)...), "]\n"...)
}

func frame(space string, seq, size int) []byte {
	head := fmt.Sprintf("%s %d ", space, seq)
	return []byte(head + strings.Repeat("x", max(0, size-len(head)-1)) + "\n")
}

// peer reads what a member is sent, and can stop reading.
type peer struct {
	conn   net.Conn
	near   net.Conn // the member's end
	member *Member
	left   chan error

	mu      sync.Mutex
	running *sync.Cond
	stalled bool
	got     bytes.Buffer
}

// kinds are the connections that these tests run over: real sockets with small
// buffers, plain and under TLS, which the shards write to without waiting; and
// where only waiting helps, TLS as others set it up and a pipe.
var (
	kinds      = []string{"tcp", "tls", "tls 1.2", "tls of others", "pipe"}
	quickKinds = kinds[:3]
)

// pair returns the two ends of a connection.
func pair(t testing.TB, kind string) (near, far net.Conn) {
	t.Helper()
	if kind == "pipe" {
		return net.Pipe()
	}
	near, far = pairTCP(t)
	if kind == "tcp" {
		return near, far
	}
	return secure(t, near, far, kind != "tls of others", func(server, _ *tls.Config) {
		if kind == "tls 1.2" {
			server.MaxVersion = tls.VersionTLS12
		}
	})
}

func pairTCP(t testing.TB) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if far, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if near, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	_ = near.(*net.TCPConn).SetWriteBuffer(64 << 10)
	_ = far.(*net.TCPConn).SetReadBuffer(128 << 10)
	return near, far
}

// secure puts TLS between the two ends of a connection, ours or that of others.
func secure(t testing.TB, near, far net.Conn, ours bool, set func(server, client *tls.Config)) (nearer, farther *tls.Conn) {
	t.Helper()
	server, client := configs()
	server, client = server.Clone(), client.Clone()
	set(server, client)
	listen := tls.NewListener
	if ours {
		listen = nowait.NewTLSListener
	}
	conn, err := listen(&accepted{near}, server).Accept()
	if err != nil {
		t.Fatal(err)
	}
	nearer, farther = conn.(*tls.Conn), tls.Client(far, client)
	asked := make(chan error, 1)
	go func() { asked <- farther.Handshake() }()
	_ = nearer.SetDeadline(time.Now().Add(10 * time.Second))
	if err := errors.Join(nearer.Handshake(), <-asked); err != nil {
		t.Fatal(err)
	}
	_ = nearer.SetDeadline(time.Time{})
	return nearer, farther
}

// accepted is a listener that has one connection.
type accepted struct{ net.Conn }

func (a *accepted) Accept() (net.Conn, error) { return a.Conn, nil }
func (a *accepted) Addr() net.Addr            { return a.LocalAddr() }

// configs returns what both sides of TLS need.
var configs = sync.OnceValues(func() (server, client *tls.Config) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	client = s.Client().Transport.(*http.Transport).TLSClientConfig
	client.ServerName = "example.com" // a name in the certificate
	return s.TLS, client
})

func join(t testing.TB, f *Fanout, kind string, only map[string]bool) *peer {
	t.Helper()
	near, far := pair(t, kind)
	return joined(f, near, far, only, false)
}

// joined makes one end of a connection a member and reads the other, at once or
// not before stall(false).
func joined(f *Fanout, near, far net.Conn, only map[string]bool, stalled bool) *peer {
	p := &peer{conn: far, near: near, left: make(chan error, 1), stalled: stalled}
	p.running = sync.NewCond(&p.mu)
	go p.read()
	p.member = f.Join(near, f.Begin(only), func(err error) { _ = near.Close(); p.left <- err })
	return p
}

func (p *peer) read() {
	buf := make([]byte, 64<<10)
	for {
		p.mu.Lock()
		for p.stalled {
			p.running.Wait()
		}
		p.mu.Unlock()
		n, err := p.conn.Read(buf)
		p.mu.Lock()
		p.got.Write(buf[:n])
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (p *peer) stall(stalled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = stalled
	p.running.Broadcast()
}

func (p *peer) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got.String()
}

// history is what a member was sent, parsed.
type history struct {
	initial map[string]int
	updates []update
	whole   bool // it ends at a frame's end
}

type update struct {
	space string
	seq   int
}

func parse(text string) (history, error) {
	h := history{initial: map[string]int{}, whole: strings.HasSuffix(text, "\n")}
	text = text[:strings.LastIndexByte(text, '\n')+1]
	inside := false
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		switch {
		case i == 0 && line == "[":
			inside = true
			continue
		case line == "]" && inside:
			inside = false
			continue
		}
		var u update
		if _, err := fmt.Sscanf(line, "%s %d", &u.space, &u.seq); err != nil {
			return h, fmt.Errorf("line %d: %.40q: %w", i, line, err)
		}
		if inside {
			h.initial[u.space] = u.seq
		} else {
			h.updates = append(h.updates, u)
		}
	}
	if inside {
		return h, errors.New("the first bytes do not end")
	}
	return h, nil
}

// A member starts up to firstLag behind the head, so it keeps up for sure while
// that and what came since is less than it may lag.

// check holds a history against the promises: rising per space from the initial
// state on; whole tells whether every frame from there to the newest must be in it.
func (h *history) check(newest map[string]int, only map[string]bool, every bool) error {
	last := make(map[string]int)
	for space, seq := range h.initial {
		last[space] = seq
	}
	for _, u := range h.updates {
		if u.seq <= last[u.space] {
			return fmt.Errorf("%s: %d came behind %d", u.space, u.seq, last[u.space])
		}
		if every && u.seq != last[u.space]+1 {
			return fmt.Errorf("%s: %d came behind %d, though it kept up", u.space, u.seq, last[u.space])
		}
		last[u.space] = u.seq
	}
	for space, seq := range newest {
		if (only == nil || only[space]) && last[space] != seq {
			return fmt.Errorf("%s: ends at %d, want %d", space, last[space], seq)
		}
	}
	for space := range last {
		if only != nil && !only[space] {
			return fmt.Errorf("%s: nobody asked for it", space)
		}
	}
	return nil
}

// settled waits until a member has everything that it will get.
func settled(p *peer, newest map[string]int, only map[string]bool, every bool) error {
	err, size := errors.New("nothing came"), 0
	for range 5000 {
		time.Sleep(time.Millisecond)
		text := p.text()
		if len(text) == size {
			continue
		}
		size = len(text)
		var h history
		if h, err = parse(text); err == nil {
			err = h.check(newest, only, every)
		}
		if err == nil && h.whole {
			return nil
		}
	}
	return err
}

// Any interleaving of publishes, stalls, resumes, joins and leaves gives each
// member a sequence that a subscriber is promised: a consistent cut first, rising
// per space, the newest of every space in the end, and every frame if it kept up.
func TestEveryMemberGetsWhatItIsPromised(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) { rapid.Check(t, func(rt *rapid.T) { model(t, rt, kind) }) })
	}
}

func model(t *testing.T, rt *rapid.T, kind string) {
	f := New(Options{First: first, Chunks: 4, Lag: 160 << 10, Shards: rapid.IntRange(1, 3).Draw(rt, "shards")})
	spaces := []string{"A", "B", "C", "D", "E"}
	newest := map[string]int{}
	type member struct {
		*peer
		only  map[string]bool
		since int // bytes published since it joined
		due   int // frames of what it wants
	}
	var members []*member
	for range rapid.IntRange(1, 40).Draw(rt, "steps") {
		switch op := rapid.IntRange(0, 9).Draw(rt, "op"); {
		case op <= 4 || len(members) == 0 && op > 6:
			size := rapid.SampledFrom([]int{20, 350, 3000, 20000}).Draw(rt, "size")
			for range rapid.IntRange(1, 12).Draw(rt, "burst") {
				space := rapid.SampledFrom(spaces).Draw(rt, "space")
				newest[space]++
				f.Publish(space, frame(space, newest[space], size))
				for _, m := range members {
					m.since += size
					if m.only[space] {
						m.due++
					}
				}
			}
		case op <= 6:
			m := &member{}
			if rapid.Bool().Draw(rt, "filtered") {
				m.only = map[string]bool{"A": true, "C": true}
			}
			m.peer = join(t, f, kind, m.only)
			members = append(members, m)
		case op == 7:
			m := rapid.SampledFrom(members).Draw(rt, "stalling")
			m.stall(true)
		case op == 8:
			m := rapid.SampledFrom(members).Draw(rt, "resuming")
			m.stall(false)
		case op == 9:
			i := rapid.IntRange(0, len(members)-1).Draw(rt, "leaving")
			members[i].member.Leave(nil, ErrLeft)
			members[i].stall(false)
			<-members[i].left
			members = append(members[:i], members[i+1:]...)
		}
	}
	for i, m := range members {
		m.stall(false)
		if err := settled(m.peer, newest, m.only, m.since < 32<<10); err != nil {
			rt.Errorf("member %d: %v", i, err)
		}
		// Who wants everything starts from a state that may be older than it is.
		if sent, skipped := m.member.Sent(), m.member.Skipped(); m.only != nil && sent+skipped != int64(m.due) {
			rt.Errorf("member %d: got %d frames sent and %d spared, want %d in all", i, sent, skipped, m.due)
		}
		m.member.Leave([]byte("bye 1\n"), ErrLeft)
		if err := <-m.left; !errors.Is(err, ErrLeft) {
			rt.Errorf("member %d: left with %v", i, err)
		}
		m.conn.Close()
	}
}

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
