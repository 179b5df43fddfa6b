package hub_test

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/internal/problem"
)

// The lines of a good handshake.
const (
	hostLine       = "Host: hub.localhost"
	keyLine        = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
	versionLine    = "Sec-WebSocket-Version: 13"
	connectionLine = "Connection: Upgrade"
	upgradeLine    = "Upgrade: websocket"
)

// handshakeCase is a request and the status of its answer.
type handshakeCase struct {
	name    string
	request string // %s is the path; every line ends in \r\n
	want    int
}

// with is a good handshake but for what changes: pairs of a line and what stands in
// its place, "" for nothing.
func with(changes ...string) string {
	lines := []string{"GET %s HTTP/1.1", hostLine, upgradeLine, connectionLine, keyLine, versionLine}
	request := strings.Join(lines, "\r\n") + "\r\n"
	for i := 0; i < len(changes); i += 2 {
		line := changes[i+1]
		if line != "" {
			line += "\r\n"
		}
		request = strings.Replace(request, changes[i]+"\r\n", line, 1)
	}
	return request + "\r\n"
}

// plus is a good handshake and one more line.
func plus(line string) string { return with(hostLine, hostLine+"\r\n"+line) }

// handshakes are held against section 4.2.1 of RFC 6455. Who offers nothing that
// the hub knows is let in without it; who offers what the grammar does not have is
// not (sections 4.2.1 and 9.1).
func handshakes() []handshakeCase {
	const get = "GET %s HTTP/1.1"
	key := func(value string) string { return with(keyLine, "Sec-WebSocket-Key: "+value) }
	version := func(value string) string { return with(versionLine, "Sec-WebSocket-Version: "+value) }
	extensions := func(value string) string { return plus("Sec-WebSocket-Extensions: " + value) }
	protocols := func(value string) string { return plus("Sec-WebSocket-Protocol: " + value) }
	const bad, foreign = http.StatusBadRequest, http.StatusUpgradeRequired
	return []handshakeCase{
		{"a good handshake", with(), 101},
		{"headers in another order", with(hostLine, "", versionLine, versionLine+"\r\n"+hostLine), 101},
		{"headers in small letters", with(hostLine, "host: hub.localhost", upgradeLine, "upgrade: websocket", connectionLine, "connection: upgrade",
			keyLine, "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", versionLine, "sec-websocket-version: 13"), 101},
		{"headers in capitals", with(upgradeLine, "UPGRADE: WEBSOCKET", connectionLine, "CONNECTION: UPGRADE"), 101},
		{"no space behind the colons", with(upgradeLine, "Upgrade:websocket", connectionLine, "Connection:Upgrade"), 101},
		{"space around the values", with(upgradeLine, "Upgrade: \t websocket \t ", keyLine, "Sec-WebSocket-Key:  dGhlIHNhbXBsZSBub25jZQ==  "), 101},
		{"a header that nobody knows", plus("X-Whatever: 1"), 101},
		{"an absolute URI", with(get, "GET http://hub.localhost%s HTTP/1.1"), 101},
		{"HTTP/1.2, which is above 1.1", with(get, "GET %s HTTP/1.2"), 101},
		{"a body of no bytes", plus("Content-Length: 0"), 101},

		{"by POST", with(get, "POST %s HTTP/1.1"), http.StatusMethodNotAllowed},
		{"by HEAD", with(get, "HEAD %s HTTP/1.1"), http.StatusMethodNotAllowed},
		{"by OPTIONS", with(get, "OPTIONS %s HTTP/1.1"), http.StatusMethodNotAllowed},
		{"by get in small letters", with(get, "get %s HTTP/1.1"), http.StatusMethodNotAllowed},
		{"over HTTP/1.0", with(get, "GET %s HTTP/1.0"), http.StatusHTTPVersionNotSupported},
		{"over HTTP/9.9", with(get, "GET %s HTTP/9.9"), http.StatusHTTPVersionNotSupported},
		{"over no HTTP at all", with(get, "HELLO"), bad},
		{"without a host", with(hostLine, ""), bad},
		{"with two hosts", plus(hostLine), bad},
		{"with a NUL in a header", plus("X-Whatever: \x00"), bad},
		{"with a space before a colon", plus("X-Whatever : 1"), bad},
		{"with a body", plus("Content-Length: 5") + "hello", bad},
		{"with a body in chunks", plus("Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n", bad},

		{"no Upgrade", with(upgradeLine, ""), foreign},
		{"an empty Upgrade", with(upgradeLine, "Upgrade:"), foreign},
		{"an Upgrade to something else", with(upgradeLine, "Upgrade: h2c"), foreign},
		{"an Upgrade to websockets", with(upgradeLine, "Upgrade: websockets"), foreign},
		{"an Upgrade to a websocket with a Kelvin sign for its k", with(upgradeLine, "Upgrade: websoc\u212aet"), foreign},
		{"an Upgrade to one of two", with(upgradeLine, "Upgrade: h2c, websocket"), 101},
		{"an Upgrade in two headers", plus("Upgrade: h2c"), 101},
		{"no Connection", with(connectionLine, ""), foreign},
		{"a Connection that closes", with(connectionLine, "Connection: close"), foreign},
		{"a Connection with a longer word", with(connectionLine, "Connection: Upgrade-Insecure-Requests"), foreign},
		{"a Connection with two words", with(connectionLine, "Connection: keep-alive, Upgrade"), 101},
		{"a Connection with two words and no space", with(connectionLine, "Connection: keep-alive,Upgrade"), 101},
		{"a Connection with empty words", with(connectionLine, "Connection: ,, upgrade ,"), 101},
		{"a Connection in two headers", plus("Connection: keep-alive"), 101},

		{"no version", with(versionLine, ""), foreign},
		{"the version 8", version("8"), foreign},
		{"the version 0", version("0"), foreign},
		{"the version 14", version("14"), foreign},
		{"the version 013", version("013"), foreign},
		{"the version 13.0", version("13.0"), foreign},
		{"the version -13", version("-13"), foreign},
		{"the version thirteen", version("thirteen"), foreign},
		{"two versions in a list", version("13, 8"), foreign},
		{"the version twice", plus(versionLine), bad},
		{"two versions", plus("Sec-WebSocket-Version: 8"), bad},

		{"no key", with(keyLine, ""), bad},
		{"an empty key", key(""), bad},
		{"a key of 15 bytes", key(base64.StdEncoding.EncodeToString(make([]byte, 15))), bad},
		{"a key of 17 bytes", key(base64.StdEncoding.EncodeToString(make([]byte, 17))), bad},
		{"a key of 18 bytes", key(base64.StdEncoding.EncodeToString(make([]byte, 18))), bad},
		{"a key of zeros", key(base64.StdEncoding.EncodeToString(make([]byte, 16))), 101},
		{"a key with plus and slash", key("+/+/+/+/+/+/+/+/+/+/+w=="), 101},
		{"a key in the alphabet of URLs", key("-_-_-_-_-_-_-_-_-_-_-w=="), bad},
		{"a key without its padding", key("dGhlIHNhbXBsZSBub25jZQ"), bad},
		{"a key that is no base64", key("!!!!!!!!!!!!!!!!!!!!!!=="), bad},
		{"a key of 24 letters", key("dGhlIHNhbXBsZSBub25jZQab"), bad},
		{"a key of a thousand bytes", key(strings.Repeat("a", 1000)), bad},
		{"the key twice", plus(keyLine), bad},
		{"two keys", plus("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="), bad},

		{"our subprotocol", protocols("quasar.v1"), 101},
		{"our subprotocol among others", protocols("mqtt, quasar.v1,other"), 101},
		{"our subprotocol in the second header", protocols("mqtt\r\nSec-WebSocket-Protocol: quasar.v1"), 101},
		{"our subprotocol in capitals is another's", protocols("QUASAR.V1"), 101},
		{"another's subprotocol", protocols("mqtt"), 101},
		{"subprotocols with empty elements", protocols(", mqtt,,"), 101},
		{"an empty list of subprotocols", protocols(""), bad},
		{"a list of nothing but commas", protocols(",,"), bad},
		{"a subprotocol with a space", protocols("quasar v1"), bad},
		{"a subprotocol with a quote", protocols(`"quasar.v1"`), bad},
		{"a subprotocol with a slash", protocols("quasar/1"), bad},
		{"a subprotocol that is no ASCII", protocols("quäsar"), bad},

		{"an extension that the hub does not have", extensions("x-webkit-deflate-frame"), 101},
		{"an extension with parameters", extensions("mux; max-channels=4; flow-control, x-other"), 101},
		{"an extension with a quoted parameter", extensions(`mux; name="a-token"`), 101},
		{"an extension with a quoted pair", extensions(`mux; name="a\-token"`), 101},
		{"extensions in two headers", extensions("mux\r\nSec-WebSocket-Extensions: x-other"), 101},
		{"an empty list of extensions", extensions(""), bad},
		{"an extension without a name", extensions("; a=1"), bad},
		{"an extension with an empty parameter", extensions("mux;"), bad},
		{"an extension with a parameter of no value", extensions("mux; a="), bad},
		{"an extension with a quote that does not end", extensions(`mux; a="b`), bad},
		{"an extension with a quoted value that is no token", extensions(`mux; a="b c"`), bad},
		{"an extension with a space in its name", extensions("per message"), bad},
	}
}

// What is wrong is refused with what was got and what is wanted; what is right
// opens a WebSocket that works.
func TestConformanceOfHandshakes(t *testing.T) {
	_, addr := serveTCP(t, nil)
	for _, path := range endpoints {
		for _, c := range handshakes() {
			t.Run(path+": "+c.name, func(t *testing.T) {
				t.Parallel()
				conn := rawTCP(t, addr)
				request := strings.Replace(c.request, "%s", path, 1)
				if _, err := io.WriteString(conn, request); err != nil {
					t.Fatal(err)
				}
				in := bufio.NewReader(conn)
				method, _, _ := strings.Cut(request, " ")
				answer, err := http.ReadResponse(in, &http.Request{Method: method})
				if err != nil {
					t.Fatal(err)
				}
				if c.want != http.StatusSwitchingProtocols {
					checkRefusal(t, answer, c.want)
					return
				}
				checkAnswer(t, answer, request)
				p := &peer{t: t, conn: conn, in: in, writing: make(chan struct{}, 1)}
				if path == "/ws/subscribe" {
					p.nextUpdate()
				}
				p.raw(concat(ping("open?"), bye(1000, "")))
				if got := p.outcome(); got.End != "1000 " || strings.Join(got.Pongs, " ") != "open?" {
					t.Errorf("got %+v, want a pong and a close", got)
				}
			})
		}
	}
}

// checkRefusal holds an answer that opens nothing. What breaks HTTP itself net/http
// refuses in its own words.
func checkRefusal(t *testing.T, answer *http.Response, want int) {
	t.Helper()
	if answer.StatusCode != want {
		t.Errorf("got %s, want %d", answer.Status, want)
	}
	if answer.Request.Method == http.MethodHead {
		return
	}
	if answer.Header.Get("Content-Type") == "application/problem+json" {
		checkProblem(t, "the handshake", answer, want)
	} else if !answer.Close {
		t.Errorf("got an answer in net/http's words that leaves the connection open: %v", answer.Header)
	}
	if version := answer.Header.Get("Sec-Websocket-Version"); want == http.StatusUpgradeRequired && version != "13" {
		t.Errorf("got the version %q, want 13 (section 4.4)", version)
	}
}

// checkAnswer holds an answer that opens a WebSocket against section 4.2.2.
func checkAnswer(t *testing.T, answer *http.Response, request string) {
	t.Helper()
	asked, err := http.ReadRequest(bufio.NewReader(strings.NewReader(request)))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum([]byte(asked.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	want := http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Accept": {base64.StdEncoding.EncodeToString(sum[:])},
	}
	if strings.Contains(request, "quasar.v1") {
		want["Sec-Websocket-Protocol"] = []string{"quasar.v1"}
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %s, want 101", answer.Status)
	}
	if diff := cmp.Diff(want, answer.Header); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Who made a mistake is told which, also where what is wanted is not there at all.
func TestAHandshakeIsToldWhatIsWrong(t *testing.T) {
	s := hubtest.New(t, nil)
	for handshake, want := range map[string]string{
		with(versionLine, ""):                             "Sec-WebSocket-Version: got none, want 13",
		with(versionLine, "Sec-WebSocket-Version: 8"):     "Sec-WebSocket-Version: got 8, want 13",
		with(keyLine, ""):                                 "Sec-WebSocket-Key: got none, want 16 bytes in base64, once",
		with(keyLine, "Sec-WebSocket-Key: \u009bnotakey"): `Sec-WebSocket-Key: got "\u009bnotakey", want 16 bytes in base64, once`,
	} {
		conn, err := s.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, answer := shakeRaw(t, conn, strings.Replace(handshake, "%s", "/ws/subscribe", 1), http.MethodGet)
		var got problem.Document
		if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || got.Detail != want {
			t.Errorf("got the detail %s (%v), want %s", got.Detail, err, want)
		}
		conn.Close()
	}
}
