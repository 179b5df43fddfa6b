package app

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/internal/certificate"
)

// tlsFlags say with which certificate a server speaks TLS.
type tlsFlags struct{ cert, key string }

func addTLSFlags(cmd *cobra.Command, flags *tlsFlags) {
	f := cmd.Flags()
	f.StringVar(&flags.cert, "tls-cert", "", "speak TLS: a PEM file with the certificate and those that vouch for it; read anew when it changes")
	f.StringVar(&flags.key, "tls-key", "", "the PEM file with the key of --tls-cert")
}

// open reads the certificate; it is nil if none was given.
func (f *tlsFlags) open(log *slog.Logger) (*certificate.File, error) {
	if f.cert == "" && f.key == "" {
		return nil, nil
	}
	if f.cert == "" || f.key == "" {
		return nil, misconfigured(errors.New("got one of --tls-cert and --tls-key, want both or neither"))
	}
	file, err := certificate.Open(&certificate.Options{Chain: f.cert, Key: f.key, Logger: log})
	if err != nil {
		return nil, misconfigured(fmt.Errorf("tls-cert, tls-key: %w", err))
	}
	return file, nil
}

// secured is a listener behind TLS, if there is a certificate.
func secured(l net.Listener, cert *certificate.File) net.Listener {
	if cert == nil {
		return l
	}
	return hub.NewTLSListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.Get})
}

// schemes are how addresses of a server begin, of pages and of WebSockets.
func schemes(overTLS bool) (page, socket string) {
	if overTLS {
		return "https://", "wss://"
	}
	return "http://", "ws://"
}

// trustedBy returns a client that takes no certificate but those that the PEM file
// vouches for; without a file nil, for one that does as the system does.
func trustedBy(file string) (*http.Client, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, misconfigured(fmt.Errorf("ca-file: %w", err))
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, misconfigured(fmt.Errorf("ca-file: got no certificate in %s, want some in PEM", file))
	}
	return &http.Client{Transport: &http.Transport{
		Proxy:             http.ProxyFromEnvironment,
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		DisableKeepAlives: true, // a connection to a hub becomes a WebSocket or is of no more use
	}}, nil
}
