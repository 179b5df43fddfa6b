package hub_test

import (
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pipelinedCase is what comes in one segment with the handshake.
type pipelinedCase struct {
	name         string
	first, later []byte // with the handshake, and when its answer has come
	want         outcome
}

// pipelined are frames that do not wait for the answer to the handshake. RFC 6455,
// section 4.1, forbids it to clients and says nothing to servers: nothing may get
// lost, and nothing may be taken twice.
func pipelined() []pipelinedCase {
	large := masked(fin|opText, []byte(padded(limit)))
	return []pipelinedCase{
		{"a message in one segment with the handshake", text(), nil, taken},
		{"three messages in one segment with the handshake", concat(text(), text(), text()), nil, outcome{Accepted: 3}},
		{"a ping in one segment with the handshake", ping("early"), nil, outcome{Pongs: []string{"early"}}},
		{"a close in one segment with the handshake", bye(1000, ""), nil, echoed(1000)},
		{"a broken frame in one segment with the handshake", masked(fin|3, nil), nil, ended(badOpcode)},
		{"a frame without a mask in one segment with the handshake", unmasked(fin|opText, update), nil, ended(notMasked)},
		{"one byte of a message in one segment with the handshake", text()[:1], text()[1:], taken},
		{"half a message in one segment with the handshake", text()[:30], text()[30:], taken},
		{"a fragment in one segment with the handshake", halves()[:30], halves()[30:], taken},
		{"the largest message right behind the handshake", large, nil, taken},
		{"half of the largest message right behind the handshake", large[:30000], large[30000:], taken},
		{"a message above the limit right behind the handshake", masked(fin|opText, []byte(padded(limit+1))), nil, ended(tooLong)},
		{"a message, a ping and a close in one segment with the handshake", concat(text(), ping("x"), bye(1001, "")), nil, outcome{End: "1001 ", Pongs: []string{"x"}, Accepted: 1}},
		{"a message before the answer and one behind it", text(), text(), outcome{Accepted: 2}},
	}
}

func TestConformanceOfPipelinedFrames(t *testing.T) {
	for _, path := range endpoints {
		for _, c := range pipelined() {
			t.Run(path+": "+c.name, func(t *testing.T) {
				t.Parallel()
				h, addr := serveTCP(t, nil)
				p := opened(t, &early{TCPConn: rawTCP(t, addr), with: c.first}, path, "")
				want := c.want
				if path == "/ws/subscribe" {
					want.Accepted, want.Rejected = 0, 0
					p.nextUpdate()
				}
				_ = p.write(concat(c.later, ping(theEnd))) // nobody reads it where the hub closes
				got := p.outcome()
				_ = p.conn.Close()
				if path != "/ws/subscribe" {
					eventually(t, "the publisher's end", func() bool { row := stateOf(t, h).Publishers["V75"]; return !row.Connected })
					row := stateOf(t, h).Publishers["V75"]
					got.Accepted, got.Rejected = row.Accepted, row.Rejected
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// early is a connection that sends something in one write with the first.
type early struct {
	*net.TCPConn
	with []byte
}

func (c *early) Write(b []byte) (int, error) {
	if c.with == nil {
		return c.TCPConn.Write(b)
	}
	all := concat(b, c.with)
	c.with = nil
	n, err := c.TCPConn.Write(all)
	return min(n, len(b)), err
}
