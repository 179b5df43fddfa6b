package natsengine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/nats-io/nats.go"
)

// External says how to reach NATS servers that run beside the hubs. They need no
// JetStream.
type External struct {
	// URL is where they are: nats://HOST:4222 or tls://HOST:4222, several with commas
	// between.
	URL string
	// Credentials is a .creds file of NATS, "" for none.
	Credentials string
	// User and Password are for servers that want those; "" for none.
	User, Password string
	// TLS is how the servers are trusted, and what the hub shows them; nil for the
	// system's authorities, where the URL says tls.
	TLS *tls.Config
	// Authorities returns who vouches for the servers now, in the place of TLS.RootCAs;
	// it is asked whenever the hub connects. Nil for those of TLS.
	Authorities func() *x509.CertPool
	// Prefix is what all subjects of this cluster begin with; "" for "quasar".
	Prefix string
}

// external is a bus of NATS servers beside the hubs.
type external struct {
	client
	opts External
}

func newExternal(hubID, prefix string, o *External, log *slog.Logger) (*external, error) {
	if err := checkPrefix(prefix); err != nil {
		return nil, err
	}
	for server := range strings.SplitSeq(o.URL, ",") {
		u, err := url.Parse(strings.TrimSpace(server))
		if err != nil || u.Host == "" || u.Scheme != "nats" && u.Scheme != "tls" {
			return nil, errors.New("NATS URL: want nats://HOST:PORT or tls://HOST:PORT, several with commas between")
		}
		if u.User != nil {
			return nil, errors.New("NATS URL: got credentials in it, want them in a file: URLs are shown")
		}
	}
	return &external{client: newClient(hubID, prefix, log), opts: *o}, nil
}

func (b *external) open(_ context.Context, take func(message []byte), changed func()) error {
	opts := append(b.client.options(), nats.RetryOnFailedConnect(true))
	if b.opts.Credentials != "" {
		opts = append(opts, nats.UserCredentials(b.opts.Credentials))
	}
	if b.opts.User != "" {
		opts = append(opts, nats.UserInfo(b.opts.User, b.opts.Password))
	}
	if b.opts.TLS != nil {
		opts = append(opts, nats.Secure(b.opts.TLS))
	}
	if b.opts.Authorities != nil {
		opts = append(opts, func(o *nats.Options) error {
			o.RootCAsCB = func() (*x509.CertPool, error) { return b.opts.Authorities(), nil }
			return nil
		})
	}
	conn, err := nats.Connect(b.opts.URL, opts...)
	if err != nil {
		return fmt.Errorf("NATS: %w", err)
	}
	return b.use(conn, take, changed)
}

// alone is for the engine to find out: whoever is there answers.
func (b *external) alone() bool { return true }
