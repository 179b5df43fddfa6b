package dial

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/dial/dialtest"
)

func TestNewRefusesHeadersThatCannotBeSent(t *testing.T) {
	tests := []struct {
		name string
		opts Options
		want string
	}{
		{name: "a token of two lines", opts: Options{Token: "hush\r\nX: y"}, want: "token: got 10 bytes that no header may hold, want printable ASCII"},
		{name: "a value of two lines", opts: Options{Header: http.Header{"X-A": {"hush\n"}}}, want: "header X-A: got a value that no header may hold, want printable ASCII"},
		{name: "a name with a space", opts: Options{Header: http.Header{"X A": {"b"}}}, want: `header: got the name "X A", want letters, digits and hyphens`},
		{name: "a name of nothing", opts: Options{Header: http.Header{"": {"b"}}}, want: `header: got the name "", want letters, digits and hyphens`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := New("ws://h", &test.opts)
			if err == nil || err.Error() != test.want {
				t.Errorf("got the error %v, want %s", err, test.want)
			}
		})
	}
}

func TestDialSaysWhyTheHubRefused(t *testing.T) {
	tests := []struct {
		name   string
		status int
		header http.Header
		body   string
		want   *RefusedError
		text   string
	}{
		{name: "a problem with a detail", status: 403, header: http.Header{"Content-Type": {"application/problem+json"}},
			body: `{"title":"Forbidden","status":403,"detail":"the token is for V100, want one for V75"}`,
			want: &RefusedError{Status: 403, Reason: "the token is for V100, want one for V75"},
			text: "refused by the hub: 403 Forbidden: the token is for V100, want one for V75; use a token of the right role and space"},
		{name: "a problem with a title", status: 401, header: http.Header{"Content-Type": {"application/problem+json; charset=utf-8"}},
			body: `{"title":"no token"}`, want: &RefusedError{Status: 401, Reason: "no token"},
			text: "refused by the hub: 401 Unauthorized: no token; set a token that the hub knows"},
		{name: "a page of somebody else's", status: 404, header: http.Header{"Content-Type": {"text/html"}},
			body: `<html>{"detail":"no"}`, want: &RefusedError{Status: 404},
			text: "refused by the hub: 404 Not Found; check the path of the hub's URL"},
		{name: "a problem that steers the terminal", status: 400, header: http.Header{"Content-Type": {"application/problem+json"}},
			body: `{"detail":"bad\u001b[2J\n\u202eeman"}`, want: &RefusedError{Status: 400, Reason: "bad\ufffd[2J\ufffd\ufffdeman"},
			text: "refused by the hub: 400 Bad Request: bad\ufffd[2J\ufffd\ufffdeman"},
		{name: "a problem that repeats the token", status: 401, header: http.Header{"Content-Type": {"application/problem+json"}},
			body: `{"detail":"hush-hush is not known"}`, want: &RefusedError{Status: 401, Reason: "[redacted] is not known"},
			text: "refused by the hub: 401 Unauthorized: [redacted] is not known; set a token that the hub knows"},
		{name: "a long detail is cut", status: 400, header: http.Header{"Content-Type": {"application/problem+json"}},
			body: `{"detail":"` + strings.Repeat("é", 300) + `"}`, want: &RefusedError{Status: 400, Reason: strings.Repeat("é", 200)},
			text: "refused by the hub: 400 Bad Request: " + strings.Repeat("é", 200)},
		{name: "more than a kilobyte is not read", status: 400, header: http.Header{"Content-Type": {"application/problem+json"}},
			body: `{"x":"` + strings.Repeat("x", 2000) + `","detail":"late"}`, want: &RefusedError{Status: 400},
			text: "refused by the hub: 400 Bad Request"},
		{name: "TLS was wanted, says Go", status: 400, body: "Client sent an HTTP request to an HTTPS server.\n",
			want: &RefusedError{Status: 400, Reason: "it speaks TLS: its URL begins with wss:// or https://"},
			text: "refused by the hub: 400 Bad Request: it speaks TLS: its URL begins with wss:// or https://"},
		{name: "TLS was wanted, says nginx", status: 400, header: http.Header{"Content-Type": {"text/html"}},
			body: "<center>The plain HTTP request was sent to HTTPS port</center>",
			want: &RefusedError{Status: 400, Reason: "it speaks TLS: its URL begins with wss:// or https://"},
			text: "refused by the hub: 400 Bad Request: it speaks TLS: its URL begins with wss:// or https://"},
		{name: "not even a WebSocket", status: 200, body: "hello", want: &RefusedError{Status: 200}, text: "refused by the hub: 200 OK"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for name := range test.header {
					w.Header().Set(name, test.header.Get(name))
				}
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			defer server.Close()
			_, err := dialer(t, server.URL, &Options{Token: "hush-hush", Silence: time.Minute}).Dial(t.Context())
			var got *RefusedError
			if !errors.As(err, &got) {
				t.Fatalf("got the error %v, want a refusal", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
			if got.Error() != test.text {
				t.Errorf("got the text %q, want %q", got, test.text)
			}
		})
	}
}

// net/http strips Authorization from a redirect to another host, but it would
// hand our own header to whoever the redirect names.
func TestDialDoesNotCarryTheTokenToAnotherHost(t *testing.T) {
	var asked atomic.Bool
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	defer thief.Close()
	hub := httptest.NewServer(http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect))
	defer hub.Close()
	for _, client := range []*http.Client{nil, {}, hub.Client()} {
		_, err := dialer(t, hub.URL, &Options{Token: "hush", HTTPClient: client, Silence: time.Minute}).Dial(t.Context())
		var refused *RefusedError
		if !errors.As(err, &refused) || refused.Status != 307 || refused.Reason != "redirect to "+thief.URL {
			t.Errorf("got %v, want a refusal that names %s", err, thief.URL)
		}
	}
	if asked.Load() {
		t.Error("the other host was asked")
	}
}

func TestDialSaysWhatIsDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = dialer(t, "http://"+address, &Options{Silence: time.Minute}).Dial(t.Context())
	if want := "dial tcp " + address + ": connect: connection refused"; err == nil || err.Error() != want {
		t.Errorf("got the error %v, want %s", err, want)
	}
}

func TestDialGivesUpOnAHubThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := dialtest.Serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		start := time.Now()
		_, err := dialer(t, "ws://hub", &Options{HTTPClient: network.Client(), Silence: time.Minute}).Dial(t.Context())
		if err == nil || err.Error() != "no answer from the hub within 10s" || time.Since(start) != dialTimeout {
			t.Errorf("got the error %v after %v, want no answer within 10s", err, time.Since(start))
		}
	})
}

func dialer(t *testing.T, hubURL string, opts *Options) *Dialer {
	t.Helper()
	address, _, err := SubscribeURL(hubURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(address, opts)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// connect dials a hub that does what serve does with each connection.
func connect(t *testing.T, opts *Options, serve func(context.Context, *websocket.Conn)) *Conn {
	t.Helper()
	network := dialtest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = ws.CloseNow() }()
		serve(r.Context(), ws)
	}))
	opts.HTTPClient = network.Client()
	conn, err := dialer(t, "ws://hub", opts).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestReadSaysHowTheConnectionEnded(t *testing.T) {
	tests := []struct {
		name  string
		serve func(context.Context, *websocket.Conn)
		want  string
		after time.Duration
	}{
		{name: "closed with a reason", want: "closed by the hub: 1013 too slow",
			serve: func(_ context.Context, ws *websocket.Conn) { _ = ws.Close(1013, "too slow") }},
		{name: "closed with a reason that steers the terminal and tells the token", want: "closed by the hub: 1008 \ufffd[2J[redacted]",
			serve: func(_ context.Context, ws *websocket.Conn) { _ = ws.Close(1008, "\x1b[2Jhush") }},
		{name: "closed without a reason", want: "closed by the hub: 1001",
			serve: func(_ context.Context, ws *websocket.Conn) { _ = ws.Close(1001, "") }},
		{name: "gone", want: "connection lost without a close frame",
			serve: func(_ context.Context, ws *websocket.Conn) { _ = ws.CloseNow() }},
		{name: "silent", want: "no sign of life from the hub for 1m0s", after: time.Minute,
			serve: func(ctx context.Context, _ *websocket.Conn) { <-ctx.Done() }},
		{name: "silent in the middle of a message", want: "no sign of life from the hub for 1m0s", after: time.Minute,
			serve: func(ctx context.Context, ws *websocket.Conn) {
				w, err := ws.Writer(ctx, websocket.MessageText)
				if err == nil {
					_, _ = w.Write([]byte(strings.Repeat("x", 9000)))
				}
				<-ctx.Done()
			}},
		{name: "more than the limit", want: "got a message of more than 10000 bytes, the limit",
			serve: func(ctx context.Context, ws *websocket.Conn) {
				ctx = ws.CloseRead(ctx)
				_ = ws.Write(ctx, websocket.MessageText, make([]byte, 10001))
				<-ctx.Done()
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := connect(t, &Options{Token: "hush", Silence: time.Minute, ReadLimit: 10000}, test.serve)
				defer conn.Kill()
				start := time.Now()
				err := conn.Read(new(bytes.Buffer))
				if err == nil || err.Error() != test.want || time.Since(start) != test.after {
					t.Errorf("got the error %v after %v, want %s after %v", err, time.Since(start), test.want, test.after)
				}
			})
		})
	}
}

