package ranker_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar/ranker"
)

const viewToken = "qsr_view_of-a-test"

// only lets whoever has the token look, for ever.
func only(token string) func(string) (ranker.Viewer, bool) {
	return aslong(context.Background(), token)
}

// aslong lets whoever has the token look until live is done.
func aslong(live context.Context, token string) func(string) (ranker.Viewer, bool) {
	return func(got string) (ranker.Viewer, bool) {
		return ranker.Viewer{ID: "ana", Live: live}, got == token && live.Err() == nil
	}
}

// viewing returns the cookie that a token is traded for, as a browser sends it.
func viewing(t *testing.T, h http.Handler, token string) string {
	t.Helper()
	w := tell(h, "/view/login", `{"token": "`+token+`"}`, "Origin", own)
	cookies := w.Result().Cookies()
	if w.Code != http.StatusOK || len(cookies) != 1 {
		t.Fatalf("got %d %s and %d cookies, want a login", w.Code, w.Body, len(cookies))
	}
	if c := cookies[0]; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || strings.Contains(c.Value, token) {
		t.Errorf("got the cookie %v, want one that no script can read and no other site send, without the token", c)
	}
	return cookies[0].Name + "=" + cookies[0].Value
}

var guarded = []string{"/rankings", "/decisions", "/positions", "/risk", "/performance", "/api/state", "/metrics", "/ws/view"}

// One row per way in, and per attack, at every endpoint that tells anything.
func TestWhoMayLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, newHub(t), &ranker.Options{Trader: holding(t, 1), AdminToken: adminToken, Viewers: only(viewToken)})
		cookie, admin := viewing(t, r, viewToken), viewing(t, r, adminToken)
		for _, c := range []struct {
			name   string
			header []string
			may    bool
		}{
			{"nobody", nil, false},
			{"a viewer", []string{"Authorization", "Bearer " + viewToken}, true},
			{"also where Authorization is another's", []string{"X-Quasar-Token", viewToken, "Authorization", "Bearer hf_x"}, true},
			{"by subprotocol", []string{"Sec-Websocket-Protocol", "quasar.v1, bearer." + viewToken}, true},
			{"whoever may command", []string{"Authorization", "Bearer " + adminToken}, true},
			{"not a wrong token", []string{"X-Quasar-Token", viewToken + "x"}, false},
			{"not an empty one", []string{"X-Quasar-Token", ""}, false},
			{"not two of them", []string{"X-Quasar-Token", viewToken, "X-Quasar-Token", viewToken}, false},
			{"whoever is logged in", []string{"Cookie", cookie, "Sec-Fetch-Site", "same-origin"}, true},
			{"whoever logged in with the admin token", []string{"Cookie", admin}, true},
			{"a wrong token is not made good by a login", []string{"X-Quasar-Token", "x", "Cookie", cookie}, false},
			{"not with the token as a cookie", []string{"Cookie", "quasar_ranker_view=" + viewToken}, false},
			{"not a page of a stranger", []string{"Origin", "http://evil.example", "Cookie", cookie}, false},
			{"not one that the browser calls a stranger", []string{"Sec-Fetch-Site", "cross-site", "Cookie", cookie}, false},
		} {
			for _, path := range guarded {
				w := httptest.NewRecorder()
				req := httptest.NewRequest(http.MethodGet, own+path, nil)
				for i := 0; i < len(c.header); i += 2 {
					req.Header.Add(c.header[i], c.header[i+1])
				}
				r.ServeHTTP(w, req)
				if may := w.Code != http.StatusUnauthorized && w.Code != http.StatusForbidden; may != c.may {
					t.Errorf("%s at %s: got %d, want it to be let in: %t", c.name, path, w.Code, c.may)
				}
				if !c.may && strings.Contains(w.Body.String(), "balance") {
					t.Errorf("%s at %s: got %s", c.name, path, w.Body)
				}
			}
		}
		for _, path := range []string{"/trade/halt", "/trade/limits"} {
			if w := tell(r, path, "", "X-Quasar-Token", viewToken); w.Code != http.StatusUnauthorized {
				t.Errorf("a viewer at %s: got %d, want 401", path, w.Code)
			}
		}
		if w := tell(r, "/trade/halt", "", "Cookie", strings.Replace(admin, "quasar_ranker_view", "quasar_admin", 1)); w.Code != http.StatusUnauthorized {
			t.Errorf("a viewer's session as that of an admin: got %d, want 401", w.Code)
		}
	})
}

