package hub_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
)

// post sends the form of /login; headers are "Name: value".
func post(t *testing.T, s *hubtest.Server, form url.Values, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/login", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	client := s.HTTPClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// loggedIn is what a login did.
type loggedIn struct {
	Status           int
	Location, Cookie string
	Says             string // what stands in the page
}

func TestLogin(t *testing.T) {
	k := newTokens(t)
	s := hubtest.New(t, &hub.Options{Authenticator: k.store, Logger: slog.New(slog.NewTextHandler(&k.log, nil))})
	form := func(name string) url.Values { return url.Values{"token": {k.secret[name]}} }
	const cookie = "quasar_token=TOKEN; Path=/; HttpOnly; SameSite=Strict"
	const no = "This is no valid token of this hub."
	for _, c := range []struct {
		name    string
		form    url.Values
		headers []string
		want    loggedIn
	}{
		{"a viewer", form("viewer"), nil, loggedIn{303, "/", cookie, ""}},
		{"an administrator", form("admin"), nil, loggedIn{303, "/", cookie, ""}},
		{"a viewer who copied a line break along", url.Values{"token": {" " + k.secret["viewer"] + "\r\n"}}, nil, loggedIn{303, "/", cookie, ""}},
		{"from our own page", form("viewer"), []string{"Origin: http://hub.localhost", "Sec-Fetch-Site: same-origin"}, loggedIn{303, "/", cookie, ""}},
		{"a publisher", form("publisher"), nil, loggedIn{403, "", "", "This is a publisher&#39;s token; to look takes a viewer&#39;s."}},
		{"a subscriber", form("subscriber"), nil, loggedIn{403, "", "", "This is a subscriber&#39;s token; to look takes a viewer&#39;s."}},
		{"nothing", nil, nil, loggedIn{401, "", "", no}},
		{"a wrong one", form("wrong"), nil, loggedIn{401, "", "", no}},
		{"an expired one", form("expired viewer"), nil, loggedIn{401, "", "", no}},
		{"a revoked one", form("revoked viewer"), nil, loggedIn{401, "", "", no}},
		{"markup", url.Values{"token": {"<script>alert(1)</script>"}}, nil, loggedIn{401, "", "", no}},
		{"from a foreign page", form("viewer"), []string{"Origin: https://evil.example"}, loggedIn{403, "", "", "origin: got a foreign one, want this hub's own page"}},
		{"from a page at another port", form("viewer"), []string{"Sec-Fetch-Site: same-site"}, loggedIn{403, "", "", "origin: got a foreign one, want this hub's own page"}},
		{"a form that is too long", url.Values{"token": {strings.Repeat("A", 5000)}}, nil, loggedIn{400, "", "", "form: got one that cannot be read, want token=TOKEN, at most 4 KiB"}},
		{"a form that is none", form("viewer"), []string{"Content-Type: application/json"}, loggedIn{401, "", "", no}},
		{"out", url.Values{"logout": {"1"}}, nil, loggedIn{303, "/login", "quasar_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict", ""}},
	} {
		answer := post(t, s, c.form, c.headers...)
		body, _ := io.ReadAll(answer.Body)
		k.hideIn(c.name, string(body))
		set := answer.Header.Get("Set-Cookie")
		if len(c.form["token"]) == 1 && set != "" {
			set = strings.Replace(set, strings.TrimSpace(c.form.Get("token")), "TOKEN", 1)
		}
		got := loggedIn{answer.StatusCode, answer.Header.Get("Location"), set, ""}
		if strings.Contains(string(body), c.want.Says) {
			got.Says = c.want.Says
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s%s", c.name, diff, body)
		}
		if strings.Contains(string(body), "<script") {
			t.Errorf("%s: got a script in %s", c.name, body)
		}
	}
	k.hideIn("the log", k.log.String())
	if !strings.Contains(k.log.String(), `msg="logged in" credential=viewer`) {
		t.Errorf("got the log %s", &k.log)
	}
}

// The form is under the strict policy of all our pages, and says who is logged in.
func TestTheFormOfLogin(t *testing.T) {
	k := newTokens(t)
	s := hubtest.New(t, &hub.Options{Authenticator: k.store, FrameAncestors: []string{"https://huggingface.co"}})
	for header, want := range map[string]bool{"X-Other: 1": false, "Cookie: quasar_token=" + k.secret["viewer"]: true, "Cookie: quasar_token=" + k.secret["wrong"]: false} {
		answer := ask(t, s, http.MethodGet, "/login", header)
		body, _ := io.ReadAll(answer.Body)
		if got := strings.Contains(string(body), "logged in with the token <b>viewer</b>"); answer.StatusCode != http.StatusOK || got != want {
			t.Errorf("got %s, logged in: %t, want %t\n%s", answer.Status, got, want, body)
		}
		got := map[string]string{}
		for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control"} {
			got[name] = answer.Header.Get(name)
		}
		if diff := cmp.Diff(map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
				"base-uri 'none'; form-action 'self'; frame-ancestors https://huggingface.co",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
		}, got); diff != "" {
			t.Error(diff)
		}
	}
	answer := ask(t, s, http.MethodPut, "/login")
	checkProblem(t, "PUT", answer, http.StatusMethodNotAllowed)
	if allow := answer.Header.Get("Allow"); allow != "GET, HEAD, POST" {
		t.Errorf("got Allow: %s", allow)
	}
}

// Over TLS, which may end at a proxy of ours, the cookie never leaves it.
func TestTheCookieIsForTLSWhereThereIsTLS(t *testing.T) {
	k := newTokens(t)
	h, err := hub.New(&hub.Options{Authenticator: k.store, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	if err != nil {
		t.Fatal(err)
	}
	for proto, want := range map[string]bool{"https": true, "http": false, "": false} {
		r := httptest.NewRequest(http.MethodPost, "/login", strings.NewReader(url.Values{"token": {k.secret["viewer"]}}.Encode()))
		r.Host, r.RemoteAddr = "localhost", "127.0.0.1:9"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if proto != "" {
			r.Header.Set("X-Forwarded-Proto", proto)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := strings.Contains(w.Header().Get("Set-Cookie"), "; Secure"); got != want || w.Code != http.StatusSeeOther {
			t.Errorf("%q: got %d %s, want Secure: %t", proto, w.Code, strings.ReplaceAll(w.Header().Get("Set-Cookie"), k.secret["viewer"], "TOKEN"), want)
		}
	}
}

// Where no token is needed there is nothing to log in for.
func TestNoLoginWhereNoneIsNeeded(t *testing.T) {
	s := hubtest.New(t, nil)
	for _, answer := range []*http.Response{ask(t, s, http.MethodGet, "/login"), post(t, s, url.Values{"token": {"x"}})} {
		if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/" || answer.Header.Get("Set-Cookie") != "" {
			t.Errorf("got %s to %q", answer.Status, answer.Header.Get("Location"))
		}
	}
}