// Pings, and the parts of a message that comes slowly, are signs of life; time
// that the reader takes for itself is not silence.
func TestReadBearsWithSlowness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := connect(t, &Options{Silence: time.Minute, ReadLimit: -1}, func(ctx context.Context, ws *websocket.Conn) {
			ctx = ws.CloseRead(ctx)
			_ = ws.Write(ctx, websocket.MessageText, []byte("one"))
			time.Sleep(10 * time.Minute)
			for range 5 {
				time.Sleep(59 * time.Second)
				_ = ws.Ping(ctx)
			}
			w, err := ws.Writer(ctx, websocket.MessageText)
			if err != nil {
				return
			}
			for range 5 {
				time.Sleep(59 * time.Second)
				_, _ = w.Write([]byte(strings.Repeat("x", 8192)))
			}
			_ = w.Close()
			<-ctx.Done()
		})
		defer conn.Kill()
		var buf bytes.Buffer
		for range 2 {
			if err := conn.Read(&buf); err != nil {
				t.Fatalf("got the error %v, want none", err)
			}
			time.Sleep(10 * time.Minute)
		}
		if buf.Len() != 5*8192 {
			t.Errorf("got a message of %d bytes, want %d", buf.Len(), 5*8192)
		}
	})
}

func TestWriteGivesUpOnAHubThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := connect(t, &Options{Silence: time.Hour}, func(ctx context.Context, _ *websocket.Conn) { <-ctx.Done() })
		defer conn.Kill()
		start := time.Now()
		err := conn.Write([]byte(strings.Repeat("x", 1<<20)))
		if err == nil || err.Error() != "the hub took nothing for 10s" || time.Since(start) != writeTimeout {
			t.Errorf("got the error %v after %v, want one after 10s", err, time.Since(start))
		}
	})
}

func TestClose(t *testing.T) {
	tests := []struct {
		name  string
		serve func(context.Context, *websocket.Conn)
		want  string
		after time.Duration
	}{
		{name: "the hub answers", serve: func(ctx context.Context, ws *websocket.Conn) { <-ws.CloseRead(ctx).Done() }},
		{name: "the hub does not answer", serve: func(ctx context.Context, _ *websocket.Conn) { <-ctx.Done() },
			want: "the hub did not answer the close: context deadline exceeded", after: time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conn := connect(t, &Options{Silence: time.Minute}, test.serve)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start, text := time.Now(), ""
				if err := conn.Close(ctx); err != nil {
					text = err.Error()
				}
				if text != test.want || time.Since(start) != test.after {
					t.Errorf("got the error %q after %v, want %q after %v", text, time.Since(start), test.want, test.after)
				}
				conn.Kill() // again does no harm
			})
		})
	}
}

func TestWhatIsWrongWithTLSIsSaid(t *testing.T) {
	plain, unknown := httptest.NewServer(http.NotFoundHandler()), httptest.NewUnstartedServer(http.NotFoundHandler())
	unknown.Config.ErrorLog = log.New(io.Discard, "", 0)
	unknown.StartTLS()
	defer plain.Close()
	defer unknown.Close()
	for address, want := range map[string]error{strings.Replace(plain.URL, "http", "wss", 1): ErrNoTLS, unknown.URL: ErrUntrusted} {
		if _, err := dialer(t, address, &Options{Silence: time.Minute}).Dial(t.Context()); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", address, err, want)
		}
	}
}
