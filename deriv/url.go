package deriv

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// DefaultURL is where the venue is.
const DefaultURL = "https://api.derivws.com"

// Environment variables that fill in what Options leave empty.
const (
	// URLEnv is another address than DefaultURL: that of a simulator.
	URLEnv = "QUASAR_DERIV_URL"
	// TokenEnv is the personal access token, AppIDEnv the app that it is used
	// with, AccountEnv the account to trade on.
	TokenEnv   = "DERIV_API_KEY"
	AppIDEnv   = "DERIV_APP_ID"
	AccountEnv = "DERIV_ACCOUNT"
)

const basePath = "/trading/v1/options"

// endpoint is where a venue is, real or simulated.
type endpoint struct {
	host   string
	secure bool
}

// parseEndpoint takes https://HOST and wss://HOST, and http and ws for loopback
// alone: a token must not travel in the clear.
func parseEndpoint(address string) (endpoint, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" {
		return endpoint{}, fmt.Errorf("deriv: url: got %.100q, want https://HOST or, on loopback, http://HOST:PORT", redactURL(address))
	}
	e := endpoint{host: u.Host}
	switch u.Scheme {
	case "https", "wss":
		e.secure = true
	case "http", "ws":
		if !isLoopback(u.Hostname()) {
			return endpoint{}, fmt.Errorf("deriv: url: got %s to %s, want https; only loopback may be without TLS", u.Scheme, u.Hostname())
		}
	default:
		return endpoint{}, fmt.Errorf("deriv: url: got the scheme %.20q, want https or wss, or http or ws on loopback", u.Scheme)
	}
	return e, nil
}

// redactURL leaves out what may hold a credential.
func redactURL(address string) string {
	before, _, _ := strings.Cut(address, "?")
	if at := strings.LastIndex(before, "@"); at >= 0 {
		before = redacted + before[at:]
	}
	return before
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (e endpoint) rest(path string) string {
	scheme := "http"
	if e.secure {
		scheme = "https"
	}
	return scheme + "://" + e.host + basePath + path
}

func (e endpoint) publicSocket() string { return e.scheme() + "://" + e.host + basePath + "/ws/public" }

func (e endpoint) scheme() string {
	if e.secure {
		return "wss"
	}
	return "ws"
}

// checkSocket refuses a one-time URL that leads anywhere but to the trading
// socket of that kind at this endpoint. What it says holds no part of the URL
// that may be secret.
func (e endpoint) checkSocket(address string, kind AccountKind) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("deriv: one-time url: got one that cannot be read, want %s://%s%s", e.scheme(), e.host, socketPath(kind))
	}
	if u.Scheme != e.scheme() || u.Host != e.host || u.User != nil || u.Path != socketPath(kind) {
		return fmt.Errorf("deriv: one-time url: %w: got %.100q, want %s://%s%s", ErrWrongAccount,
			u.Scheme+"://"+u.Host+u.Path, e.scheme(), e.host, socketPath(kind))
	}
	return nil
}

func socketPath(kind AccountKind) string { return basePath + "/ws/" + string(kind) }
