package dial

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar/internal/build"
)

const (
	// TokenEnv is the variable that holds the credential where no other is given.
	TokenEnv = "QUASAR_TOKEN"

	// TokenHeader carries the hub's credential. Authorization is left to the proxies
	// in front of a hub, some of which want it for themselves.
	TokenHeader = "X-Quasar-Token"

	// dialTimeout bounds name lookup, connection, TLS and handshake together.
	dialTimeout = 10 * time.Second

	// maxAnswer bounds the headers of the answer to a handshake, in bytes.
	maxAnswer = 64 << 10
)

// Options of a Dialer.
type Options struct {
	// Header is sent with each handshake.
	Header http.Header
	// Token is sent as TokenHeader; empty takes TokenEnv, if there is any.
	Token string
	// Authorization is for a proxy in front of the hub, as Authorize takes it.
	Authorization string
	// Role is how the client calls itself in its User-Agent, unless Header has one.
	Role string
	// HTTPClient makes the handshakes. Nil is one that keeps no idle
	// connections and takes its proxy from the environment.
	HTTPClient *http.Client
	// Silence is how long a read may wait for a byte before the connection
	// counts as dead.
	Silence time.Duration
	// ReadLimit is the largest message in bytes; -1 is none.
	ReadLimit int64
}

// Dialer opens connections to one address.
type Dialer struct {
	url       string
	header    func() http.Header // a copy of what goes with each handshake; a function cannot be printed
	secrets   secrets
	client    http.Client
	silence   time.Duration
	readLimit int64
}

// New returns a dialer for an address made by PublishURL or SubscribeURL.
// It connects to nothing.
func New(address string, opts *Options) (*Dialer, error) {
	if err := checkHeader(opts.Header); err != nil {
		return nil, err
	}
	header, err := opts.handshake(address)
	if err != nil {
		return nil, err
	}
	d := &Dialer{
		url: address, header: header.Clone, secrets: credentials(header),
		silence: opts.Silence, readLimit: opts.ReadLimit,
	}
	if opts.HTTPClient != nil {
		d.client = *opts.HTTPClient
	} else {
		d.client.Transport = freshTransport()
	}
	if d.client.Transport == nil {
		d.client.Transport = http.DefaultTransport
	}
	// net/http takes Authorization off a redirect to another host, but not our
	// token, and neither off one to the same host without TLS.
	d.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return d, nil
}

// handshake returns the headers of each handshake.
func (o *Options) handshake(address string) (http.Header, error) {
	header := o.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	token := o.Token
	if token == "" {
		token = strings.TrimSpace(os.Getenv(TokenEnv))
	}
	if !printableASCII(token) {
		return nil, fmt.Errorf("token: got %d bytes that no header may hold, want printable ASCII", len(token))
	}
	if token != "" {
		header.Set(TokenHeader, token)
	}
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", build.Product(o.Role))
	}
	return header, Authorize(header, address, o.Authorization)
}

// freshTransport is the default transport without its pool: a connection to a
// hub becomes a WebSocket or is of no more use.
func freshTransport() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	fresh := standard.Clone()
	fresh.DisableKeepAlives = true
	fresh.MaxResponseHeaderBytes = maxAnswer
	return fresh
}

// checkHeader refuses what net/http would refuse at each handshake for ever.
// Values are not repeated: they may be credentials.
func checkHeader(h http.Header) error {
	for name, values := range h {
		if !validHeaderName(name) {
			return fmt.Errorf("header: got the name %.64q, want letters, digits and hyphens", name)
		}
		for _, value := range values {
			if !printableASCII(value) {
				return fmt.Errorf("header %s: got a value that no header may hold, want printable ASCII", name)
			}
		}
	}
	return nil
}

func validHeaderName(name string) bool {
	for _, c := range []byte(name) {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return name != ""
}

func printableASCII(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// URL is the address that is dialled. It holds no credential.
func (d *Dialer) URL() string { return d.url }

// Dial connects, within ten seconds. The error of a hub that answers but does
// not want this client is a *RefusedError.
func (d *Dialer) Dial(ctx context.Context) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	client, tap := d.client, &tap{RoundTripper: d.client.Transport, silence: d.silence}
	client.Transport = tap
	ws, resp, err := websocket.Dial(ctx, d.url, &websocket.DialOptions{HTTPClient: &client, HTTPHeader: d.header()})
	switch {
	case err == nil:
		ws.SetReadLimit(d.readLimit)
		return &Conn{ws: ws, line: tap.line, secrets: d.secrets, readLimit: d.readLimit}, nil
	case resp != nil && resp.StatusCode != http.StatusSwitchingProtocols:
		return nil, refusal(resp, d.secrets)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, fmt.Errorf("no answer from the hub within %v", dialTimeout)
	}
	return nil, explain(err, d.secrets)
}
