package hub

import (
	"context"
	"net/http"
	"time"

	"github.com/gobwas/ws"

	"github.com/karlquant/quasar/internal/credential"
	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/internal/problem"
)

// unauthorized is what everybody is told who brings no token that is valid,
// whatever is wrong with it.
const unauthorized = "credential: got none that is valid, want a token of this hub in Authorization: Bearer or X-Quasar-Token, " +
	"in a browser the subprotocols quasar.v1, bearer.TOKEN or the cookie of /login"

const challenge = `Bearer realm="quasar"`

// authorize tells what r may do with what it asks for. If it may not it has
// answered.
func (h *Hub) authorize(w http.ResponseWriter, r *http.Request, need access, space string) (Grant, bool) {
	if !h.guarded(need) {
		return Grant{Live: context.Background()}, true
	}
	grant, ok := h.opts.Authenticator.Authenticate(presented(r, need))
	if !ok {
		h.slow(r)
		w.Header().Set("Www-Authenticate", challenge)
		problem.Write(w, http.StatusUnauthorized, unauthorized)
		return grant, false
	}
	if detail := grant.denies(need, space); detail != "" {
		problem.Write(w, http.StatusForbidden, detail)
		return grant, false
	}
	return grant, true
}

// forViewers answers those who may view.
func (h *Hub) forViewers(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, ok := h.authorize(w, r, viewing, ""); ok {
			next(w, r)
		}
	}
}

// mayView is forViewers for what has an answer for anybody: it answers nothing. A
// wrong token is slowed here, too, or this would be the place to try tokens.
func (h *Hub) mayView(r *http.Request) bool {
	if !h.guarded(viewing) {
		return true
	}
	token := presented(r, viewing)
	if token == "" {
		return false
	}
	grant, ok := h.opts.Authenticator.Authenticate(token)
	if !ok {
		h.slow(r)
	}
	return ok && grant.denies(viewing, "") == ""
}

// cookieName is that of the cookie that /login sets.
const cookieName = "quasar_token"

// presented returns the token that a request brings, "" for none. No cookie counts to
// publish.
func presented(r *http.Request, need access) string {
	if need == publishing {
		return credential.Presented(r, "")
	}
	return credential.Presented(r, cookieName)
}

// slow counts a failed attempt and waits, the longer the more of them there were
// from the address. Whoever has a valid token never comes here.
func (h *Hub) slow(r *http.Request) {
	h.failed.Add(1)
	addr := guard.Addr(r)
	h.attempts.Slow(r.Context(), addr, func(attempts int, delay time.Duration) {
		h.opts.Logger.Warn("attempts without a valid credential are slowed", "address", addr, "attempts", attempts, "delay", delay)
	})
}

// revoked is why a socket closes whose token is valid no more.
const revoked = "the credential was revoked or has expired"

// closeAfter closes a socket when its token is valid no more, until stop is called.
func (s *socket) closeAfter(grant *Grant) (stop func() bool) {
	if grant.Live.Done() == nil { // it always is: nothing is held for that
		return func() bool { return true }
	}
	return context.AfterFunc(grant.Live, func() { s.close(ws.StatusPolicyViolation, revoked, revoked) })
}
