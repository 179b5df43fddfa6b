package hub_test

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/hub/token"
)

// carriers are the ways in which a request brings a token.
var carriers = map[string]func(secret string) string{
	"bearer":      func(s string) string { return "Authorization: Bearer " + s + "\r\n" },
	"lower case":  func(s string) string { return "authorization: bearer " + s + "\r\n" },
	"header":      func(s string) string { return "X-Quasar-Token: " + s + "\r\n" },
	"subprotocol": func(s string) string { return "Sec-WebSocket-Protocol: quasar.v1, bearer." + s + "\r\n" },
	"cookie":      func(s string) string { return "Cookie: other=1; quasar_token=" + s + "\r\n" },
	"behind a proxy's": func(s string) string {
		return "Authorization: Bearer hf_proxy\r\nX-Quasar-Token: " + s + "\r\n"
	},
}

// everyEndpoint is all of them, and who may ask.
var everyEndpoint = []struct {
	path  string
	roles []string // nil is everybody
	live  bool     // a WebSocket
}{

	{path: "/ws/publish/V75", roles: []string{"publisher"}, live: true},
	{path: "/ws/subscribe", roles: []string{"subscriber", "viewer", "admin"}, live: true},
	{path: "/ws/subscribe?assets=V75", roles: []string{"subscriber", "viewer", "admin"}, live: true},
	{path: "/rankings", roles: []string{"viewer", "admin"}},
	{path: "/metrics/V75", roles: []string{"viewer", "admin"}},
	{path: "/api/state", roles: []string{"viewer", "admin"}},
	{path: "/metrics", roles: []string{"viewer", "admin"}},
	{path: "/"}, {path: "/ui/"}, {path: "/login"}, {path: "/health"}, {path: "/livez"}, {path: "/readyz"}, {path: "/openapi.json"}, {path: "/sdk/websocket_client.py"},
}

// A stranger without a token, with a wrong one, another space's, an expired and a
// revoked one is refused everywhere, and a valid one works through each carrier.
// Whatever is wrong, the 401 is one and the same, to the last byte.
func TestWhoMayAskWhat(t *testing.T) {
	k := newTokens(t)
	_, addr := serveTCP(t, &hub.Options{UI: apiPages, SDK: apiSDK, Authenticator: k.store, Logger: slog.New(slog.NewTextHandler(&k.log, nil))})
	first := rawRequest(t, addr, "/ws/publish/V75", true, carriers["header"](k.secret["publisher"]))
	first.text(steps(1))
	first.send(fin|opPing, "")
	first.next() // the frame before the ping was taken
	unauthorized := make(map[string]bool)
	for _, e := range everyEndpoint {
		for _, name := range append([]string{""}, names(k.secret)...) {
			for carrier, with := range carriers {
				want := http.StatusOK
				if e.live {
					want = http.StatusSwitchingProtocols
				}
				valid := slices.Contains([]string{"publisher", "other", "subscriber", "viewer", "admin"}, name)
				switch {
				case e.roles == nil:
				case !valid, carrier == "cookie" && e.path == "/ws/publish/V75":
					want = http.StatusUnauthorized
				case !slices.Contains(e.roles, name):
					want = http.StatusForbidden
				}
				header := ""
				if name != "" {
					header = with(k.secret[name])
				}
				p := rawRequest(t, addr, e.path, e.live, header)
				if p.answer.StatusCode != want {
					t.Errorf("%s with %q by %s: got %s, want %d\n%s", e.path, name, carrier, p.answer.Status, want, p.whole)
				}
				if p.answer.StatusCode == http.StatusUnauthorized {
					unauthorized[p.whole] = true
				}
				k.hideIn(e.path, p.whole)
				_ = p.conn.Close()
			}
		}
	}
	if len(unauthorized) != 1 {
		t.Errorf("got %d different answers to who is not known, want one: %q", len(unauthorized), slices.Collect(maps.Keys(unauthorized)))
	}
	k.hideIn("the log", k.log.String())
}

// answered is a WebSocket, or what was answered instead.
type answered struct {
	*peer
	answer *http.Response
	whole  string // but for the date
}

var dated = regexp.MustCompile(`(?m)^Date: .*\r\n`)

