// Package rest writes the JSON answers of our HTTP endpoints.
package rest

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/internal/problem"
)

// Write answers with v as JSON, its keys in a fixed order. An answer that may be
// kept has a Cache-Control before; any other is not stored.
func Write(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		problem.Write(w, http.StatusInternalServerError, "this answer cannot be put into words")
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the peer is gone: nobody is left to tell
}

// NotModified marks the answer with an ETag and, if the client says that it has
// that one, answers with 304 and tells so. It compares weakly (RFC 9110, 13.1.2).
func NotModified(w http.ResponseWriter, r *http.Request, etag string) bool {
	w.Header().Set("Etag", etag)
	w.Header().Set("Cache-Control", "no-cache")
	for candidate := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(etag, "W/") {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}
