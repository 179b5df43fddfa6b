package credential

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// What strangers write into the headers that may bring a token is read without
// harm, and no token is made of anything but what stands there.
func FuzzCarriers(f *testing.F) {
	const secret = "qsr_view_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	f.Add("Bearer "+secret, "", "", "", "", "")
	f.Add("Bearer hf_x, Bearer "+secret, secret, "quasar.v1, bearer."+secret, "a=b; quasar_token="+secret, "http://localhost", "same-origin")
	f.Add("bearer\t"+secret, " ", ",,bearer.", `quasar_token="`+secret+`"`, "null", "none")
	f.Add("\x00", "\xff", "bearer.bearer.", "quasar_token=;quasar_token=", "http://[::1", "cross-site")
	f.Fuzz(func(t *testing.T, authorization, header, subprotocol, cookie, origin, site string) {
		r := httptest.NewRequest(http.MethodGet, "/rankings", nil)
		r.Host = "localhost"
		for name, value := range map[string]string{"Authorization": authorization, "X-Quasar-Token": header, "Sec-Websocket-Protocol": subprotocol,
			"Cookie": cookie, "Origin": origin, "Sec-Fetch-Site": site} {
			if value != "" {
				r.Header[name] = []string{value}
			}
		}
		for _, name := range []string{"", "quasar_token"} {
			got := Presented(r, name)
			if !strings.Contains(authorization+"\n"+header+"\n"+subprotocol+"\n"+cookie, got) {
				t.Errorf("got %q, which nobody brought", got)
			}
			if got != "" && name == "" && !strings.Contains(authorization+header+subprotocol, got) {
				t.Errorf("got %q from a cookie that does not count", got)
			}
			if header != "" && got != header {
				t.Errorf("got %q, want %q: the header goes before all others", got, header)
			}
		}
	})
}

// However many addresses fail, a bounded number is remembered, and those that fail
// most are among them.
func TestAddressesAreBounded(t *testing.T) {
	var a Attempts
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	stubborn := netip.MustParseAddr("203.0.113.9")
	for i := range 3 * maxAddresses {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		a.failed(addr, now)
		if i%100 == 0 {
			a.failed(stubborn, now)
		}
	}
	if len(a.from) > maxAddresses {
		t.Errorf("got %d addresses, want at most %d", len(a.from), maxAddresses)
	}
	if _, delay := a.failed(stubborn, now); delay != longestDelay {
		t.Errorf("got a delay of %v for the one that fails most, want %v", delay, longestDelay)
	}
}

// However many are slowed at once, a bounded number waits.
func TestWaitingIsBounded(t *testing.T) {
	var a Attempts
	for range maxWaiting {
		if !a.mayWait() {
			t.Fatal("may not wait")
		}
	}
	if a.mayWait() {
		t.Errorf("got more than %d who wait", maxWaiting)
	}
	if a.waited(); !a.mayWait() {
		t.Error("nobody may wait after one has gone")
	}
}

// A clock that goes back forgets nothing and adds nothing.
func TestAttemptsOverAClockThatGoesBack(t *testing.T) {
	var a Attempts
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	addr := netip.MustParseAddr("203.0.113.9")
	for range 20 {
		a.failed(addr, now)
	}
	if count, delay := a.failed(addr, now.Add(-time.Hour)); count != 21 || delay != longestDelay {
		t.Errorf("got %d attempts and %v, want 21 and %v", count, delay, longestDelay)
	}
}
