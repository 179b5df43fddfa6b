package deriv_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/karlquant/quasar/deriv"
)

// issuer is a small OAuth 2 server that checks PKCE as RFC 7636 says.
type issuer struct {
	*httptest.Server
	challenge, redirect string
	refreshed           atomic.Int64
}

func newIssuer(t *testing.T) *issuer {
	s := &issuer{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("response_type") != "code" || q.Get("client_id") != "app" || q.Get("scope") != "trade" || q.Get("code_challenge_method") != "S256" {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		s.challenge, s.redirect = q.Get("code_challenge"), q.Get("redirect_uri")
		http.Redirect(w, r, s.redirect+"?"+url.Values{"code": {"code-hush"}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", s.token)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *issuer) token(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	byCode := r.FormValue("grant_type") == "authorization_code" && r.FormValue("code") == "code-hush" &&
		r.FormValue("redirect_uri") == s.redirect && base64.RawURLEncoding.EncodeToString(sum[:]) == s.challenge
	byRefresh := r.FormValue("grant_type") == "refresh_token" && r.FormValue("refresh_token") == "refresh-hush"
	w.Header().Set("Content-Type", "application/json")
	if r.FormValue("client_id") != "app" || !byCode && !byRefresh {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant","error_description":"The code is no good."}`)
		return
	}
	n := s.refreshed.Add(1)
	fmt.Fprintf(w, `{"access_token":"access-hush-%d","refresh_token":"refresh-hush","expires_in":3600,"token_type":"bearer","news":1}`, n)
}

// freeAddress is one on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestALoginByBrowser(t *testing.T) {
	s := newIssuer(t)
	o := &deriv.OAuth{ClientID: "app", RedirectURL: "http://" + freeAddress(t) + "/back", AuthURL: s.URL + "/auth", TokenURL: s.URL + "/token"}
	login, err := o.Begin()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	page := make(chan string, 1)
	go func() { // the browser
		for ctx.Err() == nil {
			resp, err := http.Get(login.URL)
			if err != nil {
				time.Sleep(10 * time.Millisecond)
				continue
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			page <- string(body)
			return
		}
	}()
	tokens, err := login.Listen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if tokens.Access.Reveal() != "access-hush-1" || tokens.Refresh.Reveal() != "refresh-hush" || time.Until(tokens.Expires) < 50*time.Minute {
		t.Errorf("got %q and %q until %v", tokens.Access.Reveal(), tokens.Refresh.Reveal(), tokens.Expires)
	}
	if got := <-page; !strings.Contains(got, "You may close") {
		t.Errorf("the browser shows %q", got)
	}
	if text := fmt.Sprintf("%v %+v %#v", tokens, tokens, login); strings.Contains(text, "hush") {
		t.Errorf("it prints a secret: %s", text)
	}
}

func TestAnAnswerToAnotherLoginIsRefused(t *testing.T) {
	s := newIssuer(t)
	o := &deriv.OAuth{ClientID: "app", RedirectURL: "http://127.0.0.1:1/back", AuthURL: s.URL + "/auth", TokenURL: s.URL + "/token"}
	login := must(o.Begin())
	state := must(url.Parse(login.URL)).Query().Get("state")
	tests := []struct{ name, query, want string }{
		{name: "another state", query: "code=code-hush&state=x", want: "belongs to another login"},
		{name: "no state", query: "code=code-hush", want: "belongs to another login"},
		{name: "a refusal", query: "error=access_denied&error_description=No&state=" + state, want: `refused: "access_denied" "No"`},
		{name: "no code", query: "state=" + state, want: "got no code"},
		{name: "a code for another verifier", query: "code=code-hush&state=" + state, want: "invalid_grant: The code is no good."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := login.Exchange(t.Context(), &url.URL{RawQuery: test.query})
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestTokensAreRenewedBeforeTheyEnd(t *testing.T) {
	s := newIssuer(t)
	o := &deriv.OAuth{ClientID: "app", TokenURL: s.URL + "/token"}
	saved := 0
	source := o.Source(deriv.Tokens{Access: deriv.NewToken("old"), Refresh: deriv.NewToken("refresh-hush"), Expires: time.Now()}, func(deriv.Tokens) { saved++ })
	for range 3 {
		token, err := source(t.Context())
		if err != nil || token.Reveal() != "access-hush-1" {
			t.Errorf("got %q, %v, want the renewed one", token.Reveal(), err)
		}
	}
	if saved != 1 || s.refreshed.Load() != 1 {
		t.Errorf("saved %d and renewed %d times, want once", saved, s.refreshed.Load())
	}
	if _, err := o.Refresh(t.Context(), deriv.NewToken("void")); !strings.Contains(fmt.Sprint(err), "invalid_grant") {
		t.Errorf("a void one: got %v, want invalid_grant", err)
	}
}

func TestOAuthGoesToHTTPSOrLoopbackAlone(t *testing.T) {
	for _, o := range []deriv.OAuth{
		{ClientID: "app", RedirectURL: "http://example.com/back"},
		{ClientID: "app", RedirectURL: "https://example.com/back", TokenURL: "http://example.com"},
		{ClientID: "app"},
		{RedirectURL: "https://example.com/back"},
	} {
		if _, err := o.Begin(); err == nil {
			t.Errorf("%+v: got no error", o)
		}
	}
}
