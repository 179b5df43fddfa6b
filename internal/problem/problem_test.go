package problem_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/problem"
)

func TestWrite(t *testing.T) {
	for detail, want := range map[string]string{
		`order: got "best", want "desc"`: `order: got "best", want "desc"`,
		"</script>\n\u2028":              "</script>\n\u2028",
		"not UTF-8: \xff":                "not UTF-8: \ufffd",
	} {
		w := httptest.NewRecorder()
		w.Header().Set("Retry-After", "60")
		problem.Write(w, http.StatusServiceUnavailable, detail)
		header := http.Header{
			"Content-Type": {"application/problem+json"}, "X-Content-Type-Options": {"nosniff"}, "Cache-Control": {"no-store"},
			"Content-Length": {strconv.Itoa(w.Body.Len())}, "Retry-After": {"60"},
		}
		if diff := cmp.Diff(header, w.Header()); diff != "" || w.Code != http.StatusServiceUnavailable {
			t.Errorf("%q: got %d, header (-want +got):\n%s", detail, w.Code, diff)
		}
		var got problem.Document
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(problem.Document{Type: "about:blank", Title: "Service Unavailable", Status: 503, Detail: want}, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", detail, diff)
		}
	}
}

func TestGetOnly(t *testing.T) {
	handler := problem.GetOnly(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for method, want := range map[string]int{
		"GET": 204, "HEAD": 204, "POST": 405, "PUT": 405, "DELETE": 405, "OPTIONS": 405, "TRACE": 405, "get": 405, "": 405, "X\xff": 405,
	} {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.Method = method
		handler.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: got %d, want %d", method, w.Code, want)
		}
		if allow := w.Header().Get("Allow"); want == 405 && allow != "GET, HEAD" {
			t.Errorf("%q: got Allow %q", method, allow)
		}
	}
}

// noter takes note of what goes through it.
type noter struct {
	http.ResponseWriter
	seen []string
}

func (n *noter) NoteProblem(status int, detail string) {
	n.seen = append(n.seen, strconv.Itoa(status)+" "+detail)
}

// wrapped is a ResponseWriter that stands in front of another.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Who stands around a handler learns why it refused, through whatever stands
// between.
func TestANoterIsTold(t *testing.T) {
	n := &noter{ResponseWriter: httptest.NewRecorder()}
	problem.Write(n, http.StatusForbidden, "origin: got another")
	problem.Write(wrapped{wrapped{n}}, http.StatusNotFound, "space V75: none")
	problem.Write(wrapped{httptest.NewRecorder()}, http.StatusNotFound, "nobody is told")
	if diff := cmp.Diff([]string{"403 origin: got another", "404 space V75: none"}, n.seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
