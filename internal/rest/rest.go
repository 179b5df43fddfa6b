// Package rest reads the queries and writes the JSON answers of our HTTP
// endpoints. Errors are written by package problem.
package rest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/problem"
)

// Write answers with v as JSON, its keys in a fixed order. An answer that may be
// kept has a Cache-Control before; any other is not stored. A v that JSON has no
// words for, a NaN among them, is a 500.
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
// that one, answers with 304 and tells so.
func NotModified(w http.ResponseWriter, r *http.Request, etag string) bool {
	w.Header().Set("Etag", etag)
	w.Header().Set("Cache-Control", "no-cache")
	known := Known(r, etag)
	if known {
		w.WriteHeader(http.StatusNotModified)
	}
	return known
}

// Known tells whether the client says that it has the answer with this ETag. It
// compares weakly (RFC 9110, section 13.1.2).
func Known(r *http.Request, etag string) bool {
	return slices.ContainsFunc(r.Header.Values("If-None-Match"), func(list string) bool { return lists(list, etag) })
}

// lists tells whether a tag stands in a list. Ours hold no comma.
func lists(ifNoneMatch, etag string) bool {
	for candidate := range strings.SplitSeq(ifNoneMatch, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

// UnixSeconds is a time in answers: Unix seconds, null for never.
type UnixSeconds time.Time

// MarshalJSON writes the time as the wire has it.
func (t UnixSeconds) MarshalJSON() ([]byte, error) {
	return quasar.AppendUnixTime(nil, time.Time(t)), nil
}
