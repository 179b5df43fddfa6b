package app

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/karlquant/quasar/deriv/derivsim"
	"github.com/karlquant/quasar/trade"
)

// liveTrader trades on the simulator's real account, by the two acts that this takes.
func liveTrader(t *testing.T, args ...string) (b *background, page, dir string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "quasar.yaml")
	if err := os.WriteFile(config, []byte("rank:\n  live: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	b, page = trader(t, simulator(t), dir, append([]string{"--config", config, "--trade", "live", "--confirm-live", derivsim.RealAccount}, args...)...)
	return b, page, dir
}

// Whoever sees anything of a trader with real money sees that it is real.
func TestRealMoneyIsSaidInEveryOutput(t *testing.T) {
	b, page, dir := liveTrader(t)
	said := func(what, text string) {
		t.Helper()
		if !strings.Contains(text, liveBanner) {
			t.Errorf("%s: got %q, want %q in it", what, text, liveBanner)
		}
	}
	for _, path := range []string{"/health", "/positions", "/risk", "/performance", "/decisions", "/api/state", "/rankings", "/metrics", "/", "/trade/session", "/nothing"} {
		header, body := whole(t, page+path)
		said(path+" header", header.Get("X-Quasar-Live"))
		if path == "/health" || path == "/positions" || path == "/risk" || path == "/api/state" {
			said(path, body)
		}
		if path == "/performance" && !strings.Contains(body, `"mode":"live"`) {
			t.Errorf("/performance: got %s, want whose report it is", body)
		}
	}
	for _, args := range [][]string{{"trade", "status"}, {"trade", "halt"}, {"trade", "resume"}, {"trade", "tighten", "--max-stake", "0.40"}, {"journal", "list"}, {"journal", "verify"}, {"report"}} {
		got := quasarCommand(t, "", append(args, "--account", "live", "--data-dir", dir)...)
		if got.code != exitOK {
			t.Errorf("%v: got %d %s", args, got.code, got.stderr)
		}
		said(strings.Join(args, " "), got.stdout)
	}
	for line := range strings.Lines(b.stderr.String()) {
		if strings.Contains(line, "level=") {
			said("log", line)
		}
	}
	eventually(t, func() bool { return b.stdout.String() != "" }, b.stderr.String)
	for line := range strings.Lines(b.stdout.String()) {
		said("ranking", line)
	}
	if !strings.Contains(b.stderr.String(), "Trade      "+liveBanner) {
		t.Errorf("at the start: got %s, want whose money it is", b.stderr)
	}
}

func whole(t *testing.T, url string) (http.Header, string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Header, string(body)
}

func TestRealMoneyIsSaidWithEachRanking(t *testing.T) {
	banner := (&trade.Account{Mode: trade.Live, ID: "ROT1", Currency: "USD", Venue: "api.example.com"}).Banner()
	k := someRanking()
	for name, write := range map[string]func(io.Writer) error{
		"table": func(w io.Writer) error { return rankScreen(w, &k, banner) },
		"line":  func(w io.Writer) error { return rankLine(w, &k, banner) },
		"JSON":  func(w io.Writer) error { return rankJSON(w, &k, banner) },
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil || !strings.Contains(out.String(), liveBanner) {
			t.Errorf("%s: got %v and %s, want %s", name, err, &out, liveBanner)
		}
		if name == "JSON" && (!strings.HasPrefix(out.String(), `{"banner":"LIVE: REAL MONEY, live account ROT1 (USD) at api.example.com","`) || strings.Count(out.String(), "\n") != 1) {
			t.Errorf("JSON: got %s, want one object", &out)
		}
	}
}

func TestLiveTakesTwoActs(t *testing.T) {
	url := simulator(t)
	t.Setenv("DERIV_API_KEY", "any")
	t.Setenv("DERIV_APP_ID", "77")
	config := filepath.Join(t.TempDir(), "quasar.yaml")
	if err := os.WriteFile(config, []byte("rank:\n  live: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, typed, want string
		args              []string
	}{
		{"no line in the file", derivsim.RealAccount, "want `live: true` under `rank:` in the file of --config too", nil},
		{"nobody typed it", "", "nobody typed the account's id", []string{"--config", config}},
		{"another account typed", derivsim.DemoAccount + "\n", `got the account "DOT90000001", want ROT90000001`, []string{"--config", config}},
		{"a service with another account", "", `got the account "x", want ROT90000001`, []string{"--config", config, "--confirm-live", "x"}},
		{"live as a flag", "", "live", []string{"--live"}},
	} {
		got := quasarCommand(t, c.typed, append([]string{"rank", "--trade", "live", "--hub", "ws://127.0.0.1:1", "--deriv-url", url, "--listen", "127.0.0.1:0", "--data-dir", t.TempDir()}, c.args...)...)
		if got.code == exitOK || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%s: got %d %s, want %q", c.name, got.code, got.stderr, c.want)
		}
	}
	t.Setenv("SPACE_ID", "somebody/space")
	for _, dir := range []string{t.TempDir(), "/data"} { // the image has the second one, without a volume
		got := quasarCommand(t, "", "rank", "--trade", "live", "--config", config, "--hub", "ws://127.0.0.1:1", "--deriv-url", url, "--data-dir", dir)
		if got.code != exitConfiguration || !strings.Contains(got.stderr, "want --data-dir on a persistent volume") {
			t.Errorf("on a Space with %s: got %d %s, want it refused", dir, got.code, got.stderr)
		}
	}
}
