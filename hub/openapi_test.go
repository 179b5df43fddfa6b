package hub_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
)

const fullFrame = `{"type":"metrics","training":{"training_steps":1200,"actor_loss":0.12,"critic_loss":0.34,"avn_loss":0.05,"avn_accuracy":0.81},` +
	`"voting":{"dominant_signal":"BUY","buy_count":7,"sell_count":3,"last_price":451234.12,"signal_source":"<b>ensemble</b>"}}`

// apiStates are what a hub may be in when somebody asks.
var apiStates = []struct {
	name string
	make func(t *testing.T, s *hubtest.Server)
}{
	{"an empty hub", func(*testing.T, *hubtest.Server) {}},
	{"a publisher that says nothing", func(t *testing.T, s *hubtest.Server) {
		publisherOf(t, s, "SILENT")()
	}},
	{"assets with everything, something and nothing known", func(t *testing.T, s *hubtest.Server) {
		publisherOf(t, s, "FULL")(fullFrame)
		publisherOf(t, s, "HALF")(`{"type":"voting","data":{"buy_count":3,"sell_count":1}}`)
		publisherOf(t, s, "NULL")(`{"type":"training","data":{"avn_loss":null}}`)
	}},
	{"an asset whose run diverged", func(t *testing.T, s *hubtest.Server) {
		publisherOf(t, s, "NAN")(fullFrame, `{"type":"metrics","training":{"actor_loss":NaN,"critic_loss":Infinity,"avn_loss":-Infinity,"avn_accuracy":NaN},"voting":{"last_price":1e999}}`)
	}},
	{"frames that were rejected", func(t *testing.T, s *hubtest.Server) {
		publisherOf(t, s, "WRONG")(`{`, "", "\xff", `{"type":"command"}`, `{"type":"identify","space":"OTHER"}`, `{"type":"voting","data":{"dominant_signal":"<script>","buy_count":1}}`)
	}},
	{"fields that were stripped under hostile names", func(t *testing.T, s *hubtest.Server) {
		send := publisherOf(t, s, "FOREIGN")
		send(`{"type":"training","data":{"avn_loss":1,"__proto__":{"<b>":1,"\u0000":2,"` + strings.Repeat("x", 1000) + `":3}}}`)
		for i := range 70 {
			send(fmt.Sprintf(`{"type":"training","data":{"avn_loss":1,"field_%d":0}}`, i))
		}
	}},
	{"a publisher that is not believed", func(t *testing.T, s *hubtest.Server) {
		publisherOf(t, s, "SUSPECT")(fullFrame, `{"type":"metrics","training":{"training_steps":7},"voting":{"last_price":1}}`)
	}},
	{"a publisher that a newer one superseded", func(t *testing.T, s *hubtest.Server) {
		older, newer := publisherOf(t, s, "TWICE"), publisherOf(t, s, "TWICE")
		older(fullFrame)
		newer(fullFrame)
	}},
	{"subscribers with and without a filter", func(t *testing.T, s *hubtest.Server) {
		publisherOf(t, s, "FULL")(fullFrame)
		nextMessage(t, openSocket(t, s, "/ws/subscribe"))
		nextMessage(t, openSocket(t, s, "/ws/subscribe?assets=FULL,NONE"))
	}},
	{"a publisher that has gone", func(t *testing.T, s *hubtest.Server) {
		conn := openSocket(t, s, "/ws/publish/GONE")
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(fullFrame)); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Fatal(err)
		}
	}},
}

func TestAnswersKeepToOpenAPI(t *testing.T) {
	for _, state := range apiStates {
		t.Run(state.name, func(t *testing.T) {
			api, s := readOpenAPI(t), hubtest.New(t, &hub.Options{UI: apiPages, SDK: apiSDK})
			state.make(t, s)
			for _, q := range []apiQuery{
				{path: "/rankings"}, {path: "/rankings", url: "/rankings?order=asc&limit=1"}, {path: "/rankings", url: "/rankings?order=balanced&limit=0"},
				{path: "/health"}, {path: "/api/state"}, {path: "/api/state", url: "/api/state?order=asc"},
				{path: "/livez"}, {path: "/readyz"}, {path: "/metrics"}, {path: "/openapi.json"}, {path: "/"}, {path: "/ui/{file}", url: "/ui/index.html"},
				{path: "/sdk/websocket_client.py"}, {path: "/sdk/log_metrics_reader.py"},
			} {
				api.ask(t, s, q)
			}
			subscriber := openSocket(t, s, "/ws/subscribe")
			first := nextMessage(t, subscriber)
			api.validate(t, "InitialState", first)
			snapshots, _ := api.at(parseJSON(t, first), "snapshots").(map[string]any)
			for name := range snapshots {
				api.ask(t, s, apiQuery{path: "/metrics/{space_name}", url: "/metrics/" + name})
				api.ask(t, s, apiQuery{path: "/metrics/{space_name}", url: "/metrics/" + name + "?order=balanced"})
			}
			publisherOf(t, s, "LAST")(fullFrame)
			api.validate(t, "MetricsUpdate", nextMessage(t, subscriber))
		})
	}
}

