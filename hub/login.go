package hub

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/karlquant/quasar/internal/credential"
	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/internal/page"
	"github.com/karlquant/quasar/internal/problem"
)

//go:embed login.html
var loginHTML string

var loginPage = template.Must(template.New("login").Parse(loginHTML))

// loginView is what the page of /login says.
type loginView struct {
	Message string // what went wrong; "" for nothing
	ID      string // of the token that the browser has; "" for none
}

const (
	// maxLogin bounds a form, loginPatience the time that it takes to arrive.
	maxLogin      = 4 << 10
	loginPatience = 10 * time.Second
)

// serveLogin lets a person put a viewer's token into a cookie, for the browser has
// no other way to send one with everything that a page asks for.
func (h *Hub) serveLogin(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost:
		w.Header().Set("Allow", "GET, HEAD, POST")
		problem.Write(w, http.StatusMethodNotAllowed, "method: got "+printable(r.Method)+", want GET, HEAD or POST")
	case !h.guarded(viewing):
		seeOther(w, "/")
	case r.Method == http.MethodPost:
		h.login(w, r)
	default:
		var view loginView
		if grant, ok := h.opts.Authenticator.Authenticate(presented(r, viewing)); ok {
			view.ID = grant.ID
		}
		h.showLogin(w, http.StatusOK, view)
	}
}

func (h *Hub) login(w http.ResponseWriter, r *http.Request) {
	if !credential.OwnPage(r) {
		problem.Write(w, http.StatusForbidden, "origin: got a foreign one, want this hub's own page")
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(loginPatience)) // not on a pipe, where nobody is slow
	r.Body = http.MaxBytesReader(w, r.Body, maxLogin)
	if err := r.ParseForm(); err != nil {
		problem.Write(w, http.StatusBadRequest, "form: got one that cannot be read, want token=TOKEN, at most 4 KiB")
		return
	}
	_ = control.SetReadDeadline(time.Time{})
	if r.PostForm.Has("logout") {
		http.SetCookie(w, loginCookie(r, ""))
		seeOther(w, "/login")
		return
	}
	h.tryLogin(w, r, strings.TrimSpace(r.PostForm.Get("token")))
}

func (h *Hub) tryLogin(w http.ResponseWriter, r *http.Request, token string) {
	grant, ok := h.opts.Authenticator.Authenticate(token)
	switch {
	case !ok:
		h.slow(r)
		w.Header().Set("Www-Authenticate", challenge)
		h.showLogin(w, http.StatusUnauthorized, loginView{Message: "This is no valid token of this hub."})
	case grant.denies(viewing, "") != "":
		h.showLogin(w, http.StatusForbidden, loginView{Message: "This is a " + string(grant.Role) + "'s token; to look takes a viewer's."})
	default:
		h.opts.Logger.Info("logged in", "credential", grant.ID, "address", r.RemoteAddr)
		http.SetCookie(w, loginCookie(r, token))
		seeOther(w, "/")
	}
}

// loginCookie keeps a token from scripts, from other sites and, where we come over
// TLS, from the wire. It ends with the browser; without a token it ends now.
func loginCookie(r *http.Request, token string) *http.Cookie {
	cookie := &http.Cookie{ //nolint:gosec // G124: Secure on plain loopback would make no login possible
		Name: cookieName, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: guard.Secure(r),
	}
	if token == "" {
		cookie.MaxAge = -1
	}
	return cookie
}

func seeOther(w http.ResponseWriter, path string) {
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusSeeOther)
}

func (h *Hub) showLogin(w http.ResponseWriter, status int, view loginView) {
	if status != http.StatusOK {
		problem.Note(w, status, "login: "+view.Message)
	}
	var out bytes.Buffer
	if err := loginPage.Execute(&out, view); err != nil {
		panic(err) // two strings into a page of ours
	}
	page.Protect(w.Header(), h.opts.FrameAncestors...)
	w.Header().Set("Referrer-Policy", "same-origin") // under no-referrer a browser's form comes from the origin "null"
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // the peer is gone: nobody is left to tell
}
