package app

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/internal/wire"
)

// result is what a command did.
type result struct {
	code           int
	stdout, stderr string
}

func quasarCommand(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, strings.NewReader(stdin), &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

// realHub is a hub on a port.
func realHub(t *testing.T) string {
	t.Helper()
	h, err := hub.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		if err := h.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return server.URL
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	nobody := "http://127.0.0.1:1"
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stderr string
	}{
		{"help", []string{"--help"}, exitOK, ""},
		{"help about nothing", []string{"help", "bogus"}, exitUsage, `unknown command "bogus"`},
		{"help about nearly nothing", []string{"help", "trade", "bogus"}, exitUsage, `unknown command "bogus" for "quasar trade", want one of `},
		{"version", []string{"version", "--json"}, exitOK, ""},
		{"an unknown command", []string{"bogus"}, exitUsage, `unknown command "bogus"`},
		{"an unknown flag", []string{"hub", "--bogus"}, exitUsage, "unknown flag: --bogus"},
		{"a flag without its value", []string{"hub", "--listen"}, exitUsage, "flag needs an argument: --listen"},
		{"a flag of the wrong type", []string{"hub", "--stale-after", "soon"}, exitUsage, `--stale-after: got "soon", want a time with its unit, such as 30s, 5m or 1h30m`},
		{"an argument too many", []string{"hub", "V75"}, exitUsage, `hub: got the argument "V75", want flags only`},
		{"a file with a value that is none", []string{"hub", "--config", file("soon.yaml", "hub:\n  stale-after: soon\n")}, exitConfiguration, `hub.stale-after: line 2: got "soon", want a time with its unit`},
		{"a space that is named like no index", []string{"space", "MINE"}, exitConfiguration, "say which with --index"},
		{"a command that is nearly one", []string{"hbu"}, exitUsage, "Did you mean this?\n  hub\n"},
		{"a port that is none", []string{"hub", "--listen", "127.0.0.1:99999"}, exitConfiguration, `listen address: got "127.0.0.1:99999", want HOST:PORT`},
		{"a configuration that is not there", []string{"hub", "--config", filepath.Join(dir, "none")}, exitConfiguration, "quasar: config: open "},
		{"a hub that is not there, by host and port", []string{"publish", "V75", "--hub", "127.0.0.1:1", "--avn-accuracy", "0.5", "--timeout", "1s"}, exitNoConnection, "nothing listens there"},
		{"a bad log level", []string{"hub", "--log-level", "loud"}, exitConfiguration, `log-level: got "loud", want debug, info, warn or error`},
		{"an address of the network", []string{"hub", "--listen", "0.0.0.0:0"}, exitConfiguration, "--insecure-allow-anonymous"},
		{"an address without a port", []string{"hub", "--listen", "127.0.0.1"}, exitConfiguration, "want HOST:PORT"},
		{"a hub id that is no name", []string{"hub", "--hub-id", "../x"}, exitConfiguration, "hub id"},
		{"a cluster beyond this machine without TLS", []string{"hub", "--cluster-listen", "0.0.0.0:0"}, exitConfiguration, "--cluster-insecure"},
		{"two kinds of cluster", []string{"hub", "--cluster-listen", "127.0.0.1:0", "--nats-url", "nats://127.0.0.1:1"}, exitConfiguration, "want one"},
		{"peers and no way in for them", []string{"hub", "--cluster-peers", "127.0.0.1:7862"}, exitConfiguration, "--cluster-listen"},
		{"authorities of hubs and no way in for them", []string{"hub", "--cluster-tls-ca", file("ca", "x")}, exitConfiguration, "--cluster-listen"},
		{"peers beside NATS", []string{"hub", "--nats-url", "nats://127.0.0.1:1", "--cluster-peers", "127.0.0.1:7862"}, exitConfiguration, "--cluster-listen"},
		{"a prefix and no NATS", []string{"hub", "--cluster-listen", "127.0.0.1:0", "--nats-prefix", "other"}, exitConfiguration, "--nats-url"},
		{"a cluster's hub with a state file", []string{"hub", "--cluster-listen", "127.0.0.1:0", "--data-dir", dir}, exitConfiguration, "--data-dir"},
		{"a peer without a port", []string{"hub", "--cluster-listen", "127.0.0.1:0", "--cluster-peers", "dns+hubs"}, exitConfiguration, "want HOST:PORT or dns+NAME:PORT"},
		{"a short secret", []string{"hub", "--cluster-listen", "127.0.0.1:0", "--cluster-secret-file", file("secret", "short\n")}, exitConfiguration, "openssl rand"},
		{"an address to tell others that is none", []string{"hub", "--cluster-listen", "127.0.0.1:0", "--cluster-advertise", "hub-a"}, exitConfiguration, "want HOST:PORT"},
		{"no time to join", []string{"hub", "--cluster-listen", "127.0.0.1:0", "--join-timeout", "0s"}, exitConfiguration, "join-timeout: got 0s, want more than 0"},
		{"a time to join nobody", []string{"hub", "--join-timeout", "1s"}, exitConfiguration, "--cluster-listen"},
		{"half of a cluster's TLS", []string{"hub", "--cluster-listen", "127.0.0.1:0", "--cluster-tls-cert", "x"}, exitConfiguration, "want all three"},
		{"NATS credentials and no NATS", []string{"hub", "--nats-user", "u"}, exitConfiguration, "--nats-url"},
		{"a password in the address of NATS", []string{"hub", "--nats-url", "nats://u:p@127.0.0.1:1"}, exitConfiguration, "credentials"},
		{"a NATS prefix for everything", []string{"hub", "--nats-url", "nats://127.0.0.1:1", "--nats-prefix", ">"}, exitConfiguration, "prefix"},
		{"a missing file with a word of the parser in its name", []string{"model", "inspect", filepath.Join(dir, "flags")}, exitFailure, "flags: no such file"},
		{"two flags that exclude each other", []string{"bench", "hub", "--rate", "1", "--in-flight", "1"}, exitUsage, "none of the others can be"},
		{"credentials of NATS that are a directory", []string{"hub", "--listen", "127.0.0.1:0", "--nats-url", "nats://127.0.0.1:1", "--nats-creds-file", dir}, exitConfiguration, "nats-creds-file: " + dir + ": got a directory, want a file"},
		{"decisions that are a directory", []string{"rank", "--listen", "127.0.0.1:0", "--hub", nobody, "--decisions", dir}, exitConfiguration, "decisions: " + dir + ": got a directory, want a file"},
		{"a health of two", []string{"health", "a", "b"}, exitUsage, "got 2 addresses"},
		{"a completion for no shell", []string{"completion", "bogus"}, exitUsage, `unknown command "bogus" for "quasar completion", want one of bash, fish`},
		{"a directory in place of a file", []string{"model", "inspect", dir}, exitFailure, ": got a directory, want a file"},
		{"no space", []string{"publish"}, exitUsage, "want one"},
		{"a bad space", []string{"publish", "../x", "--buy-count", "1"}, exitConfiguration, "space name"},
		{"a bad field", []string{"publish", "V75", "--buy-count", "-1"}, exitUsage, "buy_count: got -1"},
		{"a bad signal", []string{"publish", "V75", "--dominant-signal", "HOLD"}, exitUsage, `want "BUY", "SELL" or "NEUTRAL"`},
		{"publish to nobody", []string{"publish", "V75", "--buy-count", "1", "--hub", nobody}, exitNoConnection, "refused"},
		{"health of nobody", []string{"health", nobody}, exitNoConnection, "refused"},
		{"health of a bad address", []string{"health", "ftp://x"}, exitConfiguration, "ftp"},
		{"watch nobody once", []string{"watch", "--once", "--hub", nobody}, exitNoConnection, "refused"},
		{"watch in a bad order", []string{"watch", "--order", "best"}, exitUsage, `want "desc", "asc" or "balanced"`},
		{"a configuration that is not there", []string{"hub", "--config", filepath.Join(dir, "none.yaml")}, exitConfiguration, "none.yaml"},
		{"a misspelt setting", []string{"hub", "--config", file("a.yaml", "hub:\n  stale-afer: 5s\n")}, exitConfiguration, "hub.stale-afer: no such setting"},
		{"a section of nothing", []string{"hub", "--config", file("b.yaml", "hubs:\n  listen: x\n")}, exitConfiguration, `section "hubs"`},
		{"a setting of the wrong type", []string{"hub", "--config", file("c.yaml", "hub:\n  stale-after: soon\n")}, exitConfiguration, "hub.stale-after: line 2"},
		{"a file that is no YAML", []string{"hub", "--config", file("d.yaml", "hub: [")}, exitConfiguration, "d.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := quasarCommand(t, "", c.args...)
			if got.code != c.code || !strings.Contains(got.stderr, c.stderr) {
				t.Errorf("got %d and %q, want %d and %q", got.code, got.stderr, c.code, c.stderr)
			}
		})
	}
}

