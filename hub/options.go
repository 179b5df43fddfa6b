package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/wire"
)

// Options says how a hub behaves. The zero value, and nil, is a hub for one
// machine with nothing to set.
type Options struct {
	// ID names the hub among others; "" for the host's name and the process's
	// number. Letters, digits, dots, underscores and hyphens.
	ID string
	// Version is what /health says of the program; "" for "unknown".
	Version string
	// Logger gets what a person who runs the hub should know; nil for none.
	Logger *slog.Logger
	// Engine joins the hub to others; nil for the memory engine, which does not.
	Engine Engine

	// UI holds our dashboard, with index.html at its root, served at /ui/ and,
	// unless DashboardHTML is set, at /. Nil for none.
	UI fs.FS
	// RankerURL is where a reader's browser finds the page of a ranker,
	// "https://ranker.example/"; the dashboard leads there. "" for none.
	RankerURL string
	// SDK holds websocket_client.py and log_metrics_reader.py; nil for none.
	SDK fs.FS
	// DashboardHTML is the path of a page to serve at / instead of ours, as it is
	// and without our Content-Security-Policy; "" for none.
	DashboardHTML string

	// FrameAncestors are the origins whose pages may show our dashboard in a
	// frame; none by default.
	FrameAncestors []string

	// AllowedHosts are names beside loopback and IP addresses under which
	// requests may ask for the hub.
	AllowedHosts []string
	// AllowedOrigins are origins ("https://example.org") beside the hub's own
	// whose pages may open a WebSocket here.
	AllowedOrigins []string
	// TrustedProxies are the addresses of reverse proxies whose X-Forwarded-For,
	// -Host and -Proto are believed; none by default. Such a proxy must set all
	// three itself, or what its client says would be believed as well.
	TrustedProxies []netip.Prefix
	// Authenticator knows who may come in; nil lets everybody in. With one, any
	// Host is answered once there are tokens for everything.
	Authenticator Authenticator
	// CertificateExpires tells when the certificate that the hub is served with does,
	// for /metrics; nil for none.
	CertificateExpires func() time.Time
	// ClusterCertificateExpires is the same of the certificate that Engine shows other
	// hubs, or the servers between them. Nil where there is none.
	ClusterCertificateExpires func() time.Time
	// InsecureAllowAnonymous says that whoever started the hub opened to everybody
	// what there are no tokens for. The hub shows it wherever it shows itself;
	// it is the listener's business to refuse without it.
	InsecureAllowAnonymous bool

	// StaleAfter is how old a snapshot may be before it is shown as stale; 0 for
	// 30 s.
	StaleAfter time.Duration
	// PingInterval is how often each peer is pinged; 0 for 20 s.
	PingInterval time.Duration
	// PeerTimeout is how long a peer may be silent, pongs counting as a sign of
	// life, before it is taken for gone; 0 for 75 s.
	PeerTimeout time.Duration
	// WriteTimeout is how long a peer may take nothing of what is sent to it
	// before it is closed with 1013; 0 for 10 s.
	WriteTimeout time.Duration
	// MaxLag is how many bytes a subscriber may be behind before it is spared
	// what is not the newest of its space; 0 for 1 MiB.
	MaxLag int
	// LogSize is how many bytes of updates are kept for subscribers to catch up
	// from, 1 GiB at most; 0 for 4 MiB. At least two times 64 KiB are kept.
	LogSize int
	// Compression agrees to permessage-deflate with the subscribers who offer it.
	// An update is compressed once for all of them, which takes about 10 µs; while
	// there are any, up to another LogSize and 2.4 MB are held. False for never.
	Compression bool
	// MaxSpaces is how many spaces the hub keeps; 0 for 10,000. Publishers of
	// further ones are refused with 503.
	MaxSpaces int

	// MaxPublishers is how many connections of publishers are open at once, and
	// MaxSubscribers how many of subscribers; 0 for 10,000 each. Further ones are
	// refused with 503.
	MaxPublishers, MaxSubscribers int
	// MaxPerAddress is how many of all these may come from one address, of which an
	// IPv6 /64 is one; 0 for 1,000. Further ones are refused with 429. Loopback may
	// have any number.
	MaxPerAddress int
	// MaxMessage is how many bytes a publisher's message may have, also in pieces;
	// 0 for 64 KiB, which is the most. A longer one closes the connection with 1009.
	MaxMessage int
	// PublisherRate is how many updates a second of one space are handed on, after a
	// burst of twice as many: at most 10 million, 0 for any number. What comes faster
	// is stored all the same, and the newest of it handed on as soon as the rate
	// allows. A publisher who sends more than 50 times the rate for seconds is closed
	// with 1008.
	PublisherRate int
	// Refused tells /metrics how many connections were turned away before the hub saw
	// them, by reason; nil where nothing does that. It must not block.
	Refused func() map[string]int64
}

