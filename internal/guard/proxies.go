package guard

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Addr is the address that r came from, without its zone; the zero Addr where
// there is none, on a pipe for example.
func Addr(r *http.Request) netip.Addr {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return from.Addr().Unmap().WithZone("")
}

// Secure tells whether the client of r came over TLS, as far as we or a trusted
// proxy can tell.
func Secure(r *http.Request) bool { return r.TLS != nil || r.URL.Scheme == "https" }

// Proxies hands requests on as they were before the proxies in trusted: with the
// client's address, with the Host that it asked for and, for Secure, with its
// scheme, as X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto say. What
// anybody else says in these headers is a claim, and nobody looks at it.
func Proxies(trusted []netip.Prefix, next http.Handler) http.Handler {
	if len(trusted) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if within(trusted, Addr(r)) {
			r = before(trusted, r)
		}
		next.ServeHTTP(w, r)
	})
}

func within(prefixes []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// before returns a request as it was before our proxies.
func before(trusted []netip.Prefix, r *http.Request) *http.Request {
	out := r.WithContext(r.Context())
	out.URL = new(url.URL)
	*out.URL = *r.URL
	if client := client(trusted, r.Header["X-Forwarded-For"]); client.IsValid() {
		out.RemoteAddr = netip.AddrPortFrom(client, 0).String()
	}
	if host := newest(r.Header["X-Forwarded-Host"]); host != "" {
		out.Host = host
	}
	if proto := newest(r.Header["X-Forwarded-Proto"]); strings.EqualFold(proto, "https") {
		out.URL.Scheme = "https"
	}
	return out
}

// client is the address that the outermost of our proxies saw. Each proxy writes
// behind what it was sent, so the list is read from its end: what stands before
// the first stranger is what that stranger says.
func client(trusted []netip.Prefix, header []string) netip.Addr {
	var last netip.Addr
	for _, item := range slices.Backward(strings.Split(strings.Join(header, ","), ",")) {
		addr, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(item), "[]"))
		if err != nil {
			break
		}
		last = addr.Unmap().WithZone("")
		if !within(trusted, last) {
			break
		}
	}
	return last
}

// newest is the last item of a list: the one of the proxy that stands before us.
func newest(header []string) string {
	list := strings.Join(header, ",")
	return strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:])
}