var (
	apiPages = fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}}
	apiSDK   = fstest.MapFS{"websocket_client.py": {Data: []byte("pass")}, "log_metrics_reader.py": {Data: []byte("pass")}}
)

// Every status that the document has is one that the hub answers with, and what
// the hub answers with here is in the document.
func TestErrorsKeepToOpenAPI(t *testing.T) {
	api, s := readOpenAPI(t), hubtest.New(t, &hub.Options{UI: apiPages, SDK: apiSDK, MaxSpaces: 1})
	publisherOf(t, s, "V75")(fullFrame)
	examples := map[string]string{"/ws/publish/{space_name}": "/ws/publish/V75", "/metrics/{space_name}": "/metrics/V75", "/ui/{file}": "/ui/index.html"}
	method := func(m string) func(*http.Request) { return func(r *http.Request) { r.Method = m } }
	host := func(r *http.Request) { r.Host = "rebound.example" }
	for _, path := range api.keys("paths") {
		if !strings.HasPrefix(path, "/ws/") && path != "/login" {
			api.ask(t, s, apiQuery{path: path, url: examples[path]})
		}
		api.ask(t, s, apiQuery{path: path, url: examples[path], with: host, want: http.StatusForbidden})
		for _, m := range []string{http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
			api.ask(t, s, apiQuery{path: path, url: examples[path], with: method(m), want: http.StatusMethodNotAllowed})
		}
		if path != "/login" {
			api.ask(t, s, apiQuery{path: path, url: examples[path], with: method(http.MethodPost), want: http.StatusMethodNotAllowed})
		}
	}
	upgrade := func(r *http.Request) {
		for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
			r.Header.Set(name, value)
		}
	}
	without := func(header string) func(*http.Request) {
		return func(r *http.Request) { upgrade(r); r.Header.Del(header) }
	}
	foreign := func(r *http.Request) { upgrade(r); r.Header.Set("Origin", "https://evil.example") }
	for _, q := range []apiQuery{
		{path: "/rankings", url: "/rankings?order=up", want: http.StatusBadRequest},
		{path: "/rankings", url: "/rankings?limit=-1", want: http.StatusBadRequest},
		{path: "/rankings", url: "/rankings?limit=many", want: http.StatusBadRequest},
		{path: "/rankings", url: "/rankings?order=asc&order=desc", want: http.StatusBadRequest},
		{path: "/rankings", url: "/rankings?sort=asc", want: http.StatusBadRequest},
		{path: "/api/state", url: "/api/state?limit=3", want: http.StatusBadRequest},
		{path: "/health", url: "/health?verbose", want: http.StatusBadRequest},
		{path: "/metrics/{space_name}", url: "/metrics/..%2f..%2fetc%2fpasswd", want: http.StatusBadRequest},
		{path: "/metrics/{space_name}", url: "/metrics/V75?order=up", want: http.StatusBadRequest},
		{path: "/metrics/{space_name}", url: "/metrics/UNSEEN", want: http.StatusNotFound},
		{path: "/ui/{file}", url: "/ui/none", want: http.StatusNotFound},
		{path: "/ws/publish/{space_name}", url: "/ws/publish/__proto__", want: http.StatusBadRequest},
		{path: "/ws/publish/{space_name}", url: "/ws/publish/", want: http.StatusBadRequest},
		{path: "/ws/publish/{space_name}", url: "/ws/publish/V75", want: http.StatusUpgradeRequired},
		{path: "/ws/publish/{space_name}", url: "/ws/publish/V75", with: without("Sec-WebSocket-Key"), want: http.StatusBadRequest},
		{path: "/ws/publish/{space_name}", url: "/ws/publish/V75", with: without("Sec-WebSocket-Version"), want: http.StatusUpgradeRequired},
		{path: "/ws/subscribe", with: without("Sec-WebSocket-Key"), want: http.StatusBadRequest},
		{path: "/ws/subscribe", with: without("Upgrade"), want: http.StatusUpgradeRequired},
		{path: "/ws/publish/{space_name}", url: "/ws/publish/V75", with: foreign, want: http.StatusForbidden},
		{path: "/ws/publish/{space_name}", url: "/ws/publish/ANOTHER", with: upgrade, want: http.StatusServiceUnavailable},
		{path: "/ws/subscribe", url: "/ws/subscribe?assets=V75,", want: http.StatusBadRequest},
		{path: "/ws/subscribe", url: "/ws/subscribe?asset=V75", want: http.StatusBadRequest},
		{path: "/ws/subscribe", want: http.StatusUpgradeRequired},
		{path: "/ws/subscribe", with: foreign, want: http.StatusForbidden},
		{path: "/api/state", with: func(r *http.Request) { r.Header.Set("If-None-Match", "*") }, want: http.StatusNotModified},
	} {
		api.ask(t, s, q)
	}
	for _, path := range []string{"/ws/publish/{space_name}", "/ws/subscribe"} {
		openSocket(t, s, strings.Replace(path, "{space_name}", "V75", 1))
		api.seen[path+" 101"] = true
		api.askByHand(t, s, path, "GET "+strings.Replace(path, "{space_name}", "V75", 1)+" HTTP/1.0\r\nHost: localhost\r\n\r\n")
	}

	_, crowded := serveTCP(t, &hub.Options{MaxPerAddress: 1, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	dialTCPWith(t, crowded, "/ws/subscribe", "X-Forwarded-For: 192.0.2.1\r\n", 0)
	for _, path := range []string{"/ws/publish/{space_name}", "/ws/subscribe"} {
		conn, err := net.Dial("tcp", crowded)
		if err != nil {
			t.Fatal(err)
		}
		_, answer := shake(t, conn, strings.Replace(path, "{space_name}", "V75", 1), "X-Forwarded-For: 192.0.2.1\r\n")
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		api.checkAnswer(t, path, answer, body)
	}

	bare := hubtest.New(t, &hub.Options{DashboardHTML: filepath.Join(t.TempDir(), "none.html")})
	api.ask(t, bare, apiQuery{path: "/", want: http.StatusInternalServerError})
	for _, path := range []string{"/sdk/websocket_client.py", "/sdk/log_metrics_reader.py"} {
		api.ask(t, bare, apiQuery{path: path, want: http.StatusNotFound})
	}
	if err := bare.Hub.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	api.ask(t, bare, apiQuery{path: "/readyz", want: http.StatusServiceUnavailable})
	api.ask(t, bare, apiQuery{path: "/ws/subscribe", with: upgrade, want: http.StatusServiceUnavailable})

	api.askByHand(t, s, "/login", "GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n")
	askGuarded(t, api, examples, upgrade)

	for _, path := range api.keys("paths") {
		for _, status := range api.keys("paths", path, "get", "responses") {
			if !api.seen[path+" "+status] {
				t.Errorf("%s: nothing here was answered with %s", path, status)
			}
		}
	}
}

// askGuarded asks a hub that has a token for each role, without one: what the
// document lists a security for is refused, and nothing else.
func askGuarded(t *testing.T, api *openAPI, examples map[string]string, upgrade func(*http.Request)) {
	t.Helper()
	s := hubtest.New(t, &hub.Options{UI: apiPages, SDK: apiSDK, Authenticator: newTokens(t).store})
	for _, path := range api.keys("paths") {
		q := apiQuery{path: path, url: examples[path], with: upgrade}
		if api.at(api.doc, "paths", path, "get", "security") != nil {
			q.want = http.StatusUnauthorized
		}
		api.ask(t, s, q)
	}
}

// The document lists every path that routes.go serves, and no other.
func TestOpenAPIHasTheRoutesOfTheHub(t *testing.T) {
	api := readOpenAPI(t)
	exact, prefixes := routesOfSource(t)
	var got []string
	for _, path := range api.keys("paths") {
		prefix := slices.IndexFunc(prefixes, func(p string) bool { return strings.HasPrefix(path, p) })
		if prefix >= 0 {
			path = prefixes[prefix]
		}
		got = append(got, path)
	}
	want := slices.Concat(exact, prefixes)
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("-routes.go +openapi.json\n%s", diff)
	}
}