// What anybody may see of a closed ranker tells nothing of what it does.
func TestAStrangerSeesThatItLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, newHub(t), &ranker.Options{Trader: holding(t, 1), Viewers: only(viewToken), Version: "1.2.3"})
		for _, token := range []string{"", "x"} {
			w := ask(r, "GET", "/health", "X-Quasar-Token", token)
			body := w.Body.String()
			if w.Code != http.StatusOK || !strings.Contains(body, `"version":"1.2.3"`) || !strings.Contains(body, `"trading":null`) || !strings.Contains(body, `"hub":null`) {
				t.Errorf("token %q: got %d %s, want signs of life alone", token, w.Code, body)
			}
		}
		if body := ask(r, "GET", "/health", "X-Quasar-Token", viewToken).Body.String(); !strings.Contains(body, `"trading":{`) {
			t.Errorf("a viewer: got %s, want all of it", body)
		}
		for path, want := range map[string]string{"": `{"guarded":true,"view":false}`, viewToken: `{"guarded":true,"view":true}`} {
			if got := strings.TrimSpace(ask(r, "GET", "/view/session", "X-Quasar-Token", path).Body.String()); got != want {
				t.Errorf("token %q: got %s, want %s", path, got, want)
			}
		}
	})
}

// What was opened with a token ends with it.
func TestARevokedTokenEndsWhatItOpened(t *testing.T) {
	live, revoke := context.WithCancel(t.Context())
	r := prepare(t, newHub(t), &ranker.Options{Viewers: aslong(live, viewToken)})
	server := httptest.NewServer(r)
	defer server.Close()
	conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http")+"/ws/view", &websocket.DialOptions{
		Subprotocols: []string{"quasar.v1", "bearer." + viewToken},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	if _, _, err := conn.Read(t.Context()); err != nil || conn.Subprotocol() != "quasar.v1" {
		t.Fatalf("got %v and the subprotocol %q, want a frame and quasar.v1", err, conn.Subprotocol())
	}
	w := tell(r, "/view/login", `{"token": "`+viewToken+`"}`)
	cookie := strings.SplitN(w.Header().Get("Set-Cookie"), ";", 2)[0]
	if w := ask(r, "GET", "/api/state", "Cookie", cookie); w.Code != http.StatusOK {
		t.Fatalf("got %d with a cookie, want 200", w.Code)
	}
	revoke()
	for {
		_, _, err := conn.Read(t.Context())
		if err == nil {
			continue
		}
		if websocket.CloseStatus(err) != websocket.StatusPolicyViolation || !strings.Contains(err.Error(), "the credential was revoked or has expired") {
			t.Errorf("got %v, want to be told", err)
		}
		break
	}
	if w := ask(r, "GET", "/api/state", "Cookie", cookie); w.Code != http.StatusUnauthorized {
		t.Errorf("the cookie of a revoked token: got %d, want 401", w.Code)
	}
}

// Whoever tries tokens waits, and those who have one do not.
func TestTryingTokensIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, newHub(t), &ranker.Options{Viewers: only(viewToken)})
		attempt := func(method, path, token string) time.Duration {
			began := time.Now()
			req := httptest.NewRequest(method, "http://127.0.0.1:7861"+path, strings.NewReader(`{"token": "x"}`))
			req.RemoteAddr = "203.0.113.9:4711"
			req.Header.Set("X-Quasar-Token", token)
			r.ServeHTTP(httptest.NewRecorder(), req)
			return time.Since(began)
		}
		for range 20 {
			attempt("GET", "/rankings", "x")
		}
		for path, method := range map[string]string{"/rankings": "GET", "/health": "GET", "/view/session": "GET", "/view/login": "POST"} {
			if took := attempt(method, path, "x"); took != 800*time.Millisecond {
				t.Errorf("%s: got an answer after %v, want 800ms", path, took)
			}
		}
		if took := attempt("GET", "/rankings", viewToken); took != 0 {
			t.Errorf("with a valid token: got an answer after %v, want at once", took)
		}
	})
}

// A ranker behind a proxy of its own knows the page's address and that it came over TLS;
// what anybody else says of that is a claim.
func TestBehindAProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, newHub(t), &ranker.Options{Viewers: only(viewToken), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}})
		type answer struct {
			Code   int
			Secure bool
		}
		for from, want := range map[string]answer{"10.0.0.1:9": {http.StatusOK, true}, "10.0.0.2:9": {http.StatusForbidden, false}} {
			req := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:7861/view/login", strings.NewReader(`{"token": "`+viewToken+`"}`))
			req.RemoteAddr = from
			for name, value := range map[string]string{"Origin": "https://127.0.0.1", "X-Forwarded-Host": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"} {
				req.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			if got := (answer{w.Code, strings.Contains(w.Header().Get("Set-Cookie"), "; Secure")}); got != want {
				t.Errorf("from %s: got %+v %s, want %+v", from, got, w.Body, want)
			}
		}
	})
}
