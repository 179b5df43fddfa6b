package hub_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/karlquant/quasar/hub"
)

// cutter is a proxy in front of a hub that can stop copying without closing
// anything: what a dead NAT or a pulled cable looks like.
type cutter struct {
	addr string
	mu   sync.Mutex // held while the line is cut
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{addr: l.Addr().String()}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			t.Cleanup(func() { _ = near.Close(); _ = far.Close() })
			go c.copy(near, far)
			go c.copy(far, near)
		}
	}()
	return c
}

// copy passes bytes on and keeps the end of one side from the other.
func (c *cutter) copy(to io.Writer, from io.Reader) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		c.mu.Lock()
		_, err = to.Write(buf[:n])
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// A line that is cut and not closed: pings are not answered any more, and the hub
// says so instead of showing a publisher that is not there.
func TestAHalfOpenConnectionIsNoticed(t *testing.T) {
	h, addr := serveTCP(t, &hub.Options{PingInterval: 100 * time.Millisecond, PeerTimeout: 700 * time.Millisecond})
	line := newCutter(t, addr)
	pub := dialTCP(t, line.addr, "/ws/publish/V75", 0).listen()
	dialTCP(t, line.addr, "/ws/subscribe", 0).listen()
	near := dialTCP(t, addr, "/ws/subscribe", 0).listen()
	pub.text(steps(1))
	eventually(t, "the update", func() bool { return len(near.updates()) == 2 })
	time.Sleep(2 * time.Second) // they live, though they say nothing but pong
	if s := stateOf(t, h); !s.Publishers["V75"].Connected || s.Stats.Subscribers != 2 {
		t.Fatalf("before the cut: got %+v", s)
	}

	line.mu.Lock()
	defer line.mu.Unlock()
	eventually(t, "the hub gives up who does not answer", func() bool {
		s := stateOf(t, h)
		return !s.Publishers["V75"].Connected && s.Stats.Subscribers == 1
	})
	if s := stateOf(t, h); *s.Snapshots["V75"].Training.TrainingSteps != 1 {
		t.Errorf("got %+v, want what was known of the space", s.Snapshots["V75"])
	}
	if got := len(near.updates()); got != 2 {
		t.Errorf("the other subscriber got %d frames, want 2", got)
	}
}
