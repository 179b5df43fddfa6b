// Package page serves the files of a dashboard as they should be served: under a
// strict Content-Security-Policy, with an ETag each, and nothing but the files.
package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/karlquant/quasar/internal/problem"
)

// file is one file. It is read when it is first asked for and held in memory from
// then on: a server whose page nobody opens does not pay for it.
type file struct {
	contentType string
	plain       func() (form, error)
	gzipped     func() (form, error) // plain where compressing does not pay
}

// form is a file as it is sent.
type form struct{ content, etag, encoding string }

// Site is a set of files to serve. It is an http.Handler for GET and HEAD below
// the prefix that it was made for. The zero Site has no file.
type Site struct {
	prefix string
	policy string
	files  map[string]file
}

// New finds all files, which must not change from then on. They are served below
// prefix ("/ui/"), index.html also at the prefix itself. frames lists the origins
// whose pages may hold ours in a frame; with none of them no page may.
func New(files fs.FS, prefix string, frames ...string) (*Site, error) {
	s := &Site{prefix: prefix, policy: policy(frames), files: make(map[string]file)}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		s.files[name] = newFile(files, name)
		return nil
	})
	return s, err
}

// Protect sets the headers of a page of ours: a strict policy, and nothing told to
// where its links lead. frames are as for New.
func Protect(h http.Header, frames ...string) { protect(h, policy(frames)) }

func protect(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}

// policy lets a page do what ours do and no more: no inline script, no foreign
// origin.
func policy(frames []string) string {
	ancestors := "'none'"
	if len(frames) > 0 {
		ancestors = strings.Join(frames, " ")
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'self'; frame-ancestors " + ancestors
}

// contentTypes are those of the files that we have: the machine's own table says
// something else on each machine. A file of another kind is only bytes.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
	".json": "application/json",
	".py":   "text/x-python; charset=utf-8",
	".txt":  "text/plain; charset=utf-8",
}

func newFile(files fs.FS, name string) file {
	kind, known := contentTypes[path.Ext(name)]
	if !known {
		kind = "application/octet-stream"
	}
	plain := sync.OnceValues(func() (form, error) { return read(files, name) })
	return file{contentType: kind, plain: plain, gzipped: sync.OnceValues(func() (form, error) {
		f, err := plain()
		return compress(f), err
	})}
}

func read(files fs.FS, name string) (form, error) {
	content, err := fs.ReadFile(files, name)
	sum := sha256.Sum256(content)
	return form{content: string(content), etag: base64.RawURLEncoding.EncodeToString(sum[:12])}, err
}

// compress returns f as gzip, and f itself where that is hardly shorter.
func compress(f form) form {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a valid one
	}
	_, _ = io.WriteString(z, f.content) // to memory: it cannot fail
	_ = z.Close()
	if out.Len() > len(f.content)*9/10 {
		return f
	}
	return form{content: out.String(), etag: f.etag + "-gzip", encoding: "gzip"} // two sequences of bytes have two names
}

// takesGzip tells whether a client said that it takes gzip (RFC 9110, 12.5.3).
func takesGzip(r *http.Request) bool {
	for _, header := range r.Header.Values("Accept-Encoding") {
		for item := range strings.SplitSeq(header, ",") {
			coding, weight, _ := strings.Cut(item, ";")
			if coding = strings.ToLower(strings.TrimSpace(coding)); coding == "gzip" || coding == "x-gzip" {
				return !refuses(weight)
			}
		}
	}
	return false
}

// refuses tells whether a weight (q=0) says not to.
func refuses(weight string) bool {
	value, ok := strings.CutPrefix(strings.ToLower(strings.ReplaceAll(weight, " ", "")), "q=")
	if !ok {
		return false
	}
	q, err := strconv.ParseFloat(value, 64)
	return err != nil || q == 0
}

// ServeHTTP serves the file that the path names.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutPrefix(r.URL.Path, s.prefix)
	if name == "" {
		name = "index.html"
	}
	if !ok || !s.Has(name) {
		problem.Write(w, http.StatusNotFound, "path: got one that names nothing here")
		return
	}
	s.Serve(w, r, name)
}

// Has tells whether there is a file of that name.
func (s *Site) Has(name string) bool {
	_, ok := s.files[name]
	return ok
}

// Serve answers with the named file, which has to be there, compressed for those who
// take it so.
func (s *Site) Serve(w http.ResponseWriter, r *http.Request, name string) {
	f := s.files[name]
	sent, err := f.plain()
	if takesGzip(r) {
		sent, err = f.gzipped()
	}
	if err != nil {
		problem.Write(w, http.StatusInternalServerError, err.Error())
		return
	}
	h := w.Header()
	protect(h, s.policy)
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Type", f.contentType)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Etag", `"`+sent.etag+`"`)
	if sent.encoding != "" {
		h.Set("Content-Encoding", sent.encoding)
	}
	http.ServeContent(w, r, name, time.Time{}, strings.NewReader(sent.content)) // no time: the ETag decides
}
