package natsengine

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Embedded says how the NATS servers within the hubs find and trust each other.
type Embedded struct {
	// Listen is where the others come in, HOST:PORT; port 0 for any that is free.
	Listen string
	// Advertise is the address that the others are told, HOST:PORT; "" for what
	// Listen has.
	Advertise string
	// Peers are the others' addresses, HOST:PORT, or dns+NAME:PORT for all that
	// the name stands for; names are looked up every ten seconds. The hub itself
	// may be among them.
	Peers []string
	// Secret is what all hubs of a cluster have to know; "" for none.
	Secret string
	// TLS is for both directions: its Certificates or GetCertificate are shown to
	// others, and theirs have to come from its RootCAs and be good for ServerName, ""
	// for "quasar-hub". Nil for none.
	TLS *tls.Config
	// Authorities returns who vouches for the others now, in the place of TLS.RootCAs:
	// another pool counts within a second for who comes from then on, and who is there
	// stays. Nil for those of TLS, for good.
	Authorities func() *x509.CertPool
	// InsecurePlaintext lets others come in from beyond this machine without TLS:
	// whoever sees the traffic knows the secret.
	InsecurePlaintext bool
}

// embedded is a bus of NATS servers within the hubs.
type embedded struct {
	client
	opts   Embedded
	name   string // of the server: no two are the same
	host   string
	port   int
	dns    *directory
	look   time.Duration // how often the peers' names are looked up
	local  string        // the password for our own client
	server *server.Server
	routes []*url.URL // as they are set
	none   atomic.Bool
	work   sync.WaitGroup // what open began, which ends with its context
}

