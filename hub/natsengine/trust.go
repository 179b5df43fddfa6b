package natsengine

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// tlsName is what the hubs' certificates are for: their addresses change.
const tlsName = "quasar-hub"

// mutual makes both sides of a route show and check certificates.
func mutual(given *tls.Config) (*tls.Config, error) {
	if given == nil {
		return nil, nil
	}
	c := given.Clone()
	if c.RootCAs == nil || len(c.Certificates) == 0 && c.GetCertificate == nil {
		return nil, errors.New("cluster TLS: want a certificate to show and the authorities of the others'")
	}
	if c.ServerName == "" {
		c.ServerName = tlsName
	}
	c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, c.RootCAs
	c.SessionTicketsDisabled = true // a ticket would outlive who vouched for its holder
	c.VerifyConnection = named(c.ServerName, c.VerifyConnection)
	if get := c.GetCertificate; get != nil && c.GetClientCertificate == nil {
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return get(nil) }
	}
	return c, nil
}

// named checks the name of who comes in, too: crypto/tls checks that of who is gone to,
// and of the others who vouches for them.
func named(name string, also func(tls.ConnectionState) error) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("got no certificate of the other hub, want one for " + name)
		}
		if err := state.PeerCertificates[0].VerifyHostname(name); err != nil || also == nil {
			return err
		}
		return also(state)
	}
}

// trusting returns a configuration that goes by those authorities, in both directions.
func trusting(given *tls.Config, pool *x509.CertPool) *tls.Config {
	c := given.Clone()
	c.RootCAs, c.ClientCAs = pool, pool
	return c
}

// setAuthorities lets those vouch for the others who do so now.
func (b *embedded) setAuthorities() {
	if b.opts.Authorities == nil || b.opts.TLS == nil {
		return
	}
	pool := b.opts.Authorities()
	if pool == b.opts.TLS.RootCAs {
		return
	}
	b.opts.TLS = trusting(b.opts.TLS, pool)
	if err := b.server.ReloadOptions(b.options(b.routes)); err != nil {
		b.log.Error("the new authorities were not taken", "err", err)
	}
}
