package hub_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"maps"
	"mime"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/karlquant/quasar/hub/hubtest"
)

// openAPI is the document that the hub serves, made strict: whatever an answer
// has and the document does not is an error.
type openAPI struct {
	doc      map[string]any
	compiler *jsonschema.Compiler
	// seen are the "path status" pairs that the hub has answered with.
	seen map[string]bool
}

const openAPIFile = "openapi.json"

func readOpenAPI(t *testing.T) *openAPI {
	t.Helper()
	data, err := os.ReadFile(openAPIFile)
	if err != nil {
		t.Fatal(err)
	}
	doc := parseJSON(t, data)
	forbidMore(doc)
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(openAPIFile, doc); err != nil {
		t.Fatal(err)
	}
	return &openAPI{doc: doc.(map[string]any), compiler: compiler, seen: make(map[string]bool)}
}

func parseJSON(t *testing.T, data []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return v
}

// forbidMore closes every schema that lists properties.
func forbidMore(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, isSchema := v["properties"].(map[string]any); isSchema {
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

// at follows keys, and references where it meets one.
func (o *openAPI) at(node any, keys ...string) any {
	for _, key := range keys {
		m, _ := node.(map[string]any)
		node = m[key]
		if m, ok := node.(map[string]any); ok {
			if pointer, ok := m["$ref"].(string); ok {
				node = o.at(o.doc, strings.Split(strings.TrimPrefix(pointer, "#/"), "/")...)
			}
		}
	}
	return node
}

func (o *openAPI) keys(keys ...string) []string {
	m, _ := o.at(o.doc, keys...).(map[string]any)
	return slices.Sorted(maps.Keys(m))
}

// validate holds a value against a named schema.
func (o *openAPI) validate(t *testing.T, name string, data []byte) {
	t.Helper()
	schema, err := o.compiler.Compile(openAPIFile + "#/components/schemas/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(parseJSON(t, data)); err != nil {
		t.Errorf("%s\n%s\n%v", name, data, err)
	}
}

// apiQuery is a request to the hub and the path of the document that it is about.
type apiQuery struct {
	path string // of the document
	url  string // what stands for it; "" for the path itself
	with func(r *http.Request)
	want int // the status; 0 for 200
}

// ask sends a request and holds the answer against the document.
func (o *openAPI) ask(t *testing.T, s *hubtest.Server, q apiQuery) []byte {
	t.Helper()
	url, want := q.url, q.want
	if url == "" {
		url = q.path
	}
	if want == 0 {
		want = http.StatusOK
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if q.with != nil {
		q.with(r)
	}
	answer, err := s.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != want {
		t.Fatalf("%s %s: got %s\n%s\nwant %d", r.Method, url, answer.Status, body, want)
	}
	o.checkAnswer(t, q.path, answer, body)
	return body
}

func (o *openAPI) checkAnswer(t *testing.T, path string, answer *http.Response, body []byte) {
	t.Helper()
	status := strconv.Itoa(answer.StatusCode)
	o.seen[path+" "+status] = true
	documented, ok := o.at(o.doc, "paths", path, "get", "responses", status).(map[string]any)
	if !ok {
		t.Fatalf("%s: %s is not documented", path, status)
	}
	for name := range o.mapAt(documented, "headers") {
		if answer.Header.Get(name) == "" {
			t.Errorf("%s: %s without the header %s", path, status, name)
		}
	}
	content := o.mapAt(documented, "content")
	if len(content) == 0 {
		if len(body) > 0 {
			t.Errorf("%s: %s with an undocumented body\n%s", path, status, body)
		}
		return
	}
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if content[kind] == nil && content["*/*"] == nil {
		t.Errorf("%s: %s of the type %s, want one of %v", path, status, kind, slices.Sorted(maps.Keys(content)))
	}
	if !strings.HasSuffix(kind, "json") {
		return
	}
	schema, _ := content[kind].(map[string]any)["schema"].(map[string]any)
	if pointer, ok := schema["$ref"].(string); ok {
		o.validate(t, pointer[strings.LastIndexByte(pointer, '/')+1:], body)
	}
}

// askByHand sends a request that no HTTP client would.
func (o *openAPI) askByHand(t *testing.T, s *hubtest.Server, path, request string) {
	t.Helper()
	conn, err := s.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	o.checkAnswer(t, path, answer, body)
}

func (o *openAPI) mapAt(node any, keys ...string) map[string]any {
	m, _ := o.at(node, keys...).(map[string]any)
	return m
}

// openSocket opens a WebSocket to the hub.
func openSocket(t *testing.T, s *hubtest.Server, path string) *websocket.Conn {
	t.Helper()
	conn, answer, err := websocket.Dial(t.Context(), s.URL+path, &websocket.DialOptions{HTTPClient: s.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%s: got %s", path, answer.Status)
	}
	conn.SetReadLimit(-1)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conn
}

// publisherOf connects a publisher and returns what sends its frames. When that
// returns the hub has taken them all: it answers a ping behind them in turn.
func publisherOf(t *testing.T, s *hubtest.Server, space string) (send func(frames ...string)) {
	t.Helper()
	conn := openSocket(t, s, "/ws/publish/"+space)
	ctx := conn.CloseRead(t.Context())
	return func(frames ...string) {
		t.Helper()
		for _, frame := range frames {
			if err := conn.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.Ping(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// nextMessage returns the next message that the hub sends.
func nextMessage(t *testing.T, conn *websocket.Conn) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, message, err := conn.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return message
}
