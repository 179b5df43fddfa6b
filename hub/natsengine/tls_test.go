package natsengine

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/enginetest"
	"github.com/karlquant/quasar/internal/logtest"
)

// authority signs the certificates of a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, pool: x509.NewCertPool()}
	from := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key = a.make(from, from, nil)
	a.pool.AddCert(a.cert)
	return a
}

func (a *authority) make(from, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if by == nil {
		by = key
	}
	der, err := x509.CreateCertificate(rand.Reader, from, parent, &key.PublicKey, by)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// config has a certificate for that name, and trusts the authority.
func (a *authority) config(name string) *tls.Config {
	cert, key := a.make(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, a.key)
	return &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: a.pool,
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}},
	}
}

// called has a certificate for that name and wants the same of others.
func called(a *authority, name string) *tls.Config {
	c := a.config(name)
	c.ServerName = name
	return c
}

// pair opens two engines with those settings that list each other, and waits until
// they are ready.
func pair(t *testing.T, log *slog.Logger, a, b *Embedded) (one, two *Engine) {
	t.Helper()
	a.Listen, b.Listen = freeAddr(t), freeAddr(t)
	a.Peers, b.Peers = []string{b.Listen}, []string{a.Listen}
	one = must(New("a", &Options{Embedded: a, JoinTimeout: time.Second, Logger: log}))
	two = must(New("b", &Options{Embedded: b, JoinTimeout: time.Second, Logger: log}))
	enginetest.Start(t, one)
	enginetest.Start(t, two)
	enginetest.Ready(t, one)
	enginetest.Ready(t, two)
	return one, two
}

func TestWhoMayJoin(t *testing.T) {
	ours, others := newAuthority(t), newAuthority(t)
	for _, test := range []struct {
		name string
		a, b *Embedded
		join bool
	}{
		{"the same secret", &Embedded{Secret: "right"}, &Embedded{Secret: "right"}, true},
		{"another secret", &Embedded{Secret: "right"}, &Embedded{Secret: "wrong"}, false},
		{"no secret", &Embedded{Secret: "right"}, &Embedded{}, false},
		{"certificates of one authority", &Embedded{TLS: ours.config(tlsName)}, &Embedded{TLS: ours.config(tlsName)}, true},
		{"certificates and a secret", &Embedded{TLS: ours.config(tlsName), Secret: "s"}, &Embedded{TLS: ours.config(tlsName), Secret: "s"}, true},
		{"a certificate of another authority", &Embedded{TLS: ours.config(tlsName)}, &Embedded{TLS: others.config(tlsName)}, false},
		{"no certificate", &Embedded{TLS: ours.config(tlsName)}, &Embedded{}, false},
		{"a certificate for something else", &Embedded{TLS: ours.config(tlsName)}, &Embedded{TLS: ours.config("web")}, false},
		{"certificates for another name that both want", &Embedded{TLS: called(ours, "hubs")}, &Embedded{TLS: called(ours, "hubs")}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log logtest.Log
			a, b := pair(t, slog.New(slog.NewTextHandler(&log, nil)), test.a, test.b)
			together := func() bool { return len(a.Status().Members) == 2 && len(b.Status().Members) == 2 }
			if !test.join && together() {
				t.Errorf("got %v and %v, want them apart", a.Status().Members, b.Status().Members)
			}
			told := func() bool { return strings.Contains(log.String(), "a hub is kept outside") }
			if !test.join {
				enginetest.Soon(t, "it is told who is kept outside", func() string {
					if told() {
						return ""
					}
					return log.String()
				})
			} else if told() {
				t.Errorf("got somebody kept outside who is not:\n%s", &log)
			}
			if n := strings.Count(log.String(), "secret is another one"); n > 2 || strings.Contains(log.String(), "right") || strings.Contains(log.String(), "wrong") {
				t.Errorf("got %d lines of secrets, want one of each hub at most and no secret:\n%s", n, &log)
			}
			if test.join {
				enginetest.Soon(t, "they see each other", func() string {
					if together() {
						return ""
					}
					return "not yet"
				})
			}
		})
	}
}

