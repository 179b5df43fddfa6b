package nowait

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// configs returns what both sides of TLS need.
func configs(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	client = s.Client().Transport.(*http.Transport).TLSClientConfig
	client.ServerName = "example.com" // a name in the certificate
	return &tls.Config{Certificates: s.TLS.Certificates}, client
}

// meet has a client call a listener and returns the ends, or why they did not meet.
func meet(t *testing.T, wrap func(net.Listener) net.Listener, server, client *tls.Config) (near *tls.Conn, state tls.ConnectionState, err error) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := NewTLSListener(wrap(inner), server)
	t.Cleanup(func() { l.Close() })
	answered := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			t.Cleanup(func() { conn.Close() })
			near = conn.(*tls.Conn)
			err = near.HandshakeContext(context.Background())
		}
		answered <- err
	}()
	far, err := tls.Dial("tcp", inner.Addr().String(), client)
	if err == nil {
		state = far.ConnectionState()
		t.Cleanup(func() { far.Close() })
	}
	if err := <-answered; err != nil {
		return nil, state, err
	}
	return near, state, err
}

func asItIs(l net.Listener) net.Listener { return l }

func TestAListenerSpeaksWhatWebSocketsNeed(t *testing.T) {
	server, client := configs(t)
	client.NextProtos = []string{"h2", "http/1.1"}
	for _, c := range []struct {
		name   string
		server *tls.Config
	}{
		{"of its own", &tls.Config{Certificates: server.Certificates, NextProtos: []string{"h2"}}},
		{"chosen by a callback", &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{Certificates: server.Certificates, NextProtos: []string{"h2"}}, nil
		}}},
		{"left alone by a callback", &tls.Config{
			Certificates:       server.Certificates,
			GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, nil },
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			near, state, err := meet(t, asItIs, c.server, client)
			if err != nil {
				t.Fatal(err)
			}
			if state.NegotiatedProtocol != "http/1.1" || state.Version != tls.VersionTLS13 {
				t.Errorf("got %q over %s", state.NegotiatedProtocol, tls.VersionName(state.Version))
			}
			if under := Under(near); under == nil || under.Quick() != supported {
				t.Errorf("got %+v below TLS, want something that need not wait if the system has that", under)
			}
			old := client.Clone()
			old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
			if _, _, err := meet(t, asItIs, c.server, old); err == nil {
				t.Error("TLS 1.1 was let in")
			}
		})
	}
}

func TestAListenerLeavesTheConfigAlone(t *testing.T) {
	server, client := configs(t)
	server.MinVersion, server.NextProtos = tls.VersionTLS10, []string{"h2"}
	if _, _, err := meet(t, asItIs, server, client); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"h2"}, server.NextProtos); diff != "" || server.MinVersion != tls.VersionTLS10 || server.DynamicRecordSizingDisabled {
		t.Errorf("the caller's config was changed: %s", diff)
	}
}

func TestNoConfigIsAFailedHandshake(t *testing.T) {
	_, client := configs(t)
	if _, _, err := meet(t, asItIs, nil, client); err == nil {
		t.Error("a handshake without a certificate went through")
	}
}

// wrapped hides what the connections of a listener can do.
type wrapped struct{ net.Listener }

func (w wrapped) Accept() (net.Conn, error) {
	conn, err := w.Listener.Accept()
	return struct{ net.Conn }{conn}, err
}

func TestAConnectionThatOnlyWaitsHoldsEverything(t *testing.T) {
	server, client := configs(t)
	near, _, err := meet(t, func(l net.Listener) net.Listener { return wrapped{l} }, server, client)
	if err != nil {
		t.Fatal(err)
	}
	under := Under(near)
	if under.Quick() {
		t.Error("the kernel cannot be asked: want that everything is held")
	}
	under.Hold()
	if _, err := io.WriteString(near, "hello"); err != nil || under.Held() == 0 {
		t.Errorf("got %v with %d held", err, under.Held())
	}
	under.Release() // too early: what is held goes first
	if _, err := io.WriteString(near, "again"); err != nil || under.Held() < len("hello"+"again") {
		t.Errorf("got %v with %d held", err, under.Held())
	}
	if _, err := under.Flush(time.Now().Add(20 * time.Second)); err != nil || under.Held() != 0 {
		t.Errorf("got %v with %d held", err, under.Held())
	}
	under.Release()
	if _, err := io.WriteString(near, "bye"); err != nil || under.Held() != 0 {
		t.Errorf("got %v with %d held, want that it waits again", err, under.Held())
	}
}
