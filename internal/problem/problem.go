// Package problem writes the errors of our HTTP endpoints: RFC 9457, with what
// was got and what is wanted in the detail.
package problem

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// Document is the body of an error, application/problem+json.
type Document struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// Noter is a http.ResponseWriter that wants to know of the errors that go through
// it, before they are written.
type Noter interface {
	NoteProblem(status int, detail string)
}

// Note tells the first Noter among w and what it unwraps to. Write does so by
// itself; who says no in another form calls it.
func Note(w http.ResponseWriter, status int, detail string) {
	for w != nil {
		if n, ok := w.(Noter); ok {
			n.NoteProblem(status, detail)
			return
		}
		inner, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		w = inner.Unwrap()
	}
}

// Write answers with an error. Headers that go with the status (Allow, Upgrade,
// Retry-After) are the caller's to set before.
func Write(w http.ResponseWriter, status int, detail string) {
	body, err := json.Marshal(Document{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail})
	if err != nil {
		panic(err) // a struct of strings and an int always marshals
	}
	Note(w, status, detail)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the peer is gone: nobody is left to tell
}

// GetOnly lets GET and HEAD through and answers every other method with 405.
func GetOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			Write(w, http.StatusMethodNotAllowed, "method: got "+strconv.QuoteToASCII(r.Method)+", want GET or HEAD")
			return
		}
		next.ServeHTTP(w, r)
	})
}