func TestPublishFromFlagsAndWatchOnce(t *testing.T) {
	url := realHub(t)
	if got := quasarCommand(t, "", "publish", "V75_TEST", "--hub", url, "--training-steps", "900", "--avn-accuracy", "0.86",
		"--dominant-signal", "buy", "--buy-count", "7", "--sell-count", "3"); got.code != exitOK {
		t.Fatalf("publish: %+v", got)
	}
	got := until(t, func() (result, bool) {
		r := quasarCommand(t, "", "watch", "--once", "--hub", url)
		return r, strings.Contains(r.stdout, "V75_TEST")
	})
	for _, want := range []string{"ASSET", "V75_TEST", "BUY", "0.700", "0.860", "-0.160", "900"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("no %q in\n%s", want, got.stdout)
		}
	}
	if strings.Contains(got.stdout, "\x1b") {
		t.Errorf("escapes though it is no terminal:\n%q", got.stdout)
	}
	asJSON := quasarCommand(t, "", "watch", "--once", "--json", "--hub", url)
	if !strings.HasPrefix(asJSON.stdout, `{"space_name":"V75_TEST",`) || strings.Count(asJSON.stdout, "\n") != 1 {
		t.Errorf("--json: %q", asJSON.stdout)
	}
}

// until tries until try succeeds: what was sent takes its time to arrive.
func until(t *testing.T, try func() (result, bool)) result {
	t.Helper()
	for range 500 {
		if r, ok := try(); ok {
			return r
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("did not come to pass within 5 s")
	return result{}
}

func TestPublishLinesSendsEachAsAFrame(t *testing.T) {
	url := realHub(t)
	lines := `{"training_steps": 1, "avn_accuracy": 0.5, "rewards": [1, 2]}
{"type": "voting", "data": {"buy_count": "4", "sell_count": 1.0}}

rubbish
{"training": {"actor_loss": NaN}, "voting": {"last_price": 100.5}}
{"type": "heartbeat"}
`
	got := quasarCommand(t, lines, "publish", "V75", "--hub", url, "--rate", "500")
	if got.code != exitOK || !strings.Contains(got.stderr, "line=4") || !strings.Contains(got.stderr, "line=6") {
		t.Fatalf("publish: %+v", got)
	}
	until(t, func() (result, bool) {
		r := quasarCommand(t, "", "health", url)
		return r, strings.Contains(r.stdout, "3 accepted, 0 rejected")
	})
	snapshot := quasarCommand(t, "", "watch", "--once", "--json", "--hub", url).stdout
	want := `"training":{"training_steps":1,"actor_loss":null,"critic_loss":null,"avn_loss":null,"avn_accuracy":0.5},` +
		`"voting":{"dominant_signal":null,"buy_count":4,"sell_count":1,"last_price":100.5,"signal_source":null}`
	if !strings.Contains(snapshot, want) {
		t.Errorf("got  %s\nwant %s", snapshot, want)
	}
}

func TestALineThatIsTooLongIsAnError(t *testing.T) {
	got := quasarCommand(t, `{"x":"`+strings.Repeat("a", wire.MaxPublish)+`"}`, "publish", "V75", "--hub", realHub(t))
	if got.code != exitFailure || !strings.Contains(got.stderr, "got a line of more than 65536 bytes") {
		t.Errorf("%+v", got)
	}
}

func TestWatchFollowsAndEndsWithItsContext(t *testing.T) {
	url := realHub(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	var stdout, stderr bytes.Buffer
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"watch", "--json", "--hub", url}, strings.NewReader(""), &stdout, &stderr)
	}()
	until(t, func() (result, bool) {
		r := quasarCommand(t, "", "health", url, "--json")
		return r, strings.Contains(r.stdout, `"subscribers":1,"uptime`) || strings.Contains(r.stdout, `"subscribers":1`)
	})
	for _, steps := range []string{"1", "2"} {
		if r := quasarCommand(t, "", "publish", "V75", "--hub", url, "--training-steps", steps); r.code != exitOK {
			t.Fatal(r)
		}
	}
	time.Sleep(200 * time.Millisecond) // the updates are on their way to a buffer that must not be read yet
	cancel(&signalError{os.Interrupt})
	if code := <-ended; code != exitInterrupted {
		t.Errorf("got %d, want %d; %s", code, exitInterrupted, stderr.String())
	}
	if n := strings.Count(stdout.String(), `"space_name":"V75"`); n != 2 {
		t.Errorf("got %d lines, want 2:\n%s", n, stdout.String())
	}
}

