package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/natsengine"
	"github.com/karlquant/quasar/internal/certificate"
	"github.com/karlquant/quasar/internal/disk"
)

// clusterFlags join a hub to others.
type clusterFlags struct {
	listen, advertise, secretFile string
	peers                         []string
	cert, key, ca                 string
	insecure                      bool
	url, prefix, creds            string
	user, passwordFile            string
	natsCert, natsKey, natsCA     string
	joinTimeout                   time.Duration

	files   []follower       // what open read, to be read again when it changes
	expires func() time.Time // when the certificate does that the hub shows; nil for none
}

// follower is something that is kept as its files are.
type follower interface {
	Run(ctx context.Context) error
}

const (
	// defaultPrefix is what the subjects of a cluster begin with unless others are asked for.
	defaultPrefix = "quasar"
	// defaultJoinTimeout is how long a hub waits for others unless it is told to.
	defaultJoinTimeout = 5 * time.Second
)

func addClusterFlags(cmd *cobra.Command, flags *clusterFlags) {
	f := cmd.Flags()
	f.StringVar(&flags.listen, "cluster-listen", "", "join other hubs: the address on which they come in, HOST:PORT (7862 is usual)")
	f.StringSliceVar(&flags.peers, "cluster-peers", nil, "the other hubs, HOST:PORT, or dns+NAME:PORT for all addresses of a name; this one may be among them")
	f.StringVar(&flags.advertise, "cluster-advertise", "", "the address that other hubs are told to come in on, where it is not --cluster-listen")
	f.StringVar(&flags.secretFile, "cluster-secret-file", "", "a file with a secret of 16 characters or more that all hubs of the cluster have")
	f.StringVar(&flags.cert, "cluster-tls-cert", "", "a PEM file with this hub's certificate, which is shown to other hubs in both directions; read anew when it changes")
	f.StringVar(&flags.key, "cluster-tls-key", "", "the PEM file with the key of --cluster-tls-cert")
	f.StringVar(&flags.ca, "cluster-tls-ca", "", "a PEM file with who vouches for the other hubs' certificates, which have to be for the name quasar-hub; read anew when it changes")
	f.BoolVar(&flags.insecure, "cluster-insecure", false, "let other hubs come in from beyond this machine without TLS: whoever sees the traffic can join")
	f.StringVar(&flags.url, "nats-url", "", "join other hubs by NATS servers beside them: nats://HOST:4222, several with commas between")
	f.StringVar(&flags.prefix, "nats-prefix", defaultPrefix, "what the subjects of this cluster begin with")
	f.StringVar(&flags.creds, "nats-creds-file", "", "a credentials file of NATS")
	f.StringVar(&flags.user, "nats-user", "", "the user at servers that want a password")
	f.StringVar(&flags.passwordFile, "nats-password-file", "", "a file with the password of --nats-user")
	f.StringVar(&flags.natsCert, "nats-tls-cert", "", "a PEM file with the certificate that the NATS servers are shown; read anew when it changes")
	f.StringVar(&flags.natsKey, "nats-tls-key", "", "the PEM file with the key of --nats-tls-cert")
	f.StringVar(&flags.natsCA, "nats-tls-ca", "", "a PEM file with who vouches for the NATS servers, instead of the system's authorities; read anew when it changes")
	f.DurationVar(&flags.joinTimeout, "join-timeout", defaultJoinTimeout, "how long a hub waits for the state of the others before it says that it is ready without")
}

// open makes the engine that joins the hub to others. It leaves the options alone
// if no flag asks for one.
func (f *clusterFlags) open(opts *hub.Options, dataDir string, log *slog.Logger) error {
	if err := f.unused(); err != nil {
		return err
	}
	if f.listen == "" && f.url == "" {
		return nil
	}
	if f.joinTimeout <= 0 {
		return misconfigured(fmt.Errorf("join-timeout: got %v, want more than 0", f.joinTimeout))
	}
	if f.listen != "" && f.url != "" {
		return misconfigured(errors.New("got --cluster-listen and --nats-url, want one: the hubs carry NATS themselves, or it runs beside them"))
	}
	if dataDir != "" {
		return misconfigured(errors.New("got --data-dir for a hub of a cluster, want none: it gets its state from the others"))
	}
	if opts.ID == "" {
		opts.ID = hub.DefaultID()
	}
	o := &natsengine.Options{Logger: log, Version: opts.Version, JoinTimeout: f.joinTimeout, MaxSpaces: opts.MaxSpaces}
	var err error
	if f.listen != "" {
		o.Embedded, err = f.embedded(log)
	} else {
		o.External, err = f.external(log)
	}
	if err != nil {
		return misconfigured(err)
	}
	engine, err := natsengine.New(opts.ID, o)
	if err != nil {
		return misconfigured(err)
	}
	opts.Engine, opts.ClusterCertificateExpires = engine, f.expires
	return nil
}

