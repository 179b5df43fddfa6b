package ranker_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/trade"
)

// openAPI is the document that the ranker serves, made strict: whatever an answer
// has and the document does not is an error.
type openAPI struct {
	t        *testing.T
	doc      any
	compiler *jsonschema.Compiler
	seen     map[string]bool // the "METHOD path status" that were answered with
}

func readOpenAPI(t *testing.T) *openAPI {
	t.Helper()
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	forbidMore(doc)
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return &openAPI{t, doc, compiler, make(map[string]bool)}
}

// forbidMore closes every schema that lists properties.
func forbidMore(v any) {
	switch v := v.(type) {
	case document:
		if _, lists := v["properties"].(document); lists {
			v["additionalProperties"] = false
		}
		for _, inner := range v {
			forbidMore(inner)
		}
	case []any:
		for _, inner := range v {
			forbidMore(inner)
		}
	}
}

// at follows keys, and references where it meets one; nil for what is not there.
func (o *openAPI) at(node any, keys ...string) any {
	for _, key := range keys {
		m, _ := node.(document)
		node = m[key]
		if m, ok := node.(document); ok {
			if pointer, ok := m["$ref"].(string); ok {
				node = o.at(o.doc, strings.Split(strings.TrimPrefix(pointer, "#/"), "/")...)
			}
		}
	}
	return node
}

func (o *openAPI) keys(keys ...string) []string {
	m, _ := o.at(o.doc, keys...).(document)
	return slices.Sorted(maps.Keys(m))
}

// check holds an answer against the document.
func (o *openAPI) check(method, path string, w *httptest.ResponseRecorder) {
	o.t.Helper()
	status := strconv.Itoa(w.Code)
	o.seen[method+" "+path+" "+status] = true
	documented, ok := o.at(o.doc, "paths", path, strings.ToLower(method), "responses", status).(document)
	if !ok {
		o.t.Errorf("%s %s: %s is not documented\n%s", method, path, status, w.Body)
		return
	}
	content, _ := documented["content"].(document)
	if len(content) == 0 {
		return
	}
	kind, _, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
	if err != nil || content[kind] == nil && content["*/*"] == nil {
		o.t.Errorf("%s %s: %s of the type %q (%v), want one of %v", method, path, status, kind, err, slices.Sorted(maps.Keys(content)))
		return
	}
	body, _ := content[kind].(document)
	schema, _ := body["schema"].(document)
	if pointer, ok := schema["$ref"].(string); ok && strings.HasSuffix(kind, "json") {
		o.validate(strings.TrimPrefix(pointer, "#"), w.Body.Bytes())
	}
}

func (o *openAPI) validate(pointer string, body []byte) {
	o.t.Helper()
	schema, err := o.compiler.Compile("openapi.json#" + pointer)
	if err != nil {
		o.t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		o.t.Errorf("%s\n%s\n%v", pointer, body, err)
	}
}

// reads are the paths that are asked for in every state.
var reads = []string{"/", "/rankings", "/decisions", "/positions", "/risk", "/performance", "/trade/session", "/ws/view", "/api/state", "/health", "/metrics", "/livez", "/readyz", "/openapi.json"}

func (o *openAPI) readAll(r http.Handler) {
	o.t.Helper()
	for _, path := range reads {
		o.check("GET", path, ask(r, "GET", path))
	}
	o.check("GET", "/rankings", ask(r, "GET", "/rankings?order=balanced&limit=1"))
	o.check("GET", "/api/state", ask(r, "GET", "/api/state", "If-None-Match", "*"))
}

