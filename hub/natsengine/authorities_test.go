package natsengine

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/karlquant/quasar/hub/enginetest"
)

// keys are a certificate and who is trusted, both of which may change.
type keys struct {
	shown   atomic.Pointer[tls.Certificate]
	trusted atomic.Pointer[x509.CertPool]
}

func newKeys(a *authority) *keys {
	k := new(keys)
	k.show(a)
	k.trusted.Store(a.pool)
	return k
}

func (k *keys) show(a *authority) { k.shown.Store(&a.config(tlsName).Certificates[0]) }

func (k *keys) embedded(t *testing.T, peers ...string) *Embedded {
	t.Helper()
	return &Embedded{
		Listen: freeAddr(t), Peers: peers, Authorities: k.trusted.Load,
		TLS: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return k.shown.Load(), nil }},
	}
}

// sees waits until an engine sees those hubs and no others.
func sees(t *testing.T, e *Engine, want ...string) {
	t.Helper()
	enginetest.Soon(t, "it sees "+strings.Join(want, ", "), func() string {
		got := e.Status().Members
		if slices.Sort(got); slices.Equal(got, want) {
			return ""
		}
		return strings.Join(got, ", ")
	})
}

// An authority is replaced as one does it: trust both, show certificates of the new
// one, trust it alone. Nobody is out of sight meanwhile; then who has a certificate
// of the old one stays outside, and who has one of the new one comes in.
func TestAnAuthorityIsReplacedWithoutARestart(t *testing.T) {
	t.Parallel()
	old, made := newAuthority(t), newAuthority(t)
	both := x509.NewCertPool()
	both.AddCert(old.cert)
	both.AddCert(made.cert)
	a, b := newKeys(old), newKeys(old)
	first, second := a.embedded(t), b.embedded(t)
	first.Peers, second.Peers = []string{second.Listen}, []string{first.Listen}
	one := must(New("a", &Options{Embedded: first, JoinTimeout: time.Second}))
	two := must(New("b", &Options{Embedded: second, JoinTimeout: time.Second}))
	enginetest.Start(t, one)
	enginetest.Start(t, two)
	sees(t, one, "a", "b")
	sees(t, two, "a", "b")

	for _, step := range []func(k *keys){
		func(k *keys) { k.trusted.Store(both) },
		func(k *keys) { k.show(made) },
		func(k *keys) { k.trusted.Store(made.pool) },
	} {
		step(a)
		step(b)
		time.Sleep(3 * tickEvery) // until it is seen
	}
	if lost := one.Status().Counts["lost_hubs"] + two.Status().Counts["lost_hubs"]; lost != 0 {
		t.Errorf("got %d hubs lost meanwhile, want none", lost)
	}

	late := newKeys(old)
	late.trusted.Store(both)
	outside := must(New("old", &Options{Embedded: late.embedded(t, first.Listen, second.Listen), JoinTimeout: time.Second}))
	enginetest.Start(t, outside)
	inside := must(New("new", &Options{Embedded: newKeys(made).embedded(t, first.Listen, second.Listen), JoinTimeout: time.Second}))
	enginetest.Start(t, inside)
	for _, e := range []*Engine{one, two, inside} {
		sees(t, e, "a", "b", "new")
	}
	enginetest.Ready(t, outside) // it has given up waiting
	sees(t, outside, "old")
}

// Servers that show a certificate of another authority are believed once that is
// trusted, and not before.
func TestNATSOfANewAuthority(t *testing.T) {
	t.Parallel()
	old, made := newAuthority(t), newAuthority(t)
	s := beside(t, "quasar", func(o *server.Options) { o.TLSConfig = made.config("nats") }, "a")
	k := newKeys(old)
	url := "tls://" + s.ClientURL()[strings.LastIndex(s.ClientURL(), "/")+1:]
	e := must(New("a", &Options{JoinTimeout: time.Second, External: &External{
		URL: url, User: "hub a", Password: "p", TLS: &tls.Config{MinVersion: tls.VersionTLS12}, Authorities: k.trusted.Load,
	}}))
	enginetest.Start(t, e)
	enginetest.Soon(t, "it does not believe the server", func() string {
		if s := e.Status(); s.Ready || !strings.Contains(s.Problem, "out of reach") {
			return s.Problem
		}
		return ""
	})
	k.trusted.Store(made.pool)
	enginetest.Ready(t, e)
}
