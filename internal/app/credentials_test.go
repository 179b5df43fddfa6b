package app

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/publisher"
	"github.com/karlquant/quasar/subscriber"
)

func TestPrefixes(t *testing.T) {
	got, err := prefixes([]string{"10.0.0.0/8", "192.168.1.5", "::1"})
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.1.5/32"), netip.MustParsePrefix("::1/128")}
	if diff := gocmp.Diff(want, got, gocmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, bad := range []string{"", "proxy.example", "10.0.0.0/33", "10.0.0.1:80"} {
		if _, err := prefixes([]string{bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	for _, server := range []string{"hub", "rank"} {
		if r := quasarCommand(t, "", server, "--trusted-proxy", "x"); r.code != exitConfiguration || !strings.Contains(r.stderr, `trusted-proxy: got "x"`) {
			t.Errorf("%s: got %+v", server, r)
		}
	}
}

// Beyond this machine a hub starts only if it takes a token to publish, to
// subscribe and to look; otherwise it says what makes one.
func TestTheBindRule(t *testing.T) {
	file := func(roles ...string) string {
		path := filepath.Join(t.TempDir(), "tokens.jsonl")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, role := range roles {
			args := []string{"--role", role, "--file", path}
			if role == "publisher" {
				args = append(args, "--space", "V75")
			}
			newSecret(t, args...)
		}
		return path
	}
	const pub, sub, view = "--role publisher --space V75 --file ", "--role subscriber --file ", "--role viewer --file "
	for _, c := range []struct {
		name, listen string
		roles        []string // nil is no file at all
		missing      []string
	}{
		{"every address and no tokens", "0.0.0.0:0", nil, []string{pub, sub, view}},
		{"no host and no tokens", ":0", nil, []string{pub, sub, view}},
		{"every IPv6 address", "[::]:0", nil, []string{pub, sub, view}},
		{"an address of the network", "192.0.2.1:0", nil, []string{pub, sub, view}},
		{"a name that is not this machine's", "hub.example:0", nil, []string{pub, sub, view}},
		{"an empty file", "0.0.0.0:0", []string{}, []string{pub, sub, view}},
		{"publishers alone", "0.0.0.0:0", []string{"publisher"}, []string{sub, view}},
		{"all but publishers", "0.0.0.0:0", []string{"subscriber", "viewer", "admin"}, []string{pub}},
		{"all but subscribers", "0.0.0.0:0", []string{"publisher", "viewer"}, []string{sub}},
		{"all but viewers", "0.0.0.0:0", []string{"publisher", "subscriber"}, []string{view}},
	} {
		args := []string{"hub", "--listen", c.listen}
		path := "quasar-tokens.jsonl"
		if c.roles != nil {
			path = file(c.roles...)
			args = append(args, "--tokens-file", path)
		}
		got := quasarCommand(t, "", args...)
		if got.code != exitConfiguration || !strings.Contains(got.stderr, "not a loopback address") {
			t.Errorf("%s: got %+v, want %d", c.name, got, exitConfiguration)
		}
		if n := strings.Count(got.stderr, "quasar token new"); n != len(c.missing) {
			t.Errorf("%s: got %d commands, want %d\n%s", c.name, n, len(c.missing), got.stderr)
		}
		for _, command := range c.missing {
			if !strings.Contains(got.stderr, "  quasar token new "+command+path+"\n") {
				t.Errorf("%s: got\n%swant the command that makes one for %s", c.name, got.stderr, command)
			}
		}
	}
	for name, args := range map[string][]string{
		"loopback without tokens":         {"--listen", "127.0.0.1:0"},
		"loopback with some":              {"--listen", "127.0.0.1:0", "--tokens-file", file("viewer")},
		"every address with one of each":  {"--listen", "0.0.0.0:0", "--tokens-file", file("publisher", "subscriber", "viewer")},
		"every address with an admin's":   {"--listen", "0.0.0.0:0", "--tokens-file", file("publisher", "admin")},
		"every address, and anybody may":  {"--listen", "0.0.0.0:0", "--insecure-allow-anonymous"},
		"every address, and some anybody": {"--listen", "0.0.0.0:0", "--insecure-allow-anonymous", "--tokens-file", file("publisher")},
	} {
		b := start(t, append([]string{"hub"}, args...)...)
		b.pages(t, 1)
		if insecure := strings.Contains(name, "anybody"); strings.Contains(b.stderr.String(), "WARNING") != insecure || strings.Contains(b.stderr.String(), "level=WARN") != insecure {
			t.Errorf("%s: got\n%s", name, b.stderr)
		}
		if code := b.interrupt(); code != exitInterrupted {
			t.Errorf("%s: got the exit code %d\n%s", name, code, b.stderr)
		}
	}
}

// A Space's page is shown in a frame of huggingface.co, and nobody else's anywhere.
func TestWhoMayFrameThePage(t *testing.T) {
	for id, want := range map[string][]string{"": nil, "owner/hub": {"https://huggingface.co"}} {
		t.Setenv("SPACE_ID", id)
		if got := (&hubFlags{}).options(nil).FrameAncestors; !gocmp.Equal(got, want) {
			t.Errorf("SPACE_ID %q: got %v, want %v", id, got, want)
		}
	}
}

func TestTokensThatCannotBeReadAreAMisconfiguration(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, []byte("qsr_view_"+strings.Repeat("x", 43)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a file that is not there":   {[]string{"--tokens-file", filepath.Join(dir, "none")}, "quasar token new --role viewer --file"},
		"a token itself":             {[]string{"--tokens-file", bad}, "got a token itself"},
		"a token in the environment": {[]string{"--tokens", "qsr_view_" + strings.Repeat("x", 43)}, "got a token itself"},
	} {
		r := quasarCommand(t, "", append([]string{"hub", "--listen", "127.0.0.1:0"}, c.args...)...)
		if r.code != exitConfiguration || !strings.Contains(r.stderr, c.want) || strings.Contains(r.stderr, "xxx") {
			t.Errorf("%s: got %+v", name, r)
		}
	}
}

func TestACredentialIsRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct {
		give credential
		want string
	}{
		"none":                       {credential{}, ""},
		"an argument":                {credential{token: "qsr_a\n"}, "qsr_a"},
		"a file with a line break":   {credential{file: write("a", "qsr_b\r\n")}, "qsr_b"},
		"a file before the argument": {credential{token: "qsr_a", file: write("b", "qsr_b")}, "qsr_b"},
	} {
		if got, err := c.give.readToken(); got != c.want || err != nil {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for name, path := range map[string]string{
		"a file that is not there": filepath.Join(dir, "none"), "an empty one": write("c", " \n"),
		"several tokens": write("d", "qsr_secret\nqsr_secret"), "something long": write("e", strings.Repeat("qsr_secret", 1000)),
	} {
		got, err := (&credential{file: path}).readToken()
		var coded *codedError
		if got != "" || !errors.As(err, &coded) || coded.code != exitConfiguration || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

// The whole way of a token: made on the command line, used by every client that
// there is, revoked, and found in no output.
func TestTokensEndToEnd(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "tokens.jsonl")
	secrets := map[string]string{
		"publisher":  newSecret(t, "--role", "publisher", "--space", "V75", "--space", "PY", "--space", "GO", "--id", "trainer", "--file", file),
		"other":      newSecret(t, "--role", "publisher", "--space", "V100", "--file", file),
		"subscriber": newSecret(t, "--role", "subscriber", "--file", file),
		"viewer":     newSecret(t, "--role", "viewer", "--file", file),
	}
	hub := start(t, "hub", "--listen", "127.0.0.1:0", "--tokens-file", file, "--log-level", "debug")
	page := hub.pages(t, 1)[0]
	address, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	ws := "ws://" + address.Host
	held := filepath.Join(dir, "held")
	if err := os.WriteFile(held, []byte(secrets["viewer"]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder // all that the commands print
	command := func(want int, token string, args ...string) string {
		t.Helper()
		t.Setenv("QUASAR_TOKEN", token)
		r := quasarCommand(t, "", args...)
		if r.code != want {
			t.Errorf("quasar %s: got %+v, want %d", args[0], r, want)
		}
		said.WriteString(r.stdout + r.stderr)
		return r.stdout
	}
	one := func(space string) []string {
		return []string{"publish", space, "--hub", ws, "--training-steps", "900", "--avn-accuracy", "0.86", "--buy-count", "7", "--sell-count", "3"}
	}
	command(exitNoConnection, "", one("V75")...)
	command(exitNoConnection, secrets["other"], one("V75")...)
	command(exitNoConnection, secrets["viewer"], one("V75")...)
	command(exitOK, secrets["publisher"], one("V75")...)
	command(exitOK, "", append(one("V75"), "--token", secrets["publisher"])...)
	command(exitNoConnection, secrets["subscriber"], "watch", "--once", "--hub", ws)
	if got := command(exitOK, secrets["viewer"], "watch", "--once", "--hub", ws); !strings.Contains(got, "V75") {
		t.Errorf("watch: got %s", got)
	}
	if got := command(exitOK, "", "watch", "--once", "--hub", ws, "--token-file", held); !strings.Contains(got, "V75") {
		t.Errorf("watch with a file: got %s", got)
	}
	if got := command(exitOK, "", "health", page); strings.Contains(got, "V75") || !strings.HasPrefix(got, "ok") {
		t.Errorf("health of a stranger: got %s", got)
	}
	if got := command(exitOK, secrets["viewer"], "health", page); !strings.Contains(got, "V75") {
		t.Errorf("health: got %s", got)
	}
	t.Setenv("QUASAR_TOKEN", secrets["subscriber"])
	ranks := start(t, "rank", "--hub", ws, "--listen", "127.0.0.1:0", "--json")
	eventually(t, func() bool { return strings.Contains(ranks.stdout.String(), `"V75"`) }, ranks.stderr.String)
	watches := start(t, "watch", "--hub", ws, "--json")
	eventually(t, func() bool { return strings.Contains(watches.stdout.String(), `"V75"`) }, watches.stderr.String)

	t.Run("the Go SDK", func(t *testing.T) { goSDK(t, ws, secrets) })
	t.Run("Python", func(t *testing.T) { said.WriteString(pythonSDK(t, ws, secrets)) })
	t.Run("curl", func(t *testing.T) { said.WriteString(withCurl(t, page, secrets)) })

	t.Setenv("QUASAR_TOKEN", secrets["publisher"])
	lives := start(t, "space", "V75", "--hub", ws, "--seed", "1", "--log-level", "debug")
	eventually(t, func() bool { return strings.Contains(lives.stderr.String(), "connected to the hub") }, lives.stderr.String)
	command(exitOK, "", "token", "revoke", "trainer", "--file", file)
	eventually(t, func() bool {
		return strings.Contains(lives.stderr.String(), "the credential was revoked or has expired")
	}, lives.stderr.String)
	eventually(t, func() bool { return strings.Contains(lives.stderr.String(), "401 Unauthorized") }, lives.stderr.String)

	for _, b := range []*background{ranks, watches, lives, hub} {
		b.interrupt()
		said.WriteString(b.stdout.String() + b.stderr.String())
	}
	kept, _ := os.ReadFile(file)
	said.Write(kept)
	for name, secret := range secrets {
		if strings.Contains(said.String(), secret[9:]) {
			t.Errorf("got the token of a %s in what was printed", name)
		}
	}
	if len(said.String()) < 5000 {
		t.Errorf("got only %d bytes to look through", said.Len())
	}
}

// goSDK uses the publisher and the subscriber, each with its token by argument and
// by environment.
func goSDK(t *testing.T, hub string, secrets map[string]string) {
	for _, byEnvironment := range []bool{true, false} {
		give := func(role string) string {
			if !byEnvironment {
				t.Setenv("QUASAR_TOKEN", secrets["other"]) // an argument goes before it
				return secrets[role]
			}
			t.Setenv("QUASAR_TOKEN", secrets[role])
			return ""
		}
		pub, err := publisher.New("GO", hub, &publisher.Options{Token: give("publisher")})
		if err != nil {
			t.Fatal(err)
		}
		pub.Start()
		pub.PublishTraining(quasar.Training{TrainingSteps: new(int64(7))})
		sub, err := subscriber.New(hub, &subscriber.Options{Token: give("subscriber"), Assets: []string{"GO"}})
		if err != nil {
			t.Fatal(err)
		}
		for snapshot, err := range sub.Watch(t.Context()) {
			if err != nil {
				t.Fatalf("by environment: %t: %v", byEnvironment, err)
			}
			if *snapshot.Training.TrainingSteps == 7 {
				break
			}
		}
		if err := pub.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	sub, err := subscriber.New(hub, &subscriber.Options{Token: secrets["publisher"]})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range sub.Watch(t.Context()) {
		var refused *subscriber.RefusedError
		if !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
			t.Errorf("a publisher subscribes: got %v, want it refused with 403", err)
		}
		break
	}
}

// useToken publishes to a space until it is taken or the time is over.
const useToken = `
import logging, sys, time
from websocket_client import AssetSpacePublisher, TrainingMetrics
logging.basicConfig(level=logging.DEBUG)
hub, token = sys.argv[1], sys.argv[2] or None
pub = AssetSpacePublisher("PY", hub, token=token)
pub.start()
pub.publish_training(TrainingMetrics(training_steps=5))
for _ in range(int(sys.argv[3])):
    if pub.stats["frames_sent"]:
        break
    time.sleep(0.05)
print(repr(pub), pub.stats)
print("SENT" if pub.stats["frames_sent"] else "NOT SENT")
pub.stop()
`

func pythonSDK(t *testing.T, hub string, secrets map[string]string) (said string) {
	python, err := exec.LookPath(cmp.Or(os.Getenv("PYTHON"), "python3"))
	if err != nil {
		t.Skip("no Python: install python3 to publish from it")
	}
	for _, c := range []struct {
		name, argument, variable, want string
		patience                       int // twentieths of a second
	}{
		{"a token by argument", secrets["publisher"], "", "\nSENT", 600},
		{"a token by variable", "", secrets["publisher"], "\nSENT", 600},
		{"an argument before a variable", secrets["publisher"], secrets["other"], "\nSENT", 600},
		{"none", "", "", "\nNOT SENT", 20},
		{"another space's", secrets["other"], "", "\nNOT SENT", 20},
		{"another role's", "", secrets["viewer"], "\nNOT SENT", 20},
	} {
		script := exec.CommandContext(t.Context(), python, "-c", useToken, hub, c.argument, fmt.Sprint(c.patience))
		script.Env = append(os.Environ(), "PYTHONPATH=../../python", "PYTHONDONTWRITEBYTECODE=1", "QUASAR_TOKEN="+c.variable)
		out, err := script.CombinedOutput()
		if err != nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: got %v\n%s\nwant %s", c.name, err, out, c.want)
		}
		said += string(out)
	}
	return said
}

// withCurl asks as people do in a terminal.
func withCurl(t *testing.T, page string, secrets map[string]string) (said string) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("no curl: install it to ask with it")
	}
	for _, c := range []struct {
		name, path, header, want string
	}{
		{"no token", "/rankings", "X-Other: 1", "401"},
		{"a bearer", "/rankings", "Authorization: Bearer " + secrets["viewer"], "200"},
		{"a header", "/api/state", "X-Quasar-Token: " + secrets["viewer"], "200"},
		{"a cookie", "/metrics", "Cookie: quasar_token=" + secrets["viewer"], "200"},
		{"another role's", "/rankings", "X-Quasar-Token: " + secrets["publisher"], "403"},
		{"no token where none is needed", "/livez", "X-Other: 1", "200"},
	} {
		request := exec.CommandContext(t.Context(), curl, "-sS", "-i", "--noproxy", "*", "-w", "\nstatus %{http_code}", "-H", "@-", page+c.path)
		request.Stdin = strings.NewReader(c.header + "\n") // not where other users could see it
		out, err := request.CombinedOutput()
		if err != nil || !bytes.HasSuffix(out, []byte("status "+c.want)) {
			t.Errorf("%s: got %v\n%s\nwant %s", c.name, err, out, c.want)
		}
		said += string(out)
	}
	return said
}
