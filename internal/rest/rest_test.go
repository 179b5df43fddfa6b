package rest_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/rest"
)

func get(target string) *http.Request { return httptest.NewRequest(http.MethodGet, target, nil) }

func TestWrite(t *testing.T) {
	for _, c := range []struct {
		name   string
		header http.Header // set before
		value  any
		body   string
		code   int
		want   http.Header
	}{
		{
			name: "an answer is not stored", value: map[string]any{"b": 1, "a": []string(nil), "c": rest.UnixSeconds{}},
			body: `{"a":[],"b":1,"c":null}`, code: 200,
			want: http.Header{"Content-Type": {"application/json"}, "X-Content-Type-Options": {"nosniff"}, "Cache-Control": {"no-store"}, "Content-Length": {"23"}},
		},
		{
			name: "unless it may be kept", header: http.Header{"Cache-Control": {"no-cache"}}, value: rest.UnixSeconds(time.Unix(1_760_000_000, 500_000_000)),
			body: `1760000000.500000`, code: 200,
			want: http.Header{"Content-Type": {"application/json"}, "X-Content-Type-Options": {"nosniff"}, "Cache-Control": {"no-cache"}, "Content-Length": {"17"}},
		},
		{
			name: "a number that is none leaves no one", value: map[string]float64{"score": math.NaN()},
			body: `{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"this answer cannot be put into words"}`, code: 500,
			want: http.Header{"Content-Type": {"application/problem+json"}, "X-Content-Type-Options": {"nosniff"}, "Cache-Control": {"no-store"}, "Content-Length": {"115"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			for key, values := range c.header {
				w.Header()[key] = values
			}
			rest.Write(w, c.value)
			if diff := cmp.Diff(c.want, w.Header()); diff != "" || w.Code != c.code || w.Body.String() != c.body {
				t.Errorf("got %d %s, want %d %s; header (-want +got):\n%s", w.Code, w.Body, c.code, c.body, diff)
			}
		})
	}
}

// A HEAD tells of the body and sends none.
func TestHead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { rest.Write(w, "abc") }))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, _ := resp.Body.Read(make([]byte, 1)); resp.StatusCode != http.StatusOK || resp.ContentLength != 5 || n != 0 {
		t.Errorf("got %d, a length of %d and %d bytes, want 200, 5 and 0", resp.StatusCode, resp.ContentLength, n)
	}
}

// RFC 9110, section 13.1.2: W/"1" and "1" are the same.
func TestNotModified(t *testing.T) {
	for _, c := range []struct {
		etag  string
		known []string
		want  bool
	}{
		{`W/"1"`, nil, false},
		{`W/"1"`, []string{""}, false},
		{`W/"1"`, []string{`W/"1"`}, true},
		{`W/"1"`, []string{`"1"`}, true},
		{`"1"`, []string{`W/"1"`}, true},
		{`"1"`, []string{`"1"`}, true},
		{`"1"`, []string{`"2"`}, false},
		{`"1"`, []string{`1`}, false},
		{`"1"`, []string{`"11"`}, false},
		{`"1"`, []string{`"0", W/"1" ,"2"`}, true},
		{`"1"`, []string{`"0","2"`}, false},
		{`"1"`, []string{`"0"`, `"1"`}, true}, // a header may come in two lines
		{`"1"`, []string{`*`}, true},
		{`"1"`, []string{` * `}, true},
	} {
		t.Run(fmt.Sprintf("%s is known as %s", c.etag, strings.Join(c.known, " and ")), func(t *testing.T) {
			r, w := get("/"), httptest.NewRecorder()
			r.Header["If-None-Match"] = c.known
			got := rest.NotModified(w, r, c.etag)
			code := http.StatusOK
			if c.want {
				code = http.StatusNotModified
			}
			if got != c.want || w.Code != code || w.Body.Len() > 0 {
				t.Errorf("got %t and %d with %d bytes, want %t and %d", got, w.Code, w.Body.Len(), c.want, code)
			}
			want := http.Header{"Etag": {c.etag}, "Cache-Control": {"no-cache"}}
			if diff := cmp.Diff(want, w.Header()); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadQuery(t *testing.T) {
	both := []string{"order", "limit"}
	for _, c := range []struct {
		target  string
		allowed []string
		want    rest.Query
		refused string // the detail of a 400
	}{
		{target: "/", want: rest.Query{Order: quasar.Asc, Limit: -1}},
		{target: "/?", allowed: both, want: rest.Query{Order: quasar.Asc, Limit: -1}},
		{target: "/?order=balanced&limit=3", allowed: both, want: rest.Query{Order: quasar.Balanced, Limit: 3}},
		{target: "/?limit=0", allowed: both, want: rest.Query{Order: quasar.Asc}},
		{target: "/?order=", allowed: both, refused: `order: got "", want "desc", "asc" or "balanced"`},
		{target: "/?order=ASC", allowed: both, refused: `order: got "ASC", want "desc", "asc" or "balanced"`},
		{target: "/?order=asc&order=desc", allowed: both, refused: "order: got it 2 times, want it once"},
		{target: "/?limit=-1", allowed: both, refused: `limit: got "-1", want an integer from 0`},
		{target: "/?limit=1.5", allowed: both, refused: `limit: got "1.5", want an integer from 0`},
		{target: "/?limit=99999999999999999999", allowed: both, refused: `limit: got "99999999999999999999", want an integer from 0`},
		{target: "/?limit=1", allowed: []string{"order"}, refused: `query: got "limit", want order`},
		{target: "/?a%1b=1", refused: `query: got "a\x1b", want none`},
		{target: "/?" + strings.Repeat("x", 100), refused: `query: got "` + strings.Repeat("x", 64) + `\u2026", want none`},
		{target: "/?limit=%zz", allowed: both, refused: "query: got one that is malformed, want KEY=VALUE, joined by &"},
	} {
		t.Run(c.target, func(t *testing.T) {
			w := httptest.NewRecorder()
			got, ok := rest.ReadQuery(w, get(c.target), quasar.Asc, c.allowed...)
			if c.refused == "" {
				if diff := cmp.Diff(c.want, got); diff != "" || !ok || w.Body.Len() > 0 {
					t.Errorf("got %t and %s; query (-want +got):\n%s", ok, w.Body, diff)
				}
				return
			}
			escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `&`, `\u0026`).Replace(c.refused)
			want := `{"type":"about:blank","title":"Bad Request","status":400,"detail":"` + escaped + `"}`
			if ok || w.Code != http.StatusBadRequest || w.Body.String() != want {
				t.Errorf("got %t and %d %s\nwant 400 %s", ok, w.Code, w.Body, want)
			}
		})
	}
}

func TestCut(t *testing.T) {
	for limit, want := range map[int][]int{-1: {1, 2, 3}, 0: {}, 2: {1, 2}, 3: {1, 2, 3}, 4: {1, 2, 3}} {
		if diff := cmp.Diff(want, rest.Cut(rest.Query{Limit: limit}, []int{1, 2, 3})); diff != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, diff)
		}
	}
}
