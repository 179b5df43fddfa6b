package deriv

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// Where the venue's OAuth 2 endpoints are.
const (
	DefaultAuthURL  = "https://auth.deriv.com/oauth2/auth"
	DefaultTokenURL = "https://auth.deriv.com/oauth2/token"
)

// OAuth logs a user in by OAuth 2 with PKCE (RFC 7636), for programs that shall
// not be given a personal access token. Its tokens last about an hour; a daemon
// is better off with a personal access token.
type OAuth struct {
	// ClientID is the app's.
	ClientID string
	// RedirectURL is where the browser comes back to: as registered, https or, on
	// loopback, http.
	RedirectURL string
	// Scopes are what is asked for; none is "trade". Ask for no more.
	Scopes []string
	// AuthURL and TokenURL replace DefaultAuthURL and DefaultTokenURL.
	AuthURL, TokenURL string
	// HTTPClient makes the calls; nil is one of its own.
	HTTPClient *http.Client
}

// Tokens are what a login gives.
type Tokens struct {
	Access, Refresh Token
	// Expires is when, by our clock, Access ends; zero is not told.
	Expires time.Time
}

// Login is one attempt of a user to log in. It is good for one code.
type Login struct {
	// URL is the page to open in a browser.
	URL      string
	oauth    *OAuth
	state    string
	verifier Token
}

// Begin makes the page's URL, with a state and a verifier that nobody can guess.
func (o *OAuth) Begin() (*Login, error) {
	if o.ClientID == "" {
		return nil, errors.New("deriv: oauth: got no client id, want that of a registered app")
	}
	for _, address := range []string{o.RedirectURL, o.authURL(), o.tokenURL()} {
		if err := checkOAuthURL(address); err != nil {
			return nil, err
		}
	}
	l := &Login{oauth: o, state: rand.Text(), verifier: NewToken(rand.Text() + rand.Text())}
	u, err := url.Parse(o.authURL())
	if err != nil {
		return nil, err
	}
	challenge := sha256.Sum256([]byte(l.verifier.Reveal()))
	u.RawQuery = url.Values{
		"response_type": {"code"}, "client_id": {o.ClientID}, "redirect_uri": {o.RedirectURL}, "scope": {o.scopes()},
		"state": {l.state}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}.Encode()
	l.URL = u.String()
	return l, nil
}

func (o *OAuth) authURL() string  { return orDefault(o.AuthURL, DefaultAuthURL) }
func (o *OAuth) tokenURL() string { return orDefault(o.TokenURL, DefaultTokenURL) }

func (o *OAuth) scopes() string {
	if len(o.Scopes) == 0 {
		return "trade"
	}
	return strings.Join(o.Scopes, " ")
}

func orDefault(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func checkOAuthURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return fmt.Errorf("deriv: oauth: got the url %.100q, want https or, on loopback, http", redactURL(address))
	}
	return nil
}

// Exchange takes the URL that the browser came back with, and turns its code into
// tokens.
func (l *Login) Exchange(ctx context.Context, callback *url.URL) (Tokens, error) {
	query := callback.Query()
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(l.state)) != 1 {
		return Tokens{}, errors.New("deriv: oauth: the answer belongs to another login; begin anew")
	}
	if refused := query.Get("error"); refused != "" {
		return Tokens{}, fmt.Errorf("deriv: oauth: refused: %.64q %.200q", refused, query.Get("error_description"))
	}
	if query.Get("code") == "" {
		return Tokens{}, errors.New("deriv: oauth: got no code")
	}
	return l.oauth.ask(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {query.Get("code")}, "client_id": {l.oauth.ClientID},
		"redirect_uri": {l.oauth.RedirectURL}, "code_verifier": {l.verifier.Reveal()},
	})
}

// Refresh gets new tokens for an old refresh token, which may then be void.
func (o *OAuth) Refresh(ctx context.Context, refresh Token) (Tokens, error) {
	if err := checkOAuthURL(o.tokenURL()); err != nil {
		return Tokens{}, err
	}
	t, err := o.ask(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh.Reveal()}, "client_id": {o.ClientID}})
	if err == nil && t.Refresh.IsZero() {
		t.Refresh = refresh
	}
	return t, err
}

const oauthTimeout = 20 * time.Second