// Every answer is of the shape that the document says, and everything that the
// document lists is answered here.
func TestAnswersKeepToOpenAPI(t *testing.T) {
	api := readOpenAPI(t)
	for name, test := range map[string]func(*openAPI){
		"no hub":              withoutHub,
		"assets and outcomes": withOutcomes,
		"trades":              withTrades,
		"commands":            withCommands,
		"what became of it":   withUnresolved,
		"what is refused":     withErrors,
	} {
		bubble(t, name, func(t *testing.T) {
			test(&openAPI{t, api.doc, api.compiler, api.seen})
		})
	}
	for _, path := range api.keys("paths") {
		for _, method := range api.keys("paths", path) {
			for _, status := range api.keys("paths", path, method, "responses") {
				if all := strings.ToUpper(method) + " " + path + " " + status; !api.seen[all] && !unseen[all] {
					t.Errorf("%s: nothing here was answered so", all)
				}
			}
		}
	}
}

// unseen are answers that only a venue's or a journal's fault brings about.
var unseen = map[string]bool{
	"POST /trade/halt 409": true, "POST /trade/resume 409": true, "POST /trade/flatten 409": true, "POST /trade/limits 409": true, "POST /trade/limits 503": true,
	"POST /trade/halt 503": true, "POST /trade/resume 503": true, "POST /trade/flatten 503": true,
	"GET /ws/view 101": true, "GET /ws/view 503": true, // see state_test.go
}

func withoutHub(api *openAPI) {
	api.readAll(prepare(api.t, newHub(api.t), nil))
}

func withOutcomes(api *openAPI) {
	hub := newHub(api.t)
	hub.initial = []quasar.Snapshot{hub.snap("A", 1, 7, 3, 0.5), hub.snap("N", 1, 7, 3, 0.5), {SpaceName: "NULL", Seq: 1, UpdatedAt: hub.now()}}
	hub.initial[1].Voting.DominantSignal = new(quasar.Neutral)
	r := follow(api.t, hub, &ranker.Options{Horizon: 2 * time.Second, DecideEvery: time.Second, Model: api.t.TempDir() + "/model", Assets: []string{"A", "N", "NULL", "NONE"}})
	for i := range 10 {
		time.Sleep(time.Second)
		s := hub.snap("A", time.Now().Unix(), 7, 3, 0.5)
		s.Voting.LastPrice = new(100 + float64(i*i%7))
		hub.update(s)
	}
	api.readAll(r)
	hub.leave()
	api.readAll(r)
}

func withTrades(api *openAPI) {
	trader := holding(api.t, 3)
	r := prepare(api.t, newHub(api.t), &ranker.Options{Trader: trader})
	api.readAll(r)
	wins(api.t, trader, 1)
	time.Sleep(time.Minute)
	api.readAll(r)
}

const adminToken = "the-admin-token-of-a-test"

func withCommands(api *openAPI) {
	r := prepare(api.t, newHub(api.t), &ranker.Options{Trader: holding(api.t, 0), AdminToken: adminToken})
	for _, path := range []string{"/trade/halt", "/trade/resume", "/trade/flatten", "/trade/limits"} {
		command := func(r http.Handler, body string, header ...string) {
			req := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:7861"+path, strings.NewReader(body))
			for i := 0; i < len(header); i += 2 {
				req.Header.Set(header[i], header[i+1])
			}
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			api.check("POST", path, w)
		}
		as := []string{"Authorization", "Bearer " + adminToken}
		command(r, `{"note":"a test"}`, as...)
		command(r, `{"limits":{"max_stake":"0.50"},"note":"a test"}`, as...)
		command(r, `{"note":1}`, as...)
		command(r, "")
		command(r, "", "Origin", "https://evil.example")
		for _, body := range []string{`{"token":"` + adminToken + `"}`, `{"token":"x"}`, "x"} {
			api.check("POST", "/trade/login", tell(r, "/trade/login", body))
		}
		api.check("POST", "/trade/logout", tell(r, "/trade/logout", ""))
		closed := prepare(api.t, newHub(api.t), &ranker.Options{AdminToken: adminToken, Viewers: only(viewToken)})
		for _, h := range []http.Handler{r, closed} {
			for _, body := range []string{`{"token":"` + viewToken + `"}`, `{"token":"x"}`, "x"} {
				api.check("POST", "/view/login", tell(h, "/view/login", body))
			}
			api.check("POST", "/view/logout", tell(h, "/view/logout", ""))
		}
		command(prepare(api.t, newHub(api.t), &ranker.Options{AdminToken: adminToken}), "", as...)
		api.readAll(r)
	}
}