func TestASignalEndsAServerInGoodOrder(t *testing.T) {
	for signal, want := range map[os.Signal]int{os.Interrupt: exitInterrupted, syscall.SIGTERM: exitOK} {
		ctx, cancel := context.WithCancelCause(t.Context())
		var stderr bytes.Buffer
		ended := make(chan int)
		go func() {
			ended <- run(ctx, []string{"hub", "--listen", "127.0.0.1:0"}, strings.NewReader(""), &bytes.Buffer{}, &stderr)
		}()
		time.Sleep(50 * time.Millisecond)
		cancel(&signalError{signal})
		if code := <-ended; code != want {
			t.Errorf("%v: got %d, want %d; %s", signal, code, want, stderr.String())
		}
	}
}

// Whoever asks for figures to be checked must not hear that they are well because the
// machine was shut down.
func TestATaskThatIsToldToEndHasNotEndedWell(t *testing.T) {
	for _, args := range [][]string{{"eval", "check"}, {"backtest", "--days", "366"}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan int)
		go func() { ended <- run(ctx, args, strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}) }()
		time.Sleep(50 * time.Millisecond)
		cancel(&signalError{syscall.SIGTERM})
		if code := <-ended; code != exitInterrupted {
			t.Errorf("%v: got %d, want %d", args, code, exitInterrupted)
		}
	}
}

