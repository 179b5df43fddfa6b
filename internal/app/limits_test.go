package app

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/internal/gate"
)

// A limit that cannot be is said before anything listens.
func TestLimitsThatCannotBe(t *testing.T) {
	for _, c := range []struct{ command, flag, value, want string }{
		{"hub", "--max-connections", "-1", "MaxConnections: got -1, want a positive number"},
		{"hub", "--max-per-address", "-1", "MaxPerAddress: got -1, want a positive number"},
		{"hub", "--accept-rate", "-5", "AcceptRate: got -5, want a positive number"},
		{"hub", "--free-files", "2000000000", "FreeFiles: got 2000000000, want fewer than"},
		{"hub", "--max-header", "0", "max-header: got 0, want 1024 to 1048576 bytes"},
		{"hub", "--header-timeout", "0s", "header-timeout: got 0s, want a positive duration"},
		{"hub", "--request-timeout", "-1s", "request-timeout: got -1s, want a positive duration"},
		{"hub", "--answer-timeout", "0s", "answer-timeout: got 0s, want a positive duration"},
		{"hub", "--max-publishers", "-1", "MaxPublishers: got -1, want a positive number"},
		{"hub", "--max-subscribers", "-1", "MaxSubscribers: got -1, want a positive number"},
		{"hub", "--max-message", "65537", "MaxMessage: got 65537, want 1 to 65536 bytes"},
		{"hub", "--publisher-rate", "-200", "PublisherRate: got -200, want a positive number"},
		{"rank", "--accept-rate", "-5", "AcceptRate: got -5, want a positive number"},
		{"rank", "--header-timeout", "0s", "header-timeout: got 0s, want a positive duration"},
	} {
		got := quasarCommand(t, "", c.command, "--listen", "127.0.0.1:0", c.flag, c.value)
		if got.code != exitConfiguration || !strings.Contains(got.stderr, c.want) || strings.Contains(got.stderr, "Page") {
			t.Errorf("%s %s %s: got %d %s, want %d and %q", c.command, c.flag, c.value, got.code, got.stderr, exitConfiguration, c.want)
		}
	}
}

// Who is alone on this machine sends as fast as it likes; strangers do not.
func TestTheUsualPublisherRate(t *testing.T) {
	for _, c := range []struct {
		listen string
		tokens bool
		want   int
	}{
		{"127.0.0.1:7860", false, 0}, {"[::1]:7860", false, 0}, {"localhost:7860", false, 0},
		{"127.0.0.1:7860", true, 200}, {"0.0.0.0:7860", true, 200}, {"0.0.0.0:7860", false, 200}, {":7860", false, 200},
	} {
		if got := usualPublisherRate(c.listen, c.tokens); got != c.want {
			t.Errorf("%s, tokens %v: got %d, want %d", c.listen, c.tokens, got, c.want)
		}
	}
}

// A proxy of ours is many people: the bounds for one address are not for it.
func TestAProxyOfOursIsExemptFromWhatIsForOneAddress(t *testing.T) {
	within := usualLimits()
	within.gate.MaxPerAddress = 1
	door, err := within.newGate([]netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]int64{"127.0.0.1": 0, "10.1.2.3": 0, "10.2.0.1": 1} {
		before := door.Refused()["address"]
		street := newStreet(addr, 2)
		l := door.Listener(street)
		for {
			if _, err := l.Accept(); err != nil {
				break
			}
		}
		if got := door.Refused()["address"] - before; got != want {
			t.Errorf("%s: got %d of two turned away, want %d", addr, got, want)
		}
		_ = l.Close()
	}
}

// street is a listener with connections from one address, in memory.
type street struct {
	addr netip.Addr
	left int
}

func newStreet(addr string, conns int) *street { return &street{netip.MustParseAddr(addr), conns} }

func (s *street) Accept() (net.Conn, error) {
	if s.left--; s.left < 0 {
		return nil, net.ErrClosed
	}
	near, far := net.Pipe()
	_ = far.Close()
	return comer{near, net.TCPAddrFromAddrPort(netip.AddrPortFrom(s.addr, 1))}, nil
}

func (s *street) Close() error   { return nil }
func (s *street) Addr() net.Addr { return &net.TCPAddr{} }

type comer struct {
	net.Conn
	addr net.Addr
}

func (c comer) RemoteAddr() net.Addr { return c.addr }

// A night of knocking is a line in ten seconds, and silence is silence.
func TestTheLogSaysHowManyWereTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		door, err := gate.New(&gate.Options{MaxConnections: 1})
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- reportRefused(ctx, slog.New(slog.NewTextHandler(&log, nil)), door) }()
		time.Sleep(25 * time.Second)
		l := door.Listener(newStreet("192.0.2.1", 301))
		for {
			if _, err := l.Accept(); err != nil {
				break
			}
		}
		time.Sleep(30 * time.Second)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = l.Close()
		if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `level=WARN msg="connections turned away" reason=connections count=300 open=1`) {
			t.Errorf("got %s, want one line", got)
		}
	})
}