func newEmbedded(hubID string, instance int64, o *Embedded, log *slog.Logger) (*embedded, error) {
	b := &embedded{client: newClient(hubID, defaultPrefix, log), opts: *o, local: rand.Text(), look: lookupEvery}
	b.name = hubID + "-" + strconv.FormatInt(instance, 36) + "-" + rand.Text()[:6]
	host, port, err := net.SplitHostPort(o.Listen)
	if err == nil {
		b.port, err = strconv.Atoi(port)
	}
	if err != nil || b.port < 0 || b.port > 65535 {
		return nil, fmt.Errorf("cluster listen address: got %q, want HOST:PORT", o.Listen)
	}
	if _, _, ok := hostPort(o.Advertise); o.Advertise != "" && !ok {
		return nil, fmt.Errorf("cluster advertise address: got %q, want HOST:PORT", o.Advertise)
	}
	b.host = host
	if b.port == 0 {
		b.port = -1
	}
	if !o.InsecurePlaintext && o.TLS == nil && !loopback(host) {
		return nil, fmt.Errorf("cluster listen address: got %s without TLS, want TLS, a loopback address, or --cluster-insecure", o.Listen)
	}
	if !loopback(host) && o.Secret == "" && o.TLS == nil {
		return nil, fmt.Errorf("cluster listen address: got %s without a secret, want --cluster-secret-file or TLS: whoever comes in is believed", o.Listen)
	}
	if o.Authorities != nil && o.TLS != nil {
		b.opts.TLS = trusting(o.TLS, o.Authorities())
	}
	if b.opts.TLS, err = mutual(b.opts.TLS); err != nil {
		return nil, err
	}
	if b.dns, err = newDirectory(o.Peers); err != nil {
		return nil, err
	}
	return b, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

const (
	// routePing is how often the other end of a route is asked for a sign of life;
	// after two that went unanswered the route is taken for dead.
	routePing = 2 * time.Second
	// keepTrying is how often a peer is tried again: for ever.
	keepTrying = 1 << 20
	// maxPending is how much a server holds back for one that does not read.
	maxPending = 16 << 20
	// startTimeout is how long a server may take to start.
	startTimeout = 10 * time.Second
)

// options are those of the server. Clients other than our own have no way in.
func (b *embedded) options(routes []*url.URL) *server.Options {
	o := &server.Options{
		ServerName: b.name, Host: "127.0.0.1", Port: -1, Username: "hub", Password: b.local,
		NoSigs: true, NoLog: true, NoSystemAccount: true, MaxPending: maxPending, MaxPayload: 1 << 20,
		Routes: routes,
		Cluster: server.ClusterOpts{
			Name: clusterName(b.opts.Secret), Host: b.host, Port: b.port, Advertise: b.opts.Advertise, ConnectRetries: keepTrying,
			PoolSize: -1, PingInterval: routePing, MaxPingsOut: 2, TLSTimeout: 2,
		},
	}
	if b.opts.Secret != "" {
		o.Cluster.Username, o.Cluster.Password = "quasar", b.opts.Secret
	}
	o.Cluster.TLSConfig = b.opts.TLS
	return o
}

// clusterName differs with the secret. Servers ask those that come in for the
// secret, and not those that they go to; but they leave each other alone if the names
// of their clusters differ.
func clusterName(secret string) string {
	sum := hmac.New(sha256.New, []byte(secret))
	_, _ = sum.Write([]byte("name of a quasar cluster"))
	return "quasar-" + hex.EncodeToString(sum.Sum(nil)[:8])
}

func (b *embedded) open(ctx context.Context, take func(message []byte), changed func()) error {
	// The server dies in a way of its own when it cannot listen.
	var config net.ListenConfig
	probe, err := config.Listen(ctx, "tcp", net.JoinHostPort(b.host, strconv.Itoa(max(0, b.port))))
	if err != nil {
		return fmt.Errorf("%w; is another hub there? choose another address with --cluster-listen", err)
	}
	if b.port == -1 {
		b.port = probe.Addr().(*net.TCPAddr).Port
	}
	if err := probe.Close(); err != nil {
		return err
	}
	b.routes = b.withSecret(b.dns.lookup(ctx))
	if b.server, err = server.NewServer(b.options(b.routes)); err != nil {
		return err
	}
	b.server.SetLogger(newServerLog(b.log, b.opts.Secret), false, false)
	go b.server.Start()
	if !b.server.ReadyForConnections(startTimeout) {
		b.server.Shutdown()
		return errors.New("the NATS server did not start; see the log")
	}
	conn, err := nats.Connect("", append(b.client.options(), nats.InProcessServer(b.server), nats.UserInfo("hub", b.local))...)
	if err != nil {
		b.server.Shutdown()
		return err
	}
	if err := b.use(conn, take, changed); err != nil {
		return err
	}
	routes, unsure := b.routes, b.dns.unsure
	b.work.Go(func() { b.tryAll(ctx, routes, unsure) })
	b.work.Go(func() { b.watchRoutes(ctx) })
	return nil
}

// lookupEvery is how often the peers' names are looked up.
const lookupEvery = 10 * time.Second

// watchRoutes tells when routes come, and keeps them in line with the peers' names
// and with who is trusted.
func (b *embedded) watchRoutes(ctx context.Context) {
	routes, looked := 0, time.Now()
	for pause(ctx, tickEvery) {
		if n := b.server.NumRoutes(); n != routes {
			if n > routes {
				b.hasChanged()
			}
			routes = n
		}
		if now := time.Now(); b.dns.names() && now.Sub(looked) >= b.look {
			looked = now
			b.setRoutes(b.withSecret(b.dns.lookup(ctx)))
		}
		b.setAuthorities()
	}
}

func (b *embedded) setRoutes(routes []*url.URL) {
	if sameRoutes(b.routes, routes) {
		return
	}
	if err := b.server.ReloadOptions(b.options(routes)); err != nil {
		b.log.Error("the peers' new addresses were not taken", "err", err)
		return
	}
	b.routes = routes
}

// withSecret makes routes of addresses.
func (b *embedded) withSecret(addrs []string) []*url.URL {
	out := make([]*url.URL, len(addrs))
	for i, addr := range addrs {
		out[i] = &url.URL{Scheme: "nats", Host: addr}
		if b.opts.Secret != "" {
			out[i].User = url.UserPassword("quasar", b.opts.Secret)
		}
	}
	return out
}

// tryAll finds out whether any other hub that is listed is there. Who may be at an
// address that nobody could tell counts as there.
func (b *embedded) tryAll(ctx context.Context, routes []*url.URL, found bool) {
	for _, r := range routes {
		dialer := net.Dialer{Timeout: time.Second}
		conn, err := dialer.DialContext(ctx, "tcp", r.Host)
		if err != nil {
			continue
		}
		found = found || !b.isSelf(conn)
		_ = conn.Close() // it was only to see who is there
	}
	b.none.Store(!found)
}

// isSelf tells whether a connection came out at our own listener.
func (b *embedded) isSelf(conn net.Conn) bool {
	local, ok1 := conn.LocalAddr().(*net.TCPAddr)
	remote, ok2 := conn.RemoteAddr().(*net.TCPAddr)
	return ok1 && ok2 && remote.Port == b.port && local.IP.Equal(remote.IP)
}

func (b *embedded) alone() bool { return b.none.Load() }

// lastWords is how long the server gets for what it still has for others.
const lastWords = 50 * time.Millisecond

func (b *embedded) close() {
	b.work.Wait()
	if b.server != nil && b.server.NumRoutes() > 0 {
		time.Sleep(lastWords)
	}
	b.client.close()
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
}