// routesOfSource reads the paths of routes.go: the keys of its map of handlers,
// and the constants that name what a path starts with.
func routesOfSource(t *testing.T) (exact, prefixes []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "routes.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	path := func(e ast.Expr) (string, bool) {
		lit, ok := e.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(lit.Value)
		return text, err == nil && strings.HasPrefix(text, "/")
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if p, ok := path(n.Key); ok {
				exact = append(exact, p)
			}
		case *ast.ValueSpec:
			for _, value := range n.Values {
				if p, ok := path(value); ok {
					prefixes = append(prefixes, p)
				}
			}
		}
		return true
	})
	if len(exact) < 9 || len(prefixes) < 4 {
		t.Fatalf("routes.go: found %v and %v; has it another shape now?", exact, prefixes)
	}
	return exact, prefixes
}

// Every key of an answer is always there, so every schema of an answer requires
// all that it has.
func TestOpenAPIRequiresEveryKey(t *testing.T) {
	api := readOpenAPI(t)
	for _, name := range api.keys("components", "schemas") {
		if strings.HasSuffix(name, "Frame") || strings.HasSuffix(name, "Data") {
			continue // what a publisher sends is in parts
		}
		var required []string
		list, _ := api.at(api.doc, "components", "schemas", name, "required").([]any)
		for _, key := range list {
			required = append(required, key.(string))
		}
		slices.Sort(required)
		if diff := cmp.Diff(api.keys("components", "schemas", name, "properties"), required); diff != "" {
			t.Errorf("%s, -properties +required\n%s", name, diff)
		}
	}
}

