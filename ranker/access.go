package ranker

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/karlquant/quasar/internal/credential"
	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/internal/problem"
	"github.com/karlquant/quasar/internal/rest"
)

// Viewer is who may look.
type Viewer struct {
	// ID names the token to people. It is no secret.
	ID string
	// Live is done when the token is valid no more. Then the ranker closes what was
	// opened with it.
	Live context.Context
}

const (
	unauthorized = "credential: got none that is valid, want a viewer's token of this ranker in Authorization: Bearer or X-Quasar-Token, " +
		"in a browser the subprotocols quasar.v1, bearer.TOKEN or the cookie of /view/login"
	challenge = `Bearer realm="quasar"`
)

// viewer tells who looks, and whether they may. Whoever may command may look.
func (r *Ranker) viewer(req *http.Request) (Viewer, bool) {
	if r.opts.Viewers == nil {
		return Viewer{Live: context.Background()}, true
	}
	if token := credential.Presented(req, ""); token != "" {
		if v, ok := r.opts.Viewers(token); ok {
			return v, true
		}
	} else if live, ok := r.viewing.find(credential.FromCookie(req, viewCookie.Name), time.Now()); ok {
		return Viewer{Live: live}, true
	}
	return Viewer{ID: "admin", Live: context.Background()}, r.admin != nil && r.isAdmin(req)
}

// admit is viewer for what is for viewers alone: it has answered whoever is none, and
// slowly who tries tokens.
func (r *Ranker) admit(w http.ResponseWriter, req *http.Request) (Viewer, bool) {
	v, ok := r.viewer(req)
	if !ok {
		r.slow(req)
		w.Header().Set("Www-Authenticate", challenge)
		problem.Write(w, http.StatusUnauthorized, unauthorized)
		return v, false
	}
	r.showMoney(w)
	return v, true
}

func (r *Ranker) slow(req *http.Request) {
	addr := guard.Addr(req)
	r.attempts.Slow(req.Context(), addr, func(attempts int, delay time.Duration) {
		r.opts.Logger.Warn("attempts without a valid credential are slowed", "address", addr, "attempts", attempts, "delay", delay)
	})
}

// forViewers answers those who may look.
func (r *Ranker) forViewers(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		if _, ok := r.admit(w, req); ok {
			next(w, req)
		}
	}
}

// viewAnswer says whether whoever asks may look.
type viewAnswer struct {
	// Guarded tells that it takes a token.
	Guarded bool `json:"guarded"`
	View    bool `json:"view"`
}

// serveViewLogin trades a token for a cookie: POST with {"token": "…"}. The admin's will
// do, for looking only.
func (r *Ranker) serveViewLogin(w http.ResponseWriter, req *http.Request) {
	if !method(w, req, http.MethodPost) || !ownPage(w, req) {
		return
	}
	if r.opts.Viewers == nil {
		rest.Write(w, viewAnswer{View: true})
		return
	}
	token, ok := readToken(req.Body)
	if !ok {
		problem.Write(w, http.StatusBadRequest, `body: want {"token": "…"} of at most 4 KiB`)
		return
	}
	v, ok := r.opts.Viewers(token)
	if !ok && r.admin != nil && r.isToken(token) {
		v, ok = Viewer{ID: "admin", Live: context.Background()}, true
	}
	if !ok {
		r.slow(req)
		w.Header().Set("Www-Authenticate", challenge)
		problem.Write(w, http.StatusUnauthorized, "token: got one that is not valid, want a viewer's token of this ranker")
		return
	}
	r.opts.Logger.LogAttrs(req.Context(), slog.LevelInfo, "logged in to look", slog.String("credential", v.ID), slog.String("address", guard.Addr(req).String()))
	http.SetCookie(w, newCookie(req, viewCookie, r.viewing.begin(v.Live, time.Now())))
	rest.Write(w, viewAnswer{Guarded: true, View: true})
}

// serveViewLogout ends the session that the cookie names: POST.
func (r *Ranker) serveViewLogout(w http.ResponseWriter, req *http.Request) {
	if !method(w, req, http.MethodPost) || !ownPage(w, req) {
		return
	}
	r.viewing.end(credential.FromCookie(req, viewCookie.Name))
	http.SetCookie(w, newCookie(req, viewCookie, ""))
	rest.Write(w, viewAnswer{Guarded: r.opts.Viewers != nil, View: r.opts.Viewers == nil})
}

// serveViewSession tells whether who asks may look: GET.
func (r *Ranker) serveViewSession(w http.ResponseWriter, req *http.Request) {
	if !method(w, req, http.MethodGet) {
		return
	}
	_, ok := r.viewer(req)
	if !ok && credential.Presented(req, "") != "" {
		r.slow(req) // or this would be the place to try tokens
	}
	rest.Write(w, viewAnswer{Guarded: r.opts.Viewers != nil, View: ok})
}

// ownPage answers the page of a stranger.
func ownPage(w http.ResponseWriter, req *http.Request) bool {
	if credential.OwnPage(req) {
		return true
	}
	problem.Write(w, http.StatusForbidden, "origin: got a foreign one, want this ranker's own page")
	return false
}
