// Package credential reads the tokens that requests bring, and slows down who brings
// wrong ones.
package credential

import (
	"net/http"
	"strings"

	"github.com/karlquant/quasar/internal/guard"
)

// tokenPrefix is what all tokens of a hub begin with. What begins otherwise is for
// a proxy on the way: a private Hugging Face Space has its own in Authorization.
const tokenPrefix = "qsr_"

// Presented returns the token that a request brings, "" for none. A URL is no place
// for one. A browser sends its cookie with whatever any page asks for, so that counts
// for our own pages only; cookie is its name, "" for none.
func Presented(r *http.Request, cookie string) string {
	if values, ok := r.Header["X-Quasar-Token"]; ok {
		if len(values) != 1 { // which of them?
			return ""
		}
		return values[0]
	}
	if token := fromSubprotocol(r.Header["Sec-Websocket-Protocol"]); token != "" {
		return token
	}
	if token := fromAuthorization(r.Header["Authorization"]); token != "" {
		return token
	}
	return FromCookie(r, cookie)
}

// fromSubprotocol reads the pair "quasar.v1, bearer.TOKEN", the only header that a
// script in a browser can send along with a WebSocket.
func fromSubprotocol(header []string) string {
	for _, list := range header {
		for item := range strings.SplitSeq(list, ",") {
			if token, ok := strings.CutPrefix(strings.TrimSpace(item), "bearer."); ok {
				return token
			}
		}
	}
	return ""
}

func fromAuthorization(header []string) string {
	if len(header) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(header[0], " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(token, tokenPrefix) {
		return ""
	}
	return token
}

// FromCookie returns what the cookie of a name holds, "" for none, for several, or
// where it is no page of ours that asks.
func FromCookie(r *http.Request, name string) string {
	cookies := r.CookiesNamed(name)
	if name == "" || len(cookies) != 1 || !OwnPage(r) {
		return ""
	}
	return cookies[0].Value
}

// OwnPage tells whether it is a page of ours that asks, or a person who typed the
// address, as far as a browser tells.
func OwnPage(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return guard.CheckOrigin(r, nil) == nil && (site == "" || site == "same-origin" || site == "none")
}
