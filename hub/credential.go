package hub

import (
	"context"
	"log/slog"
	"slices"
)

// Role says what a token is for. No role has anything to do with trading.
type Role string

// The roles of a hub.
const (
	// RolePublisher may publish the spaces that its token names, and nothing else.
	RolePublisher Role = "publisher"
	// RoleSubscriber may receive the stream of updates.
	RoleSubscriber Role = "subscriber"
	// RoleViewer may read all that is shown over HTTP, and the stream.
	RoleViewer Role = "viewer"
	// RoleAdmin may do what a viewer may, and whatever is for those who run the hub.
	RoleAdmin Role = "admin"
)

// Grant is what a valid token allows.
type Grant struct {
	// ID names the token to people. It is no secret.
	ID string
	// Role is what the token is for.
	Role Role
	// Spaces are those that a publisher's token may publish.
	Spaces []string
	// Live is done when the token is valid no more: it was revoked, or its time is
	// over. Then the hub closes what was opened with it.
	Live context.Context
}

// signed makes a log say by whose token something is done.
func signed(log *slog.Logger, id string) *slog.Logger {
	if id == "" {
		return log
	}
	return log.With("credential", id)
}

// Authenticator knows the tokens of a hub. Its methods may be called from any
// goroutine and do not block.
type Authenticator interface {
	// Authenticate returns what a token allows. False is a token that is not valid,
	// whether it never was, was revoked, or its time is over: how long the answer
	// takes tells neither that nor anything of the tokens that are.
	Authenticate(token string) (Grant, bool)
	// Knows tells whether there is a token of a role, valid or not, or was one
	// since the start: what once needed a token never is open again by itself.
	Knows(role Role) bool
}

// access is what a request asks for.
type access int

const (
	publishing access = iota
	subscribing
	viewing
)

// admitted are the roles that have an access.
var admitted = [...][]Role{
	publishing:  {RolePublisher},
	subscribing: {RoleSubscriber, RoleViewer, RoleAdmin},
	viewing:     {RoleViewer, RoleAdmin},
}

// denies says why a valid token does not allow a request; "" if it does.
func (g *Grant) denies(need access, space string) string {
	switch {
	case !slices.Contains(admitted[need], g.Role):
		return "credential: got " + g.ID + " of the role " + string(g.Role) + ", want " + wanted(need)
	case need == publishing && !slices.Contains(g.Spaces, space):
		return "credential: got " + g.ID + " of another space, want one of " + space
	}
	return ""
}

func wanted(need access) string {
	text := ""
	for i, role := range admitted[need] {
		switch {
		case i > 0 && i == len(admitted[need])-1:
			text += " or "
		case i > 0:
			text += ", "
		}
		text += string(role)
	}
	return text
}

// guarded tells whether an access needs a token. Without an authenticator none
// does; with one all do, unless the operator lets anybody in: then only those for
// which there are tokens. Who may not have the stream must not have it by asking
// for the rankings, so these two go together.
func (h *Hub) guarded(need access) bool {
	auth := h.opts.Authenticator
	if auth == nil || !h.opts.InsecureAllowAnonymous {
		return auth != nil
	}
	if need != publishing {
		need = subscribing
	}
	return slices.ContainsFunc(admitted[need], auth.Knows)
}

// closed tells whether there are tokens for everything. Then a page of a stranger
// can do nothing under our name, for it has none.
func (h *Hub) closed() bool {
	auth := h.opts.Authenticator
	return auth != nil && auth.Knows(RolePublisher) &&
		(auth.Knows(RoleSubscriber) || auth.Knows(RoleAdmin)) && (auth.Knows(RoleViewer) || auth.Knows(RoleAdmin))
}
