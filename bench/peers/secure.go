package peers

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/karlquant/quasar/hub"
)

// newCertificate returns what a server needs for TLS.
func newCertificate() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	from := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, from, from, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}},
		NextProtos:   []string{"http/1.1"},
		// Records as large as what is written: small ones at first are for pages
		// that are shown while they come.
		DynamicRecordSizingDisabled: true,
	}, nil
}

// listenTLS listens the way secured says.
func listenTLS(addr string, secured func(net.Listener, *tls.Config) net.Listener) (net.Listener, error) {
	config, err := newCertificate()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return secured(l, config), nil
}

// serveHubTLS is the hub behind TLS, as an embedder would set it up: secured is
// hub.NewTLSListener, or tls.NewListener by one who does not know that.
func serveHubTLS(ctx context.Context, addr string, secured func(net.Listener, *tls.Config) net.Listener) error {
	h, err := hub.New(nil)
	if err != nil {
		return err
	}
	l, err := listenTLS(addr, secured)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	err = serveListener(ctx, l, h)
	<-ended
	return err
}

// serveFloorTLS writes all that came in at once to one subscriber after the
// other, in one record.
func serveFloorTLS(ctx context.Context, addr string) error {
	l, err := listenTLS(addr, tls.NewListener)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	f := &floorTLS{}
	for {
		conn, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		go f.serve(conn)
	}
}

type floorTLS struct {
	subs room[net.Conn]
	one  sync.Mutex // held by who writes
}

func (f *floorTLS) serve(conn net.Conn) {
	in := bufio.NewReaderSize(conn, 64<<10)
	publishes, err := role(in)
	if err != nil {
		_ = conn.Close()
		return
	}
	if publishes {
		f.publish(&frames{in: in})
		return
	}
	f.subs.join(conn)
	_, _ = in.ReadByte() // returns when it is gone
	f.subs.leave(conn)
	_ = conn.Close()
}

func (f *floorTLS) publish(in *frames) {
	for {
		batch, err := in.next()
		if err != nil {
			return
		}
		f.one.Lock()
		f.subs.each(func(c net.Conn) { _, _ = c.Write(batch) })
		f.one.Unlock()
		in.done(len(batch))
	}
}