func TestWhatAnEngineRefuses(t *testing.T) {
	config := newAuthority(t).config(tlsName)
	for _, test := range []struct {
		name string
		id   string
		opts Options
		want string
	}{
		{"neither way", "a", Options{}, "want one"},
		{"both ways", "a", Options{Embedded: &Embedded{Listen: "127.0.0.1:0"}, External: &External{URL: "nats://127.0.0.1:1"}}, "want one"},
		{"no id", "", Options{Embedded: &Embedded{Listen: "127.0.0.1:0"}}, "hub id"},
		{"an id that forges lines", "a\nb", Options{Embedded: &Embedded{Listen: "127.0.0.1:0"}}, "hub id"},
		{"no address", "a", Options{Embedded: &Embedded{}}, "HOST:PORT"},
		{"a network without TLS", "a", Options{Embedded: &Embedded{Listen: "0.0.0.0:7862", Secret: "s"}}, "without TLS"},
		{"all addresses without TLS", "a", Options{Embedded: &Embedded{Listen: ":7862", Secret: "s"}}, "without TLS"},
		{"a network without TLS and without a secret", "a", Options{Embedded: &Embedded{Listen: "0.0.0.0:7862", InsecurePlaintext: true}}, "without a secret"},
		{"TLS without authorities", "a", Options{Embedded: &Embedded{Listen: "127.0.0.1:0", TLS: &tls.Config{Certificates: config.Certificates}}}, "authorities"},
		{"TLS without a certificate", "a", Options{Embedded: &Embedded{Listen: "127.0.0.1:0", TLS: &tls.Config{RootCAs: config.RootCAs}}}, "certificate"},
		{"a peer without a port", "a", Options{Embedded: &Embedded{Listen: "127.0.0.1:0", Peers: []string{"b"}}}, "cluster peer"},
		{"a peer without a name", "a", Options{Embedded: &Embedded{Listen: "127.0.0.1:0", Peers: []string{"dns+:7862"}}}, "cluster peer"},
		{"no port to be told others", "a", Options{Embedded: &Embedded{Listen: "127.0.0.1:0", Advertise: "hub-a"}}, "cluster advertise address"},
		{"no host to be told others", "a", Options{Embedded: &Embedded{Listen: "127.0.0.1:0", Advertise: ":7862"}}, "cluster advertise address"},
		{"no such port to be told others", "a", Options{Embedded: &Embedded{Listen: "127.0.0.1:0", Advertise: "hub-a:99999"}}, "cluster advertise address"},
		{"a negative timeout", "a", Options{JoinTimeout: -1, Embedded: &Embedded{Listen: "127.0.0.1:0"}}, "JoinTimeout"},
		{"an address of the web", "a", Options{External: &External{URL: "http://127.0.0.1:4222"}}, "nats://"},
		{"a password in an address", "a", Options{External: &External{URL: "nats://u:secret@127.0.0.1:4222"}}, "credentials"},
		{"a prefix for everything", "a", Options{External: &External{URL: "nats://127.0.0.1:4222", Prefix: ">"}}, "prefix"},
	} {
		_, err := New(test.id, &test.opts)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error that says %q", test.name, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: the error shows a password: %v", test.name, err)
		}
	}
}

func TestAnAddressThatIsTakenIsAnError(t *testing.T) {
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	e := must(New("a", &Options{Embedded: &Embedded{Listen: l.Addr().String()}}))
	if err := e.Run(t.Context(), nobody{}); err == nil || !strings.Contains(err.Error(), "--cluster-listen") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
}

// nobody is a receiver that forgets.
type nobody struct{}

func (nobody) MergeRecord(hub.Record) {}
func (nobody) MergeClaim(hub.Claim)   {}
func (nobody) HubLost(string)         {}