func withUnresolved(api *openAPI) {
	const path, none = "/trade/resolve", `{"intent":"i1","contract_id":"none"}`
	as := []string{"Authorization", "Bearer " + adminToken}
	silent, _ := unresolved(api.t, nil)
	api.check("POST", path, tell(silent, path, none, as...))
	r, _ := unresolved(api.t, &trade.Record{})
	api.readAll(r)
	for _, body := range []string{"", none, none} {
		api.check("POST", path, tell(r, path, body, as...))
	}
	api.check("POST", path, tell(r, path, none))
	api.check("POST", path, tell(prepare(api.t, newHub(api.t), &ranker.Options{AdminToken: adminToken}), path, none, as...))
}

func withErrors(api *openAPI) {
	closed := prepare(api.t, newHub(api.t), &ranker.Options{Viewers: only(viewToken)})
	for _, path := range []string{"/rankings", "/decisions", "/api/state", "/positions", "/risk", "/performance", "/metrics", "/ws/view", "/health", "/view/session"} {
		api.check("GET", path, ask(closed, "GET", path))
	}
	r := prepare(api.t, newHub(api.t), &ranker.Options{UI: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}}})
	api.check("GET", "/", ask(r, "GET", "/"))
	api.check("GET", "/ui/{file}", ask(r, "GET", "/ui/index.html"))
	api.check("GET", "/ui/{file}", ask(r, "GET", "/ui/none"))
	for _, path := range api.keys("paths") {
		method, other, at := "GET", "PUT", strings.Replace(path, "{file}", "index.html", 1)
		if api.at(api.doc, "paths", path, "post") != nil {
			method = "POST"
		}
		api.check(method, path, ask(r, other, at))
		api.check(method, path, ask(r, method, at, "Host", "rebound.example"))
		if api.at(api.doc, "paths", path, "get", "responses", "400") != nil {
			api.check(method, path, ask(r, method, at+"?sort=asc"))
		}
	}
}

// The document lists every path that serve.go and command.go serve, and no other.
func TestOpenAPIHasTheRoutesOfTheRanker(t *testing.T) {
	want := []string{"/ui/{file}"}
	for _, name := range []string{"serve.go", "command.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if pair, ok := n.(*ast.KeyValueExpr); ok {
				if lit, ok := pair.Key.(*ast.BasicLit); ok && strings.HasPrefix(lit.Value, `"/`) {
					want = append(want, strings.Trim(lit.Value, `"`))
				}
			}
			return true
		})
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, readOpenAPI(t).keys("paths")); diff != "" {
		t.Errorf("-source +openapi.json\n%s", diff)
	}
}

// A schema that takes anything would let the tests above pass.
func TestOpenAPIRefusesWhatIsNotInIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("A", 1, 7, 3, 0.5)}
		body := ask(follow(t, hub, nil), "GET", "/rankings").Body.String()
		api := readOpenAPI(t)
		schema, err := api.compiler.Compile("openapi.json#/components/schemas/Rankings")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ name, old, new string }{
			{"a foreign key", `"count":1`, `"count":1,"more":1`},
			{"a missing key", `"count":1,`, ``},
			{"an order that is none", `"order":"asc"`, `"order":"up"`},
			{"a text for a number", `"count":1`, `"count":"1"`},
		} {
			changed := strings.Replace(body, c.old, c.new, 1)
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(changed))
			if err != nil || changed == body {
				t.Fatalf("%s: %v in %s", c.name, err, changed)
			}
			if schema.Validate(value) == nil {
				t.Errorf("%s: it is taken", c.name)
			}
		}
	})
}