// rawRequest asks by hand, as no client has to be trusted with the headers.
func rawRequest(t *testing.T, addr, path string, live bool, header string) *answered {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	request := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n", path, header)
	if live {
		request = fmt.Sprintf(handshake, path, header)
	}
	p, answer := shakeRaw(t, conn, request, http.MethodGet)
	a := &answered{peer: p, answer: answer}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		var out strings.Builder
		if err := answer.Write(&out); err != nil {
			t.Fatal(err)
		}
		a.whole = strings.Replace(dated.ReplaceAllString(out.String(), ""), "Connection: close\r\n", "", 1)
	}
	return a
}

func names(secrets map[string]string) []string {
	var all []string
	for name := range secrets {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// What is told to those who may not do something says what they would need.
func TestWhatIsTold(t *testing.T) {
	k := newTokens(t)
	s := hubtest.New(t, &hub.Options{Authenticator: k.store})
	for _, c := range []struct{ name, path, secret, want string }{
		{"a viewer publishes", "/ws/publish/V75", "viewer", "credential: got viewer of the role viewer, want publisher"},
		{"an administrator publishes", "/ws/publish/V75", "admin", "credential: got admin of the role admin, want publisher"},
		{"a publisher publishes another space", "/ws/publish/V75", "other", "credential: got other of another space, want one of V75"},
		{"a publisher subscribes", "/ws/subscribe", "publisher", "credential: got publisher of the role publisher, want subscriber, viewer or admin"},
		{"a subscriber looks", "/rankings", "subscriber", "credential: got subscriber of the role subscriber, want viewer or admin"},
		{"a name that is none", "/ws/publish/-", "publisher", "space name: got"},
	} {
		conn, err := s.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, answer := shake(t, conn, c.path, carriers["header"](k.secret[c.secret]))
		if body, _ := io.ReadAll(answer.Body); !strings.Contains(string(body), `"detail":"`+c.want) {
			t.Errorf("%s: got %s, want %s", c.name, body, c.want)
		}
	}
}

// A request that says two things at once says nothing, and a token in the URL is
// none.
func TestAmbiguousCredentials(t *testing.T) {
	k := newTokens(t)
	_, addr := serveTCP(t, &hub.Options{Authenticator: k.store})
	good, wrong := k.secret["viewer"], k.secret["wrong"]
	for _, c := range []struct {
		name, path, header string
		want               int
	}{
		{"two headers", "/rankings", carriers["header"](good) + carriers["header"](good), 401},
		{"two of the other", "/rankings", carriers["bearer"](good) + carriers["bearer"](good), 401},
		{"two cookies", "/rankings", carriers["cookie"](good) + carriers["cookie"](wrong), 401},
		{"a wrong header before a good one", "/rankings", carriers["header"](wrong) + carriers["bearer"](good), 401},
		{"an empty header before a good one", "/rankings", "X-Quasar-Token:\r\n" + carriers["bearer"](good), 401},
		{"basic authorization", "/rankings", "Authorization: Basic " + good + "\r\n", 401},
		{"no scheme", "/rankings", "Authorization: " + good + "\r\n", 401},
		{"a proxy's authorization and our cookie", "/rankings", "Authorization: Bearer hf_x\r\n" + carriers["cookie"](good), 200},
		{"a query", "/rankings?token=" + good, "", 401},
		{"a query beside a good header", "/rankings?token=" + good, carriers["header"](good), 400},
		{"a user in the URL", "/rankings", "Authorization: Bearer\r\n", 401},
		{"a header of 10 KB", "/rankings", carriers["header"](strings.Repeat("q", 10_000)), 401},
	} {
		if got := rawRequest(t, addr, c.path, false, c.header); got.answer.StatusCode != c.want {
			t.Errorf("%s: got %s, want %d\n%s", c.name, got.answer.Status, c.want, got.whole)
		}
	}
}

// A browser adds its cookie to whatever a page asks for, so the cookie counts for
// our own pages alone; a script that brings a token may publish from anywhere.
func TestOriginsAndTokens(t *testing.T) {
	k := newTokens(t)
	_, addr := serveTCP(t, &hub.Options{Authenticator: k.store, AllowedOrigins: []string{"https://dash.example"}})
	const foreign, allowed, own = "Origin: https://evil.example\r\n", "Origin: https://dash.example\r\n", "Origin: http://hub.localhost\r\n"
	site := func(s string) string { return "Sec-Fetch-Site: " + s + "\r\n" }
	for _, c := range []struct {
		name, path, header string
		want               int
	}{
		{"a foreign page publishes with a token", "/ws/publish/V75", foreign + carriers["subprotocol"](k.secret["publisher"]), 101},
		{"a foreign page publishes without", "/ws/publish/V75", foreign, 401},
		{"a foreign page publishes with a wrong one", "/ws/publish/V75", foreign + carriers["subprotocol"](k.secret["wrong"]), 401},
		{"a foreign page publishes another space", "/ws/publish/V75", foreign + carriers["subprotocol"](k.secret["other"]), 403},
		{"a sandbox publishes with a token", "/ws/publish/V75", "Origin: null\r\n" + carriers["subprotocol"](k.secret["publisher"]), 101},
		{"a foreign page subscribes with a token", "/ws/subscribe", foreign + carriers["subprotocol"](k.secret["viewer"]), 403},
		{"a foreign page subscribes with our cookie", "/ws/subscribe", foreign + carriers["cookie"](k.secret["viewer"]), 403},
		{"an allowed page subscribes with a token", "/ws/subscribe", allowed + carriers["subprotocol"](k.secret["viewer"]), 101},
		{"an allowed page subscribes with our cookie", "/ws/subscribe", allowed + carriers["cookie"](k.secret["viewer"]), 401},
		{"our page subscribes with our cookie", "/ws/subscribe", own + carriers["cookie"](k.secret["viewer"]), 101},
		{"our page asks with our cookie", "/api/state", site("same-origin") + carriers["cookie"](k.secret["viewer"]), 200},
		{"a person types the address", "/api/state", site("none") + carriers["cookie"](k.secret["viewer"]), 200},
		{"a page at another port asks with our cookie", "/api/state", site("same-site") + carriers["cookie"](k.secret["viewer"]), 401},
		{"a foreign page asks with our cookie", "/api/state", site("cross-site") + carriers["cookie"](k.secret["viewer"]), 401},
		{"a foreign page asks with our cookie, and says so", "/api/state", foreign + carriers["cookie"](k.secret["viewer"]), 401},
		{"a foreign page asks with a token", "/api/state", site("cross-site") + foreign + carriers["bearer"](k.secret["viewer"]), 200},
	} {
		if got := rawRequest(t, addr, c.path, strings.HasPrefix(c.path, "/ws/"), c.header); got.answer.StatusCode != c.want {
			t.Errorf("%s: got %s, want %d\n%s", c.name, got.answer.Status, c.want, got.whole)
		}
	}
}

// With tokens for everything a stranger's name in Host gains nothing, so a proxy
// may pass on whatever people call us.
func TestHostsAndTokens(t *testing.T) {
	publisher := token.Entry{Role: hub.RolePublisher, Spaces: []string{"V75"}}
	subscriber, viewer, admin := token.Entry{Role: hub.RoleSubscriber}, token.Entry{Role: hub.RoleViewer}, token.Entry{Role: hub.RoleAdmin}
	for _, c := range []struct {
		name    string
		entries []token.Entry
		opts    hub.Options
		want    int
	}{
		{"no tokens at all", nil, hub.Options{}, 403},
		{"one of each role", []token.Entry{publisher, subscriber, viewer}, hub.Options{}, 200},
		{"one that reads everything", []token.Entry{publisher, admin}, hub.Options{}, 200},
		{"none to publish", []token.Entry{subscriber, viewer}, hub.Options{}, 403},
		{"none to subscribe", []token.Entry{publisher, viewer}, hub.Options{}, 403},
		{"none to look", []token.Entry{publisher, subscriber}, hub.Options{}, 403},
		{"none to look, and anybody may", []token.Entry{publisher, subscriber}, hub.Options{InsecureAllowAnonymous: true}, 403},
		{"a host that was allowed", []token.Entry{publisher}, hub.Options{AllowedHosts: []string{"hub.example"}}, 200},
	} {
		var made []token.Entry
		for _, e := range c.entries {
			_, e, err := token.New(e)
			if err != nil {
				t.Fatal(err)
			}
			made = append(made, e)
		}
		store, err := token.Open(&token.Options{Inline: string(token.Append(nil, made...))})
		if err != nil {
			t.Fatal(err)
		}
		c.opts.Authenticator = store
		answer := ask(t, hubtest.New(t, &c.opts), http.MethodGet, "/livez", "Host: hub.example")
		if answer.StatusCode != c.want {
			t.Errorf("%s: got %s, want %d", c.name, answer.Status, c.want)
		}
	}
}

// Who opens the hub to anybody opens what there are no tokens for, and only that.
func TestAnonymousBesideTokens(t *testing.T) {
	for _, c := range []struct {
		name             string
		entry            token.Entry
		publish, look    int
		expired, insists bool
	}{
		{"nobody is known", token.Entry{}, 101, 200, false, true},
		{"publishers are known", token.Entry{Role: hub.RolePublisher, Spaces: []string{"V75"}}, 401, 200, false, true},
		{"publishers were known", token.Entry{Role: hub.RolePublisher, Spaces: []string{"V75"}}, 401, 200, true, true},
		{"subscribers are known: then nobody else looks", token.Entry{Role: hub.RoleSubscriber}, 101, 401, false, true},
		{"viewers are known", token.Entry{Role: hub.RoleViewer}, 101, 401, false, true},
		{"administrators are known", token.Entry{Role: hub.RoleAdmin}, 101, 401, false, true},
		{"publishers are known and the operator does not insist", token.Entry{Role: hub.RolePublisher, Spaces: []string{"V75"}}, 401, 401, false, false},
		{"nobody is known and the operator does not insist", token.Entry{}, 401, 401, false, false},
	} {
		inline := ""
		if c.entry.Role != "" {
			if c.expired {
				c.entry.Expires = time.Now().Add(-time.Hour)
			}
			_, e, err := token.New(c.entry)
			if err != nil {
				t.Fatal(err)
			}
			inline = string(token.Append(nil, e))
		}
		store, err := token.Open(&token.Options{Inline: inline})
		if err != nil {
			t.Fatal(err)
		}
		_, addr := serveTCP(t, &hub.Options{Authenticator: store, InsecureAllowAnonymous: c.insists})
		for path, want := range map[string]int{"/ws/publish/V75": c.publish, "/rankings": c.look, "/api/state": c.look, "/metrics": c.look} {
			if got := rawRequest(t, addr, path, strings.HasPrefix(path, "/ws/"), ""); got.answer.StatusCode != want {
				t.Errorf("%s: %s: got %s, want %d", c.name, path, got.answer.Status, want)
			}
		}
		want := http.StatusSwitchingProtocols
		if c.look == http.StatusUnauthorized {
			want = http.StatusUnauthorized
		}
		if got := rawRequest(t, addr, "/ws/subscribe", true, ""); got.answer.StatusCode != want {
			t.Errorf("%s: /ws/subscribe: got %s, want %d: the stream shows what the rankings show", c.name, got.answer.Status, want)
		}
	}
}

// Everybody may ask whether the hub is well; how its publishers fare is for viewers.
func TestHealthForStrangers(t *testing.T) {
	k := newTokens(t)
	s := hubtest.New(t, &hub.Options{Authenticator: k.store})
	for _, name := range append([]string{""}, names(k.secret)...) {
		header := "X-Other: 1"
		if name != "" {
			header = "X-Quasar-Token: " + k.secret[name]
		}
		answer := ask(t, s, http.MethodGet, "/health", header)
		body, _ := io.ReadAll(answer.Body)
		hidden := strings.Contains(string(body), `"engine":null`) && strings.Contains(string(body), `"publishers":null`) &&
			strings.Contains(string(body), `"stats":null`) && strings.Contains(string(body), `"subscribers":null`) && strings.Contains(string(body), `"assets":null`)
		if want := name != "viewer" && name != "admin"; answer.StatusCode != http.StatusOK || !strings.Contains(string(body), `"status":"ok"`) || hidden != want {
			t.Errorf("%q: got %s %s, want the books hidden: %t", name, answer.Status, body, want)
		}
	}
}
