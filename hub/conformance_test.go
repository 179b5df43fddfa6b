package hub_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/internal/wire"
)

// Conformance of both endpoints to RFC 6455, over real sockets and with bytes that
// no library made. The sections are those of the Autobahn suite, 1 to 7, with the
// handshake before them and the deaths of peers behind. What RFC 6455 says MUST
// happen happens, but for one: text that is not UTF-8 does not end a publisher's
// connection (section 10 of the protocol).
//
// The endpoint of subscribers throws messages away unread, so that for it no text
// is good or bad: section 8.1 binds an endpoint that interprets what it gets. Frames
// are held against the layout, the order and the size all the same.

// rfcCase is what a peer sends behind a good handshake, and what must come of it.
type rfcCase struct {
	name string
	sent []byte
	want outcome
}

// outcome is what a peer sees, and what the publisher's row says.
type outcome struct {
	// End is the code and the reason of the hub's close frame, or "" while the
	// connection is open.
	End string
	// Pongs are the payloads of the pongs that came before.
	Pongs []string
	// Accepted and Rejected are counted of a publisher only.
	Accepted, Rejected int64
}

// conformance is every case whose peer completes the handshake and then sends.
func conformance() []rfcCase {
	return slices.Concat(
		messagesOfAnySize(), lengths(), // 1
		pingsAndPongs(),            // 2
		reservedBits(),             // 3
		opcodes(),                  // 4
		fragmentation(), masking(), // 5
		textInUTF8(),                // 6
		closing(), codesOfClosing(), // 7
	)
}

// The sentences differ, and there are as many as were promised.
func TestConformanceHasItsCases(t *testing.T) {
	var names []string
	for _, c := range conformance() {
		names = append(names, c.name)
	}
	for _, c := range handshakes() {
		names = append(names, c.name)
	}
	for _, c := range pipelined() {
		names = append(names, c.name)
	}
	for _, c := range deaths() {
		names = append(names, c.name)
	}
	slices.Sort(names)
	if n := len(slices.Compact(slices.Clone(names))); n != len(names) {
		t.Errorf("got %d different names of %d cases", n, len(names))
	}
	if len(names) < 400 {
		t.Errorf("got %d cases, want 400 at least", len(names))
	}
	t.Logf("%d cases, each on both endpoints", len(names))
}

// endpoints are what every case is tried on.
var endpoints = []string{"/ws/publish/V75", "/ws/subscribe"}

// slowly is the most that is sent byte by byte, too, in bytes.
const slowly = 100

func TestConformance(t *testing.T) {
	for _, path := range endpoints {
		for _, c := range conformance() {
			t.Run(path+": "+c.name, func(t *testing.T) {
				t.Parallel()
				h, addr := serveTCP(t, nil)
				want, bytewise := c.want, strings.Replace(path, "V75", "BYTEWISE", 1)
				if path == "/ws/subscribe" {
					want.Accepted, want.Rejected = 0, 0
				}
				if diff := cmp.Diff(want, play(t, h, addr, path, c.sent, len(c.sent))); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if len(c.sent) > slowly {
					return
				}
				if diff := cmp.Diff(want, play(t, h, addr, bytewise, c.sent, 1)); diff != "" {
					t.Errorf("byte by byte (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// play sends bytes in pieces of some size and tells what came of it.
func play(t *testing.T, h *hub.Hub, addr, path string, sent []byte, piece int) outcome {
	t.Helper()
	p := dialTCP(t, addr, path, 0)
	space, publishes := strings.CutPrefix(path, "/ws/publish/")
	if !publishes {
		p.nextUpdate() // the state
	}
	var sending sync.WaitGroup
	sending.Go(func() { // beside the reading: the hub may stop to listen before the end
		for b := range slices.Chunk(sent, max(piece, 1)) {
			if p.write(b) != nil {
				return
			}
		}
		_ = p.write(masked(fin|opPing, []byte(theEnd)))
	})
	got := p.outcome()
	if publishes && got.End != "" {
		_ = p.conn.Close()
		eventually(t, "the publisher's end", func() bool { return !stateOf(t, h).Publishers[space].Connected })
	}
	row := stateOf(t, h).Publishers[space]
	got.Accepted, got.Rejected = row.Accepted, row.Rejected
	_ = p.conn.Close()
	sending.Wait()
	return got
}

// theEnd is the payload of a ping behind everything: its pong tells that the hub
// has read so far and goes on reading.
const theEnd = "is that all?"

// outcome reads until the hub has answered everything or has closed. Behind its
// close frame the stream must end, and not by a reset.
func (p *peer) outcome() (got outcome) {
	p.t.Helper()
	for {
		f, err := p.read()
		switch {
		case err != nil:
			got.End = "without a close frame: " + err.Error()
			return got
		case f.head == fin|opPong && string(f.payload) == theEnd:
			return got
		case f.head == fin|opPong:
			got.Pongs = append(got.Pongs, string(f.payload))
		case f.head == fin|opClose && len(f.payload) <= 125:
			got.End = f.closing()
			if rest, err := io.ReadAll(p.in); err != nil || len(rest) > 0 {
				p.t.Errorf("behind the close frame: got %q and %v, want the end of the stream", rest, err)
			}
			return got
		default:
			p.t.Fatalf("got the frame %#x %.80q, want a pong or a close", f.head, f.payload)
		}
	}
}

// ended is the outcome of what breaks the protocol: the close frame says why, and
// the publisher's row counts it as rejected.
func ended(end string) outcome { return outcome{End: end, Rejected: 1} }

// echoed is the outcome of the peer's own close.
func echoed(code uint16) outcome { return outcome{End: fmt.Sprintf("%d ", code)} }

var (
	taken   = outcome{Accepted: 1} // one message, and the connection lives
	refused = outcome{Rejected: 1} // a message that is none of the schema, and the connection lives
)

// update is a message that a publisher may send.
const update = `{"type":"training","data":{"training_steps":1}}`

// padded is update in n bytes.
func padded(n int) string { return update + strings.Repeat(" ", n-len(update)) }

// text is update in one frame.
func text() []byte { return masked(fin|opText, []byte(update)) }

// ping is a ping with its payload.
func ping(payload string) []byte { return masked(fin|opPing, []byte(payload)) }

// halves is update in two fragments with something between them.
func halves(between ...[]byte) []byte {
	return concat(masked(opText, []byte(update[:20])), concat(between...), masked(fin|opContinuation, []byte(update[20:])))
}

func concat(parts ...[]byte) []byte { return slices.Concat(parts...) }

// limit is the largest message in bytes, and tooLong what is said of a larger one.
const limit = wire.MaxPublish

var tooLong = fmt.Sprintf("1009 message longer than %d bytes", limit)

// rawTCP opens a connection to a hub whose reads and writes fail after patience.
func rawTCP(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn.(*net.TCPConn)
}
