package guard

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seen is what a handler behind Proxies sees of a request.
type seen struct {
	Addr, Host string
	Secure     bool
}

func TestProxies(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	forwarded := func(values ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(values); i += 2 {
			h.Add(values[i], values[i+1])
		}
		return h
	}
	const xff, xfh, xfp = "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"
	for _, c := range []struct {
		name, from string
		header     http.Header
		want       seen
	}{
		{"a client without a proxy", "203.0.113.9:5", nil, seen{"203.0.113.9", "hub", false}},
		{"a client that claims to be a proxy", "203.0.113.9:5", forwarded(xff, "127.0.0.1", xfh, "evil", xfp, "https"), seen{"203.0.113.9", "hub", false}},
		{"a proxy that says nothing", "10.0.0.1:5", nil, seen{"10.0.0.1", "hub", false}},
		{"a proxy that says all", "10.0.0.1:5", forwarded(xff, "203.0.113.9", xfh, "hub.example", xfp, "https"), seen{"203.0.113.9", "hub.example", true}},
		{"a proxy over IPv6", "[::1]:5", forwarded(xff, "2001:db8::7"), seen{"2001:db8::7", "hub", false}},
		{"a proxy whose address is mapped to IPv6", "[::ffff:10.0.0.1]:5", forwarded(xff, "203.0.113.9"), seen{"203.0.113.9", "hub", false}},
		{"an address in brackets", "10.0.0.1:5", forwarded(xff, "[2001:db8::7]"), seen{"2001:db8::7", "hub", false}},
		{"a client that forges its address before the proxy's", "10.0.0.1:5", forwarded(xff, "127.0.0.1, 203.0.113.9"), seen{"203.0.113.9", "hub", false}},
		{"a client that forges it in a header of its own", "10.0.0.1:5", forwarded(xff, "127.0.0.1", xff, "203.0.113.9"), seen{"203.0.113.9", "hub", false}},
		{"two proxies of ours", "10.0.0.1:5", forwarded(xff, "127.0.0.1, 203.0.113.9, 10.0.0.2"), seen{"203.0.113.9", "hub", false}},
		{"a client in our own network", "10.0.0.1:5", forwarded(xff, "10.9.9.9"), seen{"10.9.9.9", "hub", false}},
		{"rubbish behind the client", "10.0.0.1:5", forwarded(xff, "203.0.113.9, <script>"), seen{"10.0.0.1", "hub", false}},
		{"rubbish before the client", "10.0.0.1:5", forwarded(xff, "unknown, 203.0.113.9"), seen{"203.0.113.9", "hub", false}},
		{"a client that forges Host and scheme before the proxy's", "10.0.0.1:5", forwarded(xfh, "evil, hub.example", xfp, "https,http"), seen{"10.0.0.1", "hub.example", false}},
		{"no address at all", "pipe", forwarded(xff, "127.0.0.1"), seen{"invalid IP", "hub", false}},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host, r.RemoteAddr, r.Header = "hub", c.from, c.header
		var got seen
		Proxies(trusted, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = seen{Addr(r).String(), r.Host, Secure(r)}
		})).ServeHTTP(httptest.NewRecorder(), r)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if r.RemoteAddr != c.from || r.Host != "hub" || r.URL.Scheme != "" {
			t.Errorf("%s: the request itself was changed", c.name)
		}
	}
}

func TestNobodyIsTrustedByDefault(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "127.0.0.1:5"
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	Proxies(nil, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if got := Addr(r).String(); got != "127.0.0.1" {
			t.Errorf("got the client %s, want 127.0.0.1", got)
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
	if Secure(r) {
		t.Error("a plain request is no secure one")
	}
	if r.TLS = new(tls.ConnectionState); !Secure(r) {
		t.Error("a request over TLS is a secure one")
	}
}
