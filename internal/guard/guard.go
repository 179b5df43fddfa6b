// Package guard decides who may knock at a listener of ours: which addresses it
// may stand on, which Host a request may name, which Origin a browser may bring.
// Credentials are not its business.
package guard

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/karlquant/quasar/internal/problem"
)

// ErrNotLoopback says that a listener would be open to a network without any
// credential.
var ErrNotLoopback = errors.New("not a loopback address")

// CheckListen tells whether a server without credentials may listen on addr
// (HOST:PORT): on loopback only.
func CheckListen(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("listen address: got %+q, want HOST:PORT", addr)
	}
	if loopback(host) {
		return nil
	}
	return fmt.Errorf("listen address: got %+q: %w", addr, ErrNotLoopback)
}

func loopback(host string) bool {
	if name := strings.ToLower(host); name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// CheckHost tells whether the Host of r may be answered. Loopback names and IP
// addresses may, and the names in allowed. Any other is a page of a stranger
// whose name was pointed at us (DNS rebinding): its script would pass for ours.
func CheckHost(r *http.Request, allowed []string) error {
	host := hostname(r.Host)
	if loopback(host) || has(allowed, host) {
		return nil
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	return fmt.Errorf("host: got %+q, want a loopback name, an IP address or one of --allow-host", clip(r.Host))
}

// hostname cuts the port and the brackets off a Host header.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

func has(hosts []string, host string) bool {
	return slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// CheckOrigin tells whether a WebSocket may be opened for the page that r comes
// from. No Origin is no browser and passes; so do the server's own and those in
// allowed ("https://example.org"). Every other is a foreign page that uses its
// visitor's place in the network.
func CheckOrigin(r *http.Request, allowed []string) error {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return nil
	}
	if len(origins) == 1 && (has(allowed, origins[0]) || sameHost(origins[0], r.Host)) {
		return nil
	}
	return fmt.Errorf("origin: got %+q, want this server's own or one that it was told to allow", clip(strings.Join(origins, ", ")))
}

func sameHost(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.User == nil && u.Path == "" && u.Host != "" && strings.EqualFold(u.Host, host)
}

// Hosts answers requests whose Host may not be answered with 403 and hands the
// others on.
func Hosts(allowed []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := CheckHost(r, allowed); err != nil {
			problem.Write(w, http.StatusForbidden, err.Error())
			return
		}
		next.ServeHTTP(w, r)
	})
}

func clip(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
