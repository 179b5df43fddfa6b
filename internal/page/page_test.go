package page_test

import (
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/page"
)

var files = fstest.MapFS{
	"index.html":       {Data: []byte("<!doctype html><title>x</title>")},
	"hub/main.js":      {Data: []byte("export {};")},
	"hub/style.css":    {Data: []byte("body {}")},
	"shared/icon.svg":  {Data: []byte("<svg/>")},
	"shared/data.json": {Data: []byte("{}")},
	"reader.py":        {Data: []byte("pass")},
	"LICENSE":          {Data: []byte("<script>alert(1)</script>")},
	"notes.txt":        {Data: []byte("x")},
}

func site(t *testing.T, frames ...string) *page.Site {
	t.Helper()
	s, err := page.New(files, "/ui/", frames...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://localhost/", nil)
	r.URL.Path = path // as a client may write it: nothing cleans it on the way
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// The types are ours: not the machine's, and not guessed from what a file holds.
func TestContentTypes(t *testing.T) {
	for path, want := range map[string]string{
		"/ui/":                 "text/html; charset=utf-8",
		"/ui/index.html":       "text/html; charset=utf-8",
		"/ui/hub/main.js":      "text/javascript; charset=utf-8",
		"/ui/hub/style.css":    "text/css; charset=utf-8",
		"/ui/shared/icon.svg":  "image/svg+xml",
		"/ui/shared/data.json": "application/json",
		"/ui/reader.py":        "text/x-python; charset=utf-8",
		"/ui/notes.txt":        "text/plain; charset=utf-8",
		"/ui/LICENSE":          "application/octet-stream",
	} {
		w := ask(site(t), "GET", path)
		if got := w.Header().Get("Content-Type"); w.Code != 200 || got != want {
			t.Errorf("%s: got %d %s, want 200 %s", path, w.Code, got, want)
		}
	}
}

// Only what was read at the start can be named: no folder is listed, and nothing
// leads out.
func TestNothingButTheFiles(t *testing.T) {
	for _, path := range []string{
		"", "/", "/ui", "/hub/main.js", "/ui/hub", "/ui/hub/", "/ui//", "/ui/.", "/ui/..", "/ui/../page_test.go", "/ui/hub/../index.html",
		"/ui/./index.html", "/ui//index.html", "/ui/index.html/", "/ui/%2e%2e/page_test.go", `/ui/..\page_test.go`, "/ui/../../../../etc/passwd",
		"/ui/index.html\x00", "/ui/INDEX.HTML", "/ui/hub/main.js.map", "/UI/index.html", "/ui/ui/index.html",
	} {
		w := ask(site(t), "GET", path)
		if w.Code != 404 || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%q: got %d %s, want 404", path, w.Code, w.Header().Get("Content-Type"))
		}
	}
	if w := ask(&page.Site{}, "GET", "/ui/"); w.Code != 404 {
		t.Errorf("a site without a file: got %d, want 404", w.Code)
	}
}

func TestHeaders(t *testing.T) {
	const strict = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors "
	for _, c := range []struct {
		frames []string
		policy string
	}{
		{nil, strict + "'none'"},
		{[]string{"https://huggingface.co", "https://example.org"}, strict + "https://huggingface.co https://example.org"},
	} {
		h := ask(site(t, c.frames...), "GET", "/ui/").Header()
		if h.Get("Etag") == "" {
			t.Error("no ETag")
		}
		h.Del("Etag")
		want := http.Header{
			"Content-Security-Policy": {c.policy}, "X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"no-referrer"},
			"Cache-Control": {"no-cache"}, "Content-Type": {"text/html; charset=utf-8"}, "Content-Length": {"31"}, "Accept-Ranges": {"bytes"},
			"Vary": {"Accept-Encoding"},
		}
		if diff := cmp.Diff(want, h); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
	}
}

func TestAFileThatIsKnownIsNotSentAgain(t *testing.T) {
	s := site(t)
	index, script := ask(s, "GET", "/ui/").Header().Get("Etag"), ask(s, "GET", "/ui/hub/main.js").Header().Get("Etag")
	if index == script {
		t.Fatal("two files have one ETag")
	}
	for _, c := range []struct {
		name, method string
		header       []string
		code, length int
	}{
		{"known", "GET", []string{"If-None-Match", index}, 304, 0},
		{"known by a cache that weakened it", "GET", []string{"If-None-Match", "W/" + index}, 304, 0},
		{"known among others", "GET", []string{"If-None-Match", script + ", " + index}, 304, 0},
		{"another is known", "GET", []string{"If-None-Match", script}, 200, 31},
		{"head", "HEAD", nil, 200, 0},
		{"head of what is known", "HEAD", []string{"If-None-Match", index}, 304, 0},
		{"a part", "GET", []string{"Range", "bytes=0-8"}, 206, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := ask(s, c.method, "/ui/", c.header...)
			if w.Code != c.code || w.Body.Len() != c.length || w.Header().Get("Etag") != index {
				t.Errorf("got %d with %d bytes and the ETag %s, want %d, %d and %s", w.Code, w.Body.Len(), w.Header().Get("Etag"), c.code, c.length, index)
			}
		})
	}
	changed := fstest.MapFS{"index.html": {Data: []byte("<!doctype html><title>y</title>")}}
	other, err := page.New(changed, "/ui/")
	if err != nil {
		t.Fatal(err)
	}
	if w := ask(other, "GET", "/ui/", "If-None-Match", index); w.Code != 200 {
		t.Errorf("a changed file of the same size: got %d, want 200", w.Code)
	}
}