// unused refuses settings of a cluster that there is none of: whoever gave them believes
// that they count.
func (f *clusterFlags) unused() error {
	if f.listen == "" && (len(f.peers) > 0 || f.advertise+f.secretFile+f.cert+f.key+f.ca != "" || f.insecure) {
		return misconfigured(errors.New("got settings of a cluster and no --cluster-listen, want the address on which other hubs come in"))
	}
	if f.url == "" && (f.creds+f.user+f.passwordFile+f.natsCert+f.natsKey+f.natsCA != "" || f.prefix != defaultPrefix) {
		return misconfigured(errors.New("got settings of NATS and no --nats-url, want its address"))
	}
	if f.listen == "" && f.url == "" && f.joinTimeout != defaultJoinTimeout {
		return misconfigured(errors.New("got --join-timeout and no --cluster-listen or --nats-url, want one: without it there is nobody to wait for"))
	}
	return nil
}

func (f *clusterFlags) embedded(log *slog.Logger) (*natsengine.Embedded, error) {
	secret, err := readClusterSecret("cluster-secret-file", f.secretFile, 16)
	if err != nil {
		return nil, err
	}
	o := &natsengine.Embedded{Listen: f.listen, Advertise: f.advertise, Peers: f.peers, Secret: secret, InsecurePlaintext: f.insecure}
	if f.cert == "" && f.key == "" && f.ca == "" {
		return o, nil
	}
	if f.cert == "" || f.key == "" || f.ca == "" {
		return nil, errors.New("got some of --cluster-tls-cert, --cluster-tls-key and --cluster-tls-ca, want all three: hubs show each other certificates")
	}
	o.TLS, o.Authorities, err = f.clientTLS("cluster-tls", f.cert, f.key, f.ca, log)
	return o, err
}

func (f *clusterFlags) external(log *slog.Logger) (*natsengine.External, error) {
	password, err := readClusterSecret("nats-password-file", f.passwordFile, 1)
	if err != nil {
		return nil, err
	}
	if (f.user == "") != (password == "") {
		return nil, errors.New("got one of --nats-user and --nats-password-file, want both or neither")
	}
	if err := readable(f.creds); err != nil {
		return nil, fmt.Errorf("nats-creds-file: %w", err)
	}
	o := &natsengine.External{URL: f.url, Prefix: f.prefix, Credentials: f.creds, User: f.user, Password: password}
	if f.natsCert != "" || f.natsKey != "" || f.natsCA != "" {
		o.TLS, o.Authorities, err = f.clientTLS("nats-tls", f.natsCert, f.natsKey, f.natsCA, log)
	}
	return o, err
}

// clientTLS reads a certificate to show and the authorities to trust, each if it is
// given, and has both followed. Without authorities those of the system count.
func (f *clusterFlags) clientTLS(flags, cert, key, ca string, log *slog.Logger) (*tls.Config, func() *x509.CertPool, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if (cert == "") != (key == "") {
		return nil, nil, fmt.Errorf("got one of --%s-cert and --%s-key, want both or neither", flags, flags)
	}
	if cert != "" {
		shown, err := certificate.Open(&certificate.Options{Chain: cert, Key: key, Logger: log})
		if err != nil {
			return nil, nil, fmt.Errorf("%s-cert, %s-key: %w", flags, flags, err)
		}
		out.GetCertificate = shown.Get
		out.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return shown.Get(nil) }
		f.files, f.expires = append(f.files, shown), shown.Expires
	}
	if ca == "" {
		return out, nil, nil
	}
	trusted, err := certificate.OpenAuthorities(&certificate.AuthoritiesOptions{File: ca, Logger: log})
	if err != nil {
		return nil, nil, fmt.Errorf("%s-ca: %w", flags, err)
	}
	f.files = append(f.files, trusted)
	return out, trusted.Pool, nil
}

// readClusterSecret reads a file of one line with a secret; "" where no file is given.
func readClusterSecret(flag, path string, least int) (string, error) {
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	secret := string(bytes.TrimSpace(data))
	if len(secret) < least || len(secret) > 1024 || strings.ContainsAny(secret, "\r\n") {
		return "", fmt.Errorf("%s: got %d bytes in %s, want one line of %d to 1024; for one: openssl rand -hex 32", flag, len(secret), path, least)
	}
	return secret, nil
}

// readable says why a file cannot be read, if one is named.
func readable(path string) error {
	if path == "" {
		return nil
	}
	file, _, err := disk.Open(path)
	if err != nil {
		return err
	}
	return file.Close()
}
