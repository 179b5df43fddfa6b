package hub_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/karlquant/quasar/hub"
)

// death is where a peer dies: behind the bytes of sent, which stand behind a good
// handshake, or, where there is none, in place of one.
type death struct {
	name      string
	handshake string // the handshake, or as much of it as comes; %s is the path
	sent      []byte
	way       string // one of ways
	// why is how what the hub says of the end begins; "" where no WebSocket opened.
	why string
}

// ways are how a peer goes: with a FIN for both directions, with one for its own
// and its ears open, and with a reset.
var ways = map[string]func(*net.TCPConn){
	"a closed connection":      func(c *net.TCPConn) { _ = c.Close() },
	"a half-closed connection": func(c *net.TCPConn) { _ = c.CloseWrite() },
	"a reset":                  func(c *net.TCPConn) { _ = c.SetLinger(0); _ = c.Close() },
}

// deaths are all places and ways.
func deaths() (cases []death) {
	good := fmt.Sprintf(handshake, "%s", "")
	message := masked(fin|opText, []byte(padded(200)))
	large := masked(fin|opText, []byte(padded(limit)))
	const lost = "connection lost"
	for _, way := range []string{"a closed connection", "a half-closed connection", "a reset"} {
		for _, c := range []death{
			{"before a byte", "", nil, way, ""},
			{"in the first line of the handshake", good[:7], nil, way, ""},
			{"in a header of the handshake", good[:40], nil, way, ""},
			{"before the last line of the handshake", good[:len(good)-2], nil, way, ""},
			{"right behind the handshake", good, nil, way, lost},
			{"behind one byte of a frame", good, message[:1], way, lost},
			{"behind the second byte of a frame", good, message[:2], way, lost},
			{"in a length of 16 bits", good, message[:3], way, lost},
			{"in a length of 64 bits", good, large[:7], way, lost},
			{"in the mask", good, message[:6], way, lost},
			{"behind the header of a frame", good, message[:8], way, lost},
			{"in the payload of a frame", good, message[:100], way, lost},
			{"before the last byte of a frame", good, message[:len(message)-1], way, lost},
			{"in the payload of a large frame", good, large[:40000], way, lost},
			{"behind a whole message", good, message, way, lost},
			{"between fragments", good, masked(opText, []byte(update[:20])), way, lost},
			{"in the second fragment", good, concat(masked(opText, []byte(update[:20])), masked(fin|opContinuation, []byte(update[20:]))[:12]), way, lost},
			{"in the header of a ping", good, ping("hello")[:3], way, lost},
			{"in the payload of a ping", good, ping("hello")[:8], way, lost},
			{"in the payload of a close", good, bye(1000, "farewell")[:9], way, lost},
			{"behind its close", good, bye(1000, "farewell"), way, "closed by the peer with 1000"},
			{"behind a broken frame", good, masked(fin|3, nil), way, strings.TrimPrefix(badOpcode, "1002 ")},
		} {
			c.name = "a peer dies by " + way + " " + c.name
			cases = append(cases, c)
		}
	}
	return cases
}

// However a peer dies, the hub lets go of it at once, and says why.
func TestConformanceOfDeaths(t *testing.T) {
	for _, path := range endpoints {
		for _, c := range deaths() {
			t.Run(path+": "+c.name, func(t *testing.T) {
				t.Parallel()
				h, addr := serveTCP(t, nil)
				conn := rawTCP(t, addr)
				c.live(t, h, conn, path)
				ways[c.way](conn)
				if c.way == "a half-closed connection" {
					if _, err := io.Copy(io.Discard, conn); err != nil {
						t.Errorf("got %v, want the hub's end of the stream", err)
					}
				}
				if c.why == "" {
					return // serveTCP waits until the server has let go
				}
				eventually(t, "the end", func() bool { return connected(t, h) == 0 })
				_, got, _ := strings.Cut(stateOf(t, h).Events[0].Text, "disconnected: ")
				// A reset may overtake what was sent before it.
				if !strings.HasPrefix(got, c.why) && (c.way != "a reset" || !strings.HasPrefix(got, "connection lost")) {
					t.Errorf("got the end %q, want %q", got, c.why)
				}
			})
		}
	}
}

// live is the life before the death. A peer reads all that there is, or else what
// was meant for a close becomes a reset.
func (c *death) live(t *testing.T, h *hub.Hub, conn *net.TCPConn, path string) {
	t.Helper()
	request := strings.Replace(c.handshake, "%s", path, 1)
	if c.why == "" {
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		return
	}
	p, _ := shakeRaw(t, conn, request, http.MethodGet)
	if path == "/ws/subscribe" {
		p.nextUpdate()
	}
	eventually(t, "the connection", func() bool { return connected(t, h) == 1 })
	p.raw(c.sent)
}

// connected is how many WebSockets there are.
func connected(t *testing.T, h *hub.Hub) int64 {
	t.Helper()
	s := stateOf(t, h).Stats
	return int64(s.Publishers) + int64(s.Subscribers)
}
