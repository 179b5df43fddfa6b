package ranker

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/internal/credential"
	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/internal/problem"
	"github.com/karlquant/quasar/internal/rest"
)

// A browser trades a token for a cookie that no script can read and no other site can
// send. The cookie names a session and is not the token: it ends with the process,
// after sessionLife, with the token, or when whoever has it logs out.

const (
	sessionLife = 12 * time.Hour
	// maxSessions bounds the memory; the oldest gives way.
	maxSessions = 32
	// maxLogin bounds what a login sends, in bytes.
	maxLogin = 4 << 10
)

// The cookies, and below which path a browser sends them: one for those who command,
// one for those who look.
var (
	adminCookie = http.Cookie{Name: "quasar_admin", Path: "/trade/"}
	viewCookie  = http.Cookie{Name: "quasar_ranker_view", Path: "/"}
)

// sessions are those who have shown a token. The zero value has none.
type sessions struct {
	mu  sync.Mutex // guards all
	all []session  // the oldest first
}

type session struct {
	sum  [sha256.Size]byte // of its name
	end  time.Time
	live context.Context // done when the token is valid no more
}

// begin returns the name of a new session, which lives as long as live does.
func (s *sessions) begin(live context.Context, now time.Time) string {
	name := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) == maxSessions {
		s.all = append(s.all[:0], s.all[1:]...)
	}
	s.all = append(s.all, session{sha256.Sum256([]byte(name)), now.Add(sessionLife), live})
	return name
}

// find returns the life of the token behind the session of that name, if it lives.
func (s *sessions) find(name string, now time.Time) (live context.Context, ok bool) {
	sum := sha256.Sum256([]byte(name))
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.all {
		if subtle.ConstantTimeCompare(sum[:], s.all[i].sum[:]) == 1 {
			return s.all[i].live, now.Before(s.all[i].end) && s.all[i].live.Err() == nil
		}
	}
	return nil, false
}

// end forgets a session.
func (s *sessions) end(name string) {
	sum := sha256.Sum256([]byte(name))
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.all[:0]
	for _, one := range s.all {
		if one.sum != sum {
			kept = append(kept, one)
		}
	}
	s.all = kept
}

// sessionAnswer says what whoever asks may do.
type sessionAnswer struct {
	// Possible tells that there is an admin token, Admin that the asker has shown it.
	Possible bool `json:"possible"`
	Admin    bool `json:"admin"`
}

// serveSession tells whether who asks may command: GET.
func (r *Ranker) serveSession(w http.ResponseWriter, req *http.Request) {
	if !method(w, req, http.MethodGet) {
		return
	}
	rest.Write(w, sessionAnswer{Possible: r.admin != nil, Admin: r.admin != nil && credential.OwnPage(req) && r.isAdmin(req)})
}

// serveLogin trades the token for a cookie: POST with {"token": "…"}.
func (r *Ranker) serveLogin(w http.ResponseWriter, req *http.Request) {
	if !method(w, req, http.MethodPost) || !r.commandable(w, req) {
		return
	}
	token, ok := readToken(req.Body)
	switch {
	case !ok:
		problem.Write(w, http.StatusBadRequest, `body: want {"token": "…"} of at most 4 KiB`)
	case !r.isToken(token):
		r.opts.Logger.LogAttrs(req.Context(), slog.LevelWarn, "login with a wrong admin token", slog.String("address", guard.Addr(req).String()))
		problem.Write(w, http.StatusUnauthorized, "token: got one that is not this ranker's admin token")
	default:
		r.opts.Logger.LogAttrs(req.Context(), slog.LevelInfo, "login with the admin token", slog.String("address", guard.Addr(req).String()))
		http.SetCookie(w, newCookie(req, adminCookie, r.sessions.begin(context.Background(), time.Now())))
		rest.Write(w, sessionAnswer{Possible: true, Admin: true})
	}
}

// serveLogout ends the session that the cookie names: POST.
func (r *Ranker) serveLogout(w http.ResponseWriter, req *http.Request) {
	if !method(w, req, http.MethodPost) || !r.commandable(w, req) {
		return
	}
	r.sessions.end(credential.FromCookie(req, adminCookie.Name))
	http.SetCookie(w, newCookie(req, adminCookie, ""))
	rest.Write(w, sessionAnswer{Possible: true})
}

// newCookie keeps a session from scripts, from other sites and, where we come over
// TLS, from the wire. Without a name it ends now.
func newCookie(req *http.Request, kind http.Cookie, name string) *http.Cookie {
	cookie := &http.Cookie{ //nolint:gosec // G124: Secure on plain loopback would make no login possible
		Name: kind.Name, Value: name, Path: kind.Path, MaxAge: int(sessionLife.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: guard.Secure(req),
	}
	if name == "" {
		cookie.MaxAge = -1
	}
	return cookie
}

func readToken(body io.Reader) (string, bool) {
	text, err := io.ReadAll(io.LimitReader(body, maxLogin+1))
	if err != nil || len(text) > maxLogin {
		return "", false
	}
	var said struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(text, &said, json.RejectUnknownMembers(true)); err != nil {
		return "", false
	}
	return strings.TrimSpace(said.Token), true
}

func (r *Ranker) isToken(token string) bool {
	sum := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(sum[:], r.admin[:]) == 1
}

// isAdmin tells whether a request brings the token or, from our own page, the cookie of
// a session. X-Quasar-Token is for where Authorization is another's, as on a private
// Space.
func (r *Ranker) isAdmin(req *http.Request) bool {
	if values, ok := req.Header["X-Quasar-Token"]; ok {
		return len(values) == 1 && r.isToken(values[0])
	}
	if token, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer "); ok {
		return r.isToken(token)
	}
	_, ok := r.sessions.find(credential.FromCookie(req, adminCookie.Name), time.Now())
	return ok
}

// commandable answers for what no page of a stranger may ask, and for what needs an
// admin token where there is none.
func (r *Ranker) commandable(w http.ResponseWriter, req *http.Request) bool {
	switch {
	case !ownPage(w, req):
	case r.admin == nil:
		problem.Write(w, http.StatusForbidden, "nobody can command this ranker: set QUASAR_ADMIN_TOKEN, or use `quasar trade` beside its data directory")
	default:
		return true
	}
	return false
}

func method(w http.ResponseWriter, req *http.Request, want string) bool {
	if req.Method == want {
		return true
	}
	w.Header().Set("Allow", want)
	problem.Write(w, http.StatusMethodNotAllowed, "method: got "+clip(req.Method)+", want "+want)
	return false
}