// ask calls the token endpoint. Its errors hold none of the form's values.
func (o *OAuth) ask(ctx context.Context, form url.Values) (Tokens, error) {
	ctx, cancel := context.WithTimeout(ctx, oauthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.tokenURL(), strings.NewReader(form.Encode()))
	if err != nil {
		return Tokens{}, errors.New("deriv: oauth: the token url cannot be read")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	sent := time.Now()
	resp, err := httpClient(o.HTTPClient).Do(req)
	if err != nil {
		return Tokens{}, fmt.Errorf("deriv: oauth: %s", innermost(err))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, restAnswer))
	if err != nil {
		return Tokens{}, fmt.Errorf("deriv: oauth: %s", innermost(err))
	}
	return readTokens(resp.StatusCode, body, sent, form)
}

// readTokens follows RFC 6749, sections 5.1 and 5.2.
func readTokens(status int, body []byte, sent time.Time, form url.Values) (Tokens, error) {
	var said struct {
		Access      string `json:"access_token"`
		Refresh     string `json:"refresh_token"`
		Expires     int64  `json:"expires_in"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	err := json.Unmarshal(body, &said)
	if status != http.StatusOK {
		code := orDefault(hideForm(said.Error, form), fmt.Sprintf("HTTP%d", status))
		return Tokens{}, &Error{Call: "oauth", Status: status, Code: code, Message: hideForm(said.Description, form)}
	}
	if err != nil || said.Access == "" {
		return Tokens{}, errors.New("deriv: oauth: got an answer without an access token")
	}
	t := Tokens{Access: NewToken(said.Access), Refresh: NewToken(said.Refresh)}
	if said.Expires > 0 && said.Expires < int64(math.MaxInt64/time.Second) {
		t.Expires = sent.Add(time.Duration(said.Expires) * time.Second)
	}
	return t, nil
}

// hideForm strikes out of a server's text what it was sent in confidence.
func hideForm(text string, form url.Values) string {
	return hide(text, NewToken(form.Get("code")), NewToken(form.Get("code_verifier")), NewToken(form.Get("refresh_token")))
}

// Listen waits on the redirect's loopback address for the browser to come back,
// shows it a word, and returns the tokens. Open Login.URL once it is called.
func (l *Login) Listen(ctx context.Context) (Tokens, error) {
	redirect, err := url.Parse(l.oauth.RedirectURL)
	if err != nil || redirect.Scheme != "http" || !isLoopback(redirect.Hostname()) {
		return Tokens{}, errors.New("deriv: oauth: the redirect url is not on loopback: nothing to listen on")
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", redirect.Host)
	if err != nil {
		return Tokens{}, fmt.Errorf("deriv: oauth: %w", err)
	}
	came := make(chan *url.URL, 1)
	server := &http.Server{Handler: landing(redirect.Path, l.state, came), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	defer serving.Wait()
	defer func() { _ = server.Close() }()
	select {
	case callback := <-came:
		return l.Exchange(ctx, callback)
	case <-ctx.Done():
		return Tokens{}, fmt.Errorf("deriv: oauth: nobody came back: %w", context.Cause(ctx))
	}
}

// landing takes the first visit to the redirect's path that belongs to the login.
func landing(path, state string, came chan<- *url.URL) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != orDefault(path, "/") || subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("state")), []byte(state)) != 1 {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Referrer-Policy", "no-referrer")
		_, _ = io.WriteString(w, "Done. You may close this window.\n")
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
		select {
		case came <- r.URL:
		default:
		}
	})
}

// Source renews a login's tokens before they end, for Options.TokenSource. save is
// called with each new pair, if it is not nil: an old refresh token may be void.
func (o *OAuth) Source(t Tokens, save func(Tokens)) func(context.Context) (Token, error) {
	one := newTurn()
	return func(ctx context.Context) (Token, error) {
		if err := one.take(ctx); err != nil {
			return Token{}, fmt.Errorf("deriv: oauth: another renewal is under way: %w", err)
		}
		defer one.leave()
		if t.Expires.IsZero() || time.Until(t.Expires) > time.Minute {
			return t.Access, nil
		}
		renewed, err := o.Refresh(ctx, t.Refresh)
		if err != nil {
			return Token{}, err
		}
		t = renewed
		if save != nil {
			save(t)
		}
		return t.Access, nil
	}
}