// Nothing in the document points to nowhere, and every schema is one.
func TestOpenAPISchemasCompile(t *testing.T) {
	api := readOpenAPI(t)
	for _, name := range api.keys("components", "schemas") {
		if _, err := api.compiler.Compile(openAPIFile + "#/components/schemas/" + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A schema that takes anything would let every test above pass.
func TestOpenAPIRefusesWhatIsNotInIt(t *testing.T) {
	const snapshot = `{"space_name":"V75","training":{"training_steps":1,"actor_loss":null,"critic_loss":null,"avn_loss":null,"avn_accuracy":0.5},` +
		`"voting":{"dominant_signal":"BUY","buy_count":1,"sell_count":1,"last_price":1.5,"signal_source":"x"},"seq":1,"updated_at":1.5,"training_at":1.5,"voting_at":null}`
	api := readOpenAPI(t)
	api.validate(t, "Snapshot", []byte(snapshot))
	schema, err := api.compiler.Compile(openAPIFile + "#/components/schemas/Snapshot")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new string }{
		{"a foreign field", `"avn_accuracy":0.5`, `"avn_accuracy":0.5,"rewards":1`},
		{"a missing key", `"actor_loss":null,`, ``},
		{"a signal that is none", `"BUY"`, `"HOLD"`},
		{"an accuracy above 1", `0.5`, `1.5`},
		{"a price of 0", `"last_price":1.5`, `"last_price":0`},
		{"a time that is text", `"updated_at":1.5`, `"updated_at":"now"`},
		{"a count with a fraction", `"buy_count":1`, `"buy_count":1.5`},
		{"a name that names no space", `"V75"`, `"../V75"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := strings.Replace(snapshot, c.old, c.new, 1)
			if schema.Validate(parseJSON(t, []byte(bad))) == nil {
				t.Errorf("taken: %s", bad)
			}
		})
	}
}

// The examples in the protocol's text are what a hub may answer.
func TestExamplesOfTheProtocolKeepToOpenAPI(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "spec", "protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	api := readOpenAPI(t)
	examples := regexp.MustCompile("(?s)```json (\\w+)\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(examples) < 8 {
		t.Errorf("got %d examples; have they another form now?", len(examples))
	}
	for _, example := range examples {
		t.Run(example[1], func(t *testing.T) { api.validate(t, example[1], []byte(example[2])) })
	}
}