// withDefaults returns o with every zero replaced, or says what cannot be.
func (o *Options) withDefaults() (*Options, error) {
	var out Options
	if o != nil {
		out = *o
	}
	setDefault(&out.ID, DefaultID())
	setDefault(&out.Version, "unknown")
	setDefault(&out.StaleAfter, 30*time.Second)
	setDefault(&out.PingInterval, 20*time.Second)
	setDefault(&out.PeerTimeout, 75*time.Second)
	setDefault(&out.WriteTimeout, 10*time.Second)
	setDefault(&out.MaxLag, 1<<20)
	setDefault(&out.LogSize, 4<<20)
	setDefault(&out.MaxSpaces, 10_000)
	setDefault(&out.MaxPublishers, 10_000)
	setDefault(&out.MaxSubscribers, 10_000)
	setDefault(&out.MaxPerAddress, 1_000)
	setDefault(&out.MaxMessage, wire.MaxPublish)
	if out.Refused == nil {
		out.Refused = func() map[string]int64 { return nil }
	}
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	if out.Engine == nil {
		out.Engine = NewMemoryEngine(out.ID)
	}
	return &out, out.check()
}

const (
	// maxLogSize is the largest LogSize: the table of its chunks is made at once.
	maxLogSize = 1 << 30
	// maxPublisherRate is the largest PublisherRate: floodTimes as many is an int
	// everywhere, and no publisher comes near it.
	maxPublisherRate = 10_000_000
)

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (o *Options) check() error {
	if quasar.CheckSpaceName(o.ID) != nil {
		return fmt.Errorf("hub id: got %+q, want 1 to 64 letters, digits, dots, underscores or hyphens", o.ID)
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"StaleAfter", o.StaleAfter}, {"PingInterval", o.PingInterval}, {"PeerTimeout", o.PeerTimeout}, {"WriteTimeout", o.WriteTimeout}} {
		if d.value < 0 {
			return fmt.Errorf("%s: got %v, want a positive duration", d.name, d.value)
		}
	}
	if o.PeerTimeout <= o.PingInterval {
		return fmt.Errorf("PeerTimeout: got %v, want more than the PingInterval of %v", o.PeerTimeout, o.PingInterval)
	}
	if o.MaxLag < 0 {
		return fmt.Errorf("MaxLag: got %d, want a positive number of bytes", o.MaxLag)
	}
	if o.LogSize < 0 || o.LogSize > maxLogSize {
		return fmt.Errorf("LogSize: got %d, want 1 to %d bytes", o.LogSize, maxLogSize)
	}
	for _, n := range []struct {
		name  string
		value int
	}{
		{"MaxSpaces", o.MaxSpaces}, {"MaxPublishers", o.MaxPublishers}, {"MaxSubscribers", o.MaxSubscribers},
		{"MaxPerAddress", o.MaxPerAddress}, {"PublisherRate", o.PublisherRate},
	} {
		if n.value < 0 {
			return fmt.Errorf("%s: got %d, want a positive number", n.name, n.value)
		}
	}
	if o.PublisherRate > maxPublisherRate {
		return fmt.Errorf("PublisherRate: got %d, want 0 for no bound, or at most %d", o.PublisherRate, maxPublisherRate)
	}
	if !isPage(o.RankerURL) {
		return errors.New("RankerURL: want none, or the http:// or https:// address of a page, without a user, a password or a fragment")
	}
	if o.MaxMessage < 0 || o.MaxMessage > wire.MaxPublish {
		return fmt.Errorf("MaxMessage: got %d, want 1 to %d bytes", o.MaxMessage, wire.MaxPublish)
	}
	return nil
}

// isPage tells whether a browser could open s, without the name and password that a
// link must not have.
func isPage(s string) bool {
	u, err := url.Parse(s)
	return s == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}

// DefaultID is the ID of a hub that is given none. It tells processes apart as
// well as their host's name does.
func DefaultID() string {
	host, err := os.Hostname()
	if err != nil || quasar.CheckSpaceName(host) != nil || len(host) > 48 {
		host = "hub"
	}
	return host + "-" + strconv.Itoa(os.Getpid())
}