func TestWhoTakesGzipGetsIt(t *testing.T) {
	text := strings.Repeat("export const x = 1;\n", 100)
	s, err := page.New(fstest.MapFS{"long.js": {Data: []byte(text)}, "short.js": {Data: []byte("export {};")}}, "/ui/")
	if err != nil {
		t.Fatal(err)
	}
	plain := ask(s, "GET", "/ui/long.js").Header().Get("Etag")
	for _, c := range []struct {
		name, path, accept string
		gzipped            bool
	}{
		{"a browser", "/ui/long.js", "gzip, deflate, br, zstd", true},
		{"one with weights", "/ui/long.js", "br;q=1.0, GZIP ; q = 0.8", true},
		{"an old name", "/ui/long.js", "x-gzip", true},
		{"nothing said", "/ui/long.js", "", false},
		{"another coding", "/ui/long.js", "br", false},
		{"refused", "/ui/long.js", "gzip;q=0", false},
		{"refused with digits", "/ui/long.js", "gzip;q=0.000", false},
		{"a weight that is none", "/ui/long.js", "gzip;q=x", false},
		{"nothing gained", "/ui/short.js", "gzip", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := ask(s, "GET", c.path, "Accept-Encoding", c.accept)
			if got := w.Header().Get("Content-Encoding") == "gzip"; got != c.gzipped {
				t.Fatalf("got gzip %t, want %t", got, c.gzipped)
			}
			if !c.gzipped {
				return
			}
			if w.Header().Get("Etag") == plain {
				t.Error("two sequences of bytes have one ETag")
			}
			if again := ask(s, "GET", c.path, "Accept-Encoding", c.accept, "If-None-Match", w.Header().Get("Etag")); again.Code != 304 {
				t.Errorf("known: got %d, want 304", again.Code)
			}
			z, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(z); err != nil || string(got) != text {
				t.Errorf("got %d bytes and %v, want the file", len(got), err)
			}
		})
	}
}

func TestServeIsForAnyPath(t *testing.T) {
	s := site(t)
	w := httptest.NewRecorder()
	s.Serve(w, httptest.NewRequest(http.MethodGet, "/", nil), "index.html")
	if !s.Has("index.html") || s.Has("hub") || w.Code != 200 || !strings.HasPrefix(w.Body.String(), "<!doctype html>") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// brokenFS has a folder whose one file cannot be read.
type brokenFS struct{ fstest.MapFS }

func (b brokenFS) Open(name string) (fs.File, error) {
	if name == "index.html" {
		return nil, errors.New("the disk is gone")
	}
	return b.MapFS.Open(name)
}

func (b brokenFS) ReadFile(name string) ([]byte, error) {
	_, err := b.Open(name)
	return nil, err
}

// A file is read when it is first asked for; that it cannot be is said then, and
// the others are served.
func TestAFileThatCannotBeReadIsAnError(t *testing.T) {
	s, err := page.New(brokenFS{files}, "/ui/")
	if err != nil {
		t.Fatal(err)
	}
	for _, accept := range []string{"", "gzip"} {
		w := ask(s, "GET", "/ui/", "Accept-Encoding", accept)
		if w.Code != 500 || w.Header().Get("Etag") != "" || !strings.Contains(w.Body.String(), "the disk is gone") {
			t.Errorf("accepting %q: got %d %s, want 500 with the reason", accept, w.Code, w.Body)
		}
	}
	if w := ask(s, "GET", "/ui/hub/main.js"); w.Code != 200 {
		t.Errorf("another file: got %d, want 200", w.Code)
	}
}

// countingFS counts how often its files are read.
type countingFS struct {
	fstest.MapFS
	reads map[string]int
}

func (c countingFS) ReadFile(name string) ([]byte, error) {
	c.reads[name]++
	return c.MapFS.ReadFile(name)
}

func TestAFileIsReadOnceAndOnlyIfAskedFor(t *testing.T) {
	c := countingFS{files, map[string]int{}}
	s, err := page.New(c, "/ui/")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		ask(s, "GET", "/ui/")
		ask(s, "GET", "/ui/", "Accept-Encoding", "gzip")
	}
	if diff := cmp.Diff(map[string]int{"index.html": 1}, c.reads); diff != "" {
		t.Errorf("files read (-want +got):\n%s", diff)
	}
}
