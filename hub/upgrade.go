package hub

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/gobwas/ws"

	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/internal/problem"
)

// subprotocol is what browsers offer beside their token, which is not repeated to
// them; those that offer nothing are as welcome.
const subprotocol = "quasar.v1"

// maySocket tells whether r may become a WebSocket, and with what credential. If
// not it has answered. A page of a foreign origin may publish if its script brings
// a token, which no browser adds by itself.
func (h *Hub) maySocket(w http.ResponseWriter, r *http.Request, need access, space string) (grant Grant, ok bool) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET")
		problem.Write(w, http.StatusMethodNotAllowed, "method: got "+printable(r.Method)+", want GET")
		return grant, false
	}
	if err := guard.CheckOrigin(r, h.opts.AllowedOrigins); err != nil && (need != publishing || !h.guarded(publishing)) {
		problem.Write(w, http.StatusForbidden, err.Error())
		return grant, false
	}
	if grant, ok = h.authorize(w, r, need, space); !ok {
		return grant, false
	}
	if status, detail := checkHandshake(r); status != 0 {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Sec-Websocket-Version", "13")
		problem.Write(w, status, detail)
		return grant, false
	}
	if h.isClosing() {
		w.Header().Set("Retry-After", "1")
		problem.Write(w, http.StatusServiceUnavailable, "the hub is shutting down")
		return grant, false
	}
	return grant, true
}

// checkHandshake holds a request against section 4.2.1 of RFC 6455; status is 0
// if it is as it should be.
func checkHandshake(r *http.Request) (status int, detail string) {
	switch {
	case r.ProtoMajor != 1 || r.ProtoMinor < 1:
		return http.StatusHTTPVersionNotSupported, "protocol: got " + printable(r.Proto) + ", want HTTP/1.1"
	case !hasToken(r.Header["Upgrade"], "websocket") || !hasToken(r.Header["Connection"], "upgrade"):
		return http.StatusUpgradeRequired, "got a plain request, want a WebSocket (RFC 6455)"
	case len(r.Header["Sec-Websocket-Version"]) > 1:
		return http.StatusBadRequest, "Sec-WebSocket-Version: got it more than once, want it once"
	case r.Header.Get("Sec-Websocket-Version") != "13":
		return http.StatusUpgradeRequired, "Sec-WebSocket-Version: got " + printableOrNone(r.Header.Get("Sec-Websocket-Version")) + ", want 13"
	}
	return checkFields(r)
}

// hasToken tells whether one of the header's lists has the token, in whatever case
// of ASCII: of the letters that Unicode folds to it none is as short.
func hasToken(header []string, token string) bool {
	for _, list := range header {
		for item := range strings.SplitSeq(list, ",") {
			if item = strings.TrimSpace(item); len(item) == len(token) && strings.EqualFold(item, token) {
				return true
			}
		}
	}
	return false
}

// upgrade turns a request that maySocket let pass into a socket, with the
// extensions that were agreed to. Where it fails it has answered.
func upgrade(w http.ResponseWriter, r *http.Request, opts *Options, extensions string) (*socket, error) {
	u := ws.HTTPUpgrader{Timeout: opts.WriteTimeout, Header: make(http.Header)}
	if offers(r, subprotocol) {
		u.Header.Set("Sec-Websocket-Protocol", subprotocol)
	}
	if extensions != "" {
		u.Header.Set("Sec-Websocket-Extensions", extensions)
	}
	r = r.Clone(r.Context())
	r.Header.Set("Connection", "Upgrade") // of lists and several such headers it sees but a part
	r.Header.Set("Upgrade", "websocket")
	conn, rw, _, err := u.Upgrade(r, w)
	if err != nil {
		if conn != nil {
			_ = conn.Close()
		}
		return nil, err
	}
	early, err := rw.Reader.Peek(rw.Reader.Buffered())
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	s := newSocket(conn, bytes.Clone(early), opts) // without net/http's buffers
	s.address = r.RemoteAddr
	return s, nil
}