func TestDecodeLine(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"a frame", `{"type":"training","data":{"avn_loss":1}}`, `{"type":"training","data":{"avn_loss":1}}`},
		{"a body", `{"voting":{"buy_count":1},"training":{"avn_loss":1}}`, `{"type":"metrics","training":{"avn_loss":1},"voting":{"buy_count":1}}`},
		{"bare fields of both groups", `{"buy_count":1,"avn_loss":1,"other":2}`, `{"type":"metrics","training":{"avn_loss":1},"voting":{"buy_count":1}}`},
		{"bare fields of one group", `{"last_price":1.5}`, `{"type":"voting","data":{"last_price":1.5}}`},
	} {
		u, err := decodeLine([]byte(c.line))
		if got := string(wire.AppendUpdate(nil, u)); err != nil || got != c.want {
			t.Errorf("%s: got %s, %v, want %s", c.name, got, err, c.want)
		}
	}
	for _, bad := range []string{``, `{}`, `[]`, `{"a":1}`, `{"type":"ping"}`, `{"type":"x"}`, `{"avn_loss":"x"}`, `{"avn_loss":1,"avn_loss":2}`} {
		if u, err := decodeLine([]byte(bad)); err == nil {
			t.Errorf("%s: got %+v", bad, u)
		}
	}
}

func TestConfigurationComesFromFlagsThenEnvironmentThenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "quasar.yaml")
	content := "global:\n  log-level: debug\nhub:\n  listen: 127.0.0.1:1111\n  stale-after: 5s\n  max-spaces: 7\n  allow-host: [a.example, b.example]\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"QUASAR_STALE_AFTER": "6s", "QUASAR_MAX_SPACES": "8", "DASHBOARD_HTML": "mine.html", "PORT": "2222"}
	root := newRoot()
	cmd, _, err := root.Find([]string{"hub"})
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.ParseFlags([]string{"--max-spaces", "9", "--config", path}); err != nil {
		t.Fatal(err)
	}
	if err := configure(cmd, func(name string) (string, bool) { v, ok := env[name]; return v, ok }); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range []string{"max-spaces", "stale-after", "dashboard", "listen", "log-level", "allow-host"} {
		got[name] = cmd.Flags().Lookup(name).Value.String()
	}
	want := map[string]string{"max-spaces": "9", "stale-after": "6s", "dashboard": "mine.html", "listen": "127.0.0.1:2222",
		"log-level": "debug", "allow-host": "[a.example,b.example]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// A token on the command line stands above a file that the environment names, and the
// other way round.
func TestATokenAndItsFileAreOneSetting(t *testing.T) {
	env := map[string]string{"QUASAR_TOKEN": "of-the-environment", "QUASAR_TOKEN_FILE": "/of/the/environment", "QUASAR_AUTHORIZATION_FILE": "/of/it/too"}
	for _, c := range []struct{ given, token, file string }{
		{"--token=given", "given", ""},
		{"--token-file=/given", "", "/given"},
		{"--hub=ws://127.0.0.1:1", "of-the-environment", "/of/the/environment"},
	} {
		cmd, _, err := newRoot().Find([]string{"watch"})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(cmd.ParseFlags([]string{c.given}), configure(cmd, func(name string) (string, bool) { v, ok := env[name]; return v, ok })); err != nil {
			t.Fatal(err)
		}
		value := func(name string) string { return cmd.Flags().Lookup(name).Value.String() }
		got := []string{value("token"), value("token-file"), value("authorization-file")}
		if diff := cmp.Diff([]string{c.token, c.file, "/of/it/too"}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.given, diff)
		}
	}
}

func TestABadVariableIsNamed(t *testing.T) {
	for name, value := range map[string]string{"QUASAR_STALE_AFTER": "soon", "PORT": "http"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			got := quasarCommand(t, "", "hub")
			if got.code != exitConfiguration || !strings.Contains(got.stderr, name) || !strings.Contains(got.stderr, value) {
				t.Errorf("%+v", got)
			}
		})
	}
}
