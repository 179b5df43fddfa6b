package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/karlquant/quasar/internal/logtest"
	"github.com/karlquant/quasar/trade"
	"github.com/karlquant/quasar/trade/notify"
)

const token = "123456:AAsecretsecretsecret"

// standIn is a server in place of a webhook's and of Telegram's. It fails as often as it
// is told, and hands updates out once.
type standIn struct {
	*httptest.Server
	mu      sync.Mutex // guards what follows
	fail    int
	got     []string // "path body"
	updates []string
}

func newStandIn(t *testing.T) *standIn {
	s := &standIn{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *standIn) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail > 0 {
		s.fail--
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/getUpdates") {
		_, _ = io.WriteString(w, `{"ok":true,"result":[`+strings.Join(s.updates, ",")+`]}`)
		s.updates = nil
		return
	}
	s.got = append(s.got, r.URL.Path+" "+string(body))
}

func (s *standIn) saw() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.got...)
}

// run runs a notifier until the test ends.
func run(t *testing.T, n *notify.Notifier) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = n.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time")
		}
	}
}

var account = trade.Account{Mode: trade.Demo, ID: "DOT1", Currency: "USD", Venue: "simulator"}

func TestAWebhookGetsEachNoticeInOrderThoughItFails(t *testing.T) {
	s := newStandIn(t)
	s.fail = 2
	n, err := notify.New(&notify.Options{Webhook: s.URL + "/hook"})
	if err != nil {
		t.Fatal(err)
	}
	run(t, n)
	order := &trade.Order{
		Intent: &trade.Intent{ID: "d1"}, Receipt: &trade.Receipt{Contract: 7, Price: trade.Unit}, Settlement: &trade.Settlement{Result: trade.Lost},
	}
	n.Notify(trade.Notice{Account: account, Kind: trade.NoticeSettled, Text: "lost", Order: order})
	n.Notify(trade.Notice{Account: account, Kind: trade.NoticeHalted, Text: "enough"})
	eventually(t, func() bool { return len(s.saw()) == 2 })
	got := s.saw()
	var first map[string]any
	if err := json.Unmarshal([]byte(strings.TrimPrefix(got[0], "/hook ")), &first); err != nil {
		t.Fatal(err)
	}
	if first["kind"] != "settled" || first["order"] != "d1" || first["contract_id"] != 7.0 || first["profit"] != "-1.00" || !strings.Contains(got[1], `"enough"`) {
		t.Errorf("got %s", got)
	}
}

func TestTelegramHaltsAndNeverResumes(t *testing.T) {
	s := newStandIn(t)
	s.updates = []string{
		`{"update_id":1,"message":{"text":"/halt","chat":{"id":666},"from":{"username":"stranger"}}}`,
		`{"update_id":2,"message":{"text":"/resume","chat":{"id":42},"from":{"username":"ann"}}}`,
		`{"update_id":3,"message":{"text":"/halt@bot now","chat":{"id":42},"from":{"username":"ann"}}}`,
	}
	halted := make(chan string, 10)
	n, err := notify.New(&notify.Options{TelegramURL: s.URL, TelegramToken: token, TelegramChat: 42, Halt: func(_ context.Context, by string) error {
		halted <- by
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, n)
	if by := <-halted; by != "telegram ann" {
		t.Errorf("halted by %q, want ann alone", by)
	}
	eventually(t, func() bool { return len(s.saw()) == 2 })
	got := strings.Join(s.saw(), "\n")
	if !strings.Contains(got, "cannot resume") || !strings.Contains(got, "halted; only") || strings.Contains(got, "666") || len(halted) > 0 {
		t.Errorf("got %s and %d more halts", got, len(halted))
	}
}

func TestAHaltThatIsNotOnRecordIsSaid(t *testing.T) {
	s := newStandIn(t)
	s.updates = []string{`{"update_id":3,"message":{"text":"/halt","chat":{"id":42}}}`}
	n, err := notify.New(&notify.Options{TelegramURL: s.URL, TelegramToken: token, TelegramChat: 42, Halt: func(context.Context, string) error {
		return errors.New("disk full")
	}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, n)
	eventually(t, func() bool { return strings.Contains(strings.Join(s.saw(), ""), "NOT on record: disk full") })
}

// The token is in the address of each request, and in nothing that is shown.
func TestNoTokenIsShown(t *testing.T) {
	var log bytes.Buffer
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, o := range map[string]*notify.Options{
		"nobody answers": {TelegramURL: gone.URL, TelegramToken: token, TelegramChat: 1},
		"no such bot":    {TelegramURL: newStandIn(t).URL, TelegramToken: token, TelegramChat: 1},
		"no such hook":   {Webhook: gone.URL + "/" + token},
	} {
		t.Run(name, func(t *testing.T) {
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			o.HTTPClient = &http.Client{Timeout: 50 * time.Millisecond}
			n, err := notify.New(o)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			n.Notify(trade.Notice{Account: account})
			_ = n.Run(ctx)
		})
	}
	if strings.Contains(log.String(), "AAsecret") {
		t.Errorf("got the token in %s", log.String())
	}
}

func TestNewRefuses(t *testing.T) {
	for name, o := range map[string]*notify.Options{
		"a webhook in the clear":   {Webhook: "http://example.org/" + token},
		"a webhook that is no URL": {Webhook: "::"},
		"telegram without a chat":  {TelegramToken: token},
		"telegram in the clear":    {TelegramToken: token, TelegramChat: 1, TelegramURL: "http://example.org"},
		"a token that is a path":   {TelegramToken: "../x?", TelegramChat: 1},
	} {
		if _, err := notify.New(o); err == nil || strings.Contains(err.Error(), "AAsecret") {
			t.Errorf("%s: got the error %v, want one without the token", name, err)
		}
	}
	if n, err := notify.New(&notify.Options{}); n != nil || err != nil {
		t.Errorf("nobody to tell: got %v, %v, want nil", n, err)
	}
}

// The address is the secret, and a server knows it: it neither goes to where the server
// leads, as the place that one comes from, nor into the log by the server's own words.
func TestAServerCannotHaveTheAddressTold(t *testing.T) {
	var told []string
	var mu sync.Mutex // guards told
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, r.Referer())
	}))
	defer other.Close()
	for name, answer := range map[string]func(path string) string{
		"a redirect": func(string) string {
			return "HTTP/1.1 302 Found\r\nLocation: " + other.URL + "\r\nContent-Length: 0\r\n\r\n"
		},
		"a status": func(path string) string { return "HTTP/1.1 404 no " + path + "\r\nContent-Length: 0\r\n\r\n" },
		"no HTTP":  func(path string) string { return "HTTP/1.1 " + path + "\r\n\r\n" },
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, answer(r.URL.Path)) // who does not read it is not told
			_ = conn.Close()
		}))
		log := new(logtest.Log)
		n, err := notify.New(&notify.Options{
			TelegramToken: token, TelegramChat: 7, TelegramURL: server.URL, Logger: slog.New(slog.NewTextHandler(log, nil)),
			Halt: func(context.Context, string) error { return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- n.Run(ctx) }()
		eventually(t, func() bool { return strings.Contains(log.String(), "telegram does not answer") })
		cancel()
		if err := <-ended; err != nil || strings.Contains(log.String(), "AAsecret") {
			t.Errorf("%s: got %v and the log %s, want no token in it", name, err, log)
		}
		server.Close()
	}
	if mu.Lock(); len(told) > 0 {
		t.Errorf("the other server was told that one comes from %q, want it to be told nothing", told)
	}
}
