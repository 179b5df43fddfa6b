package hub_test

import (
	"bufio"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
)

// Whoever fails again and again waits the longer, whatever is wrong with what they
// bring, and never for more than a second. Nobody else does: not a valid token from
// the same address, not another address, and nobody on this machine, for that may be
// a proxy.
func TestFailedAttemptsAreSlowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTokens(t)
		h, err := hub.New(&hub.Options{Authenticator: k.store, Logger: slog.New(slog.NewTextHandler(&k.log, nil)),
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}})
		if err != nil {
			t.Fatal(err)
		}
		try := func(from, path, name string) (status int, took time.Duration) {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host, r.RemoteAddr = "localhost", "10.0.0.1:5"
			if from != "" {
				r.Header.Set("X-Forwarded-For", from)
			}
			if name != "" {
				r.Header.Set("X-Quasar-Token", k.secret[name])
			}
			w, start := httptest.NewRecorder(), time.Now()
			h.ServeHTTP(w, r)
			return w.Code, time.Since(start)
		}
		ms := func(n ...int) (all []time.Duration) {
			for _, n := range n {
				all = append(all, time.Duration(n)*time.Millisecond)
			}
			return all
		}
		bad := []string{"", "wrong", "expired viewer", "revoked viewer", "cut short"}
		var delays []time.Duration
		for i := range 20 {
			status, took := try("203.0.113.9", "/rankings", bad[i%len(bad)])
			if status != http.StatusUnauthorized {
				t.Errorf("attempt %d: got %d", i, status)
			}
			delays = append(delays, took)
		}
		if diff := cmp.Diff(ms(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50, 100, 200, 400, 800, 800, 800, 800, 800, 800), delays); diff != "" {
			t.Errorf("delays (-want +got):\n%s", diff)
		}
		for _, c := range []struct {
			name, from, path, with string
			status                 int
			want                   time.Duration
		}{
			{"a valid token from the same address", "203.0.113.9", "/rankings", "viewer", 200, 0},
			{"a valid token of another role", "203.0.113.9", "/rankings", "subscriber", 403, 0},
			{"nothing, where nothing is needed", "203.0.113.9", "/health", "", 200, 0},
			{"a wrong one where none is needed", "203.0.113.9", "/health", "wrong", 200, 800 * time.Millisecond},
			{"another address", "203.0.113.10", "/rankings", "wrong", 401, 0},
			{"the proxy itself", "", "/rankings", "wrong", 401, 0},
		} {
			if status, took := try(c.from, c.path, c.with); status != c.status || took != c.want {
				t.Errorf("%s: got %d after %v, want %d after %v", c.name, status, took, c.status, c.want)
			}
		}
		for range 50 {
			try("2001:db8:1:2::1", "/rankings", "wrong")
			if _, took := try("127.0.0.7", "/rankings", "wrong"); took != 0 {
				t.Errorf("loopback: waited %v", took)
			}
		}
		if _, took := try("2001:db8:1:2:ffff::9", "/rankings", "wrong"); took != 800*time.Millisecond {
			t.Errorf("another address of the same network: waited %v", took)
		}
		time.Sleep(5 * time.Minute)
		if _, took := try("203.0.113.9", "/rankings", "wrong"); took != 0 {
			t.Errorf("after five minutes: waited %v, want it forgotten", took)
		}
		if got := strings.Count(k.log.String(), `msg="attempts without a valid credential are slowed" address=203.0.113.9 `); got != 1 {
			t.Errorf("got %d lines on 21 attempts, want one for the 16th:\n%s", got, &k.log)
		}
		k.hideIn("the log", k.log.String())
	})
}

// Refusals are there for whoever watches the hub.
func TestRefusedCredentialsAreCounted(t *testing.T) {
	k := newTokens(t)
	s := hubtest.New(t, &hub.Options{Authenticator: k.store})
	for _, name := range []string{"", "wrong", "expired viewer", "subscriber", "publisher"} {
		ask(t, s, http.MethodGet, "/rankings", "X-Quasar-Token: "+k.secret[name])
	}
	answer := ask(t, s, http.MethodGet, "/metrics", "Authorization: Bearer "+k.secret["admin"])
	in := bufio.NewScanner(answer.Body)
	var got []string
	for in.Scan() {
		if strings.HasPrefix(in.Text(), "quasar_hub_failed_credentials_total ") {
			got = append(got, in.Text())
		}
	}
	want := []string{"quasar_hub_failed_credentials_total 3"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
