package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/token"
)

// newSecret runs `quasar token new` and returns the token.
func newSecret(t *testing.T, args ...string) string {
	t.Helper()
	r := quasarCommand(t, "", append([]string{"token", "new"}, args...)...)
	if r.code != exitOK || !strings.HasPrefix(r.stdout, "qsr_") || strings.Contains(r.stderr, "qsr_") {
		t.Fatalf("token new %q: got %d, want a token alone on standard output, and none on standard error:\n%s", args, r.code, r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}

func TestTheTokenCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens.jsonl")
	pub := newSecret(t, "--role", "publisher", "--space", "V75,V100_1s", "--space", "CRASH500", "--id", "trainer", "--file", file)
	view := newSecret(t, "--role", "viewer", "--expires", "2999-12-31", "--note", "Ana's tablet", "--id", "ana", "--file", file)
	t.Setenv("QUASAR_TOKENS_FILE", file)
	newSecret(t, "--role", "admin", "--id", "root")

	got := quasarCommand(t, "", "token", "list")
	want := "trainer  publisher  V75,V100_1s,CRASH500  never                 -\n" +
		"ana      viewer     -                     2999-12-31T00:00:00Z  Ana's tablet\n" +
		"root     admin      -                     never                 -\n"
	if got.code != exitOK || got.stdout != want {
		t.Errorf("list: got %d\n%s%swant\n%s", got.code, got.stdout, got.stderr, want)
	}
	got = quasarCommand(t, "", "token", "list", "--json")
	want = `{"id":"trainer","role":"publisher","spaces":["V75","V100_1s","CRASH500"],"expires":null,"expired":false,"note":""}` + "\n" +
		`{"id":"ana","role":"viewer","spaces":[],"expires":"2999-12-31T00:00:00Z","expired":false,"note":"Ana's tablet"}` + "\n" +
		`{"id":"root","role":"admin","spaces":[],"expires":null,"expired":false,"note":""}` + "\n"
	if got.code != exitOK || got.stdout != want {
		t.Errorf("list --json: got %d\n%swant\n%s", got.code, got.stdout, want)
	}
	kept, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(kept), "qsr_") || strings.Contains(string(kept), pub[8:]) || strings.Contains(string(kept), view[9:]) {
		t.Errorf("got the file %s (%v), want no token in it", kept, err)
	}

	if got := quasarCommand(t, "", "token", "revoke", "trainer", "root"); got.code != exitOK {
		t.Errorf("revoke: got %+v", got)
	}
	if got := quasarCommand(t, "", "token", "list").stdout; !strings.HasPrefix(got, "ana ") || strings.Count(got, "\n") != 1 {
		t.Errorf("after revoke: got\n%s", got)
	}
}

// A hub without a disk takes the hashes from a variable.
func TestATokenForTheEnvironment(t *testing.T) {
	r := quasarCommand(t, "", "token", "new", "--role", "viewer", "--note", "it's")
	variable := regexp.MustCompile(`QUASAR_TOKENS='([^']*)'`).FindStringSubmatch(r.stderr)
	if len(variable) != 2 {
		t.Fatalf("got %s", r.stderr)
	}
	store, err := token.Open(&token.Options{Inline: variable[1]})
	if err != nil {
		t.Fatal(err)
	}
	if grant, ok := store.Authenticate(strings.TrimSpace(r.stdout)); !ok || grant.Role != hub.RoleViewer {
		t.Errorf("got %+v, %t", grant, ok)
	}
	var row struct{ ID, Token, Entry string }
	r = quasarCommand(t, "", "token", "new", "--role", "publisher", "--space", "V75", "--json")
	if err := json.Unmarshal([]byte(r.stdout), &row); err != nil {
		t.Fatal(err)
	}
	store, err = token.Open(&token.Options{Inline: row.Entry})
	if err != nil {
		t.Fatal(err)
	}
	if grant, ok := store.Authenticate(row.Token); !ok || grant.ID != row.ID || !cmp.Equal(grant.Spaces, []string{"V75"}) {
		t.Errorf("got %+v, %t", grant, ok)
	}
}

func TestTheTokenCommandSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	file, bad, none := filepath.Join(dir, "tokens"), filepath.Join(dir, "bad"), filepath.Join(dir, "none")
	newSecret(t, "--role", "viewer", "--id", "a", "--file", file)
	if err := os.WriteFile(bad, []byte("# tokens"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no role", []string{"new"}, exitUsage, `role: got "", want publisher, subscriber, viewer or admin`},
		{"a publisher of nothing", []string{"new", "--role", "publisher"}, exitUsage, "space: got none, want one or more that this publisher may publish"},
		{"a space that cannot be", []string{"new", "--role", "publisher", "--space", "a/b"}, exitUsage, `got "a/b"`},
		{"an expiry that is over", []string{"new", "--role", "viewer", "--expires", "2001-01-01"}, exitUsage, `expires: got "2001-01-01", want a time to come`},
		{"an id that is taken", []string{"new", "--role", "viewer", "--id", "a", "--file", file}, exitFailure, "id: got a twice"},
		{"a file that is none", []string{"new", "--role", "viewer", "--file", bad}, exitFailure, "bad: entry 1: got something else"},
		{"a file that cannot be", []string{"new", "--role", "viewer", "--file", filepath.Join(none, "none")}, exitFailure, "no such file or directory"},
		{"nothing to list", []string{"list"}, exitUsage, "file: got none"},
		{"a list of what is not there", []string{"list", "--file", none}, exitFailure, "file does not exist"},
		{"nothing to revoke", []string{"revoke", "--file", file}, exitUsage, "got no id"},
		{"an id that is not there", []string{"revoke", "a", "b", "--file", file}, exitFailure, `id: got "b"`},
		{"a file that is not there", []string{"revoke", "a", "--file", none}, exitFailure, "file does not exist"},
		{"an argument too many", []string{"new", "viewer"}, exitUsage, `new: got the argument "viewer", want flags only`},
	} {
		got := quasarCommand(t, "", append([]string{"token"}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
			t.Errorf("%s: got %+v, want %d and %s", c.name, got, c.code, c.want)
		}
	}
	if got := quasarCommand(t, "", "token", "list", "--file", file).stdout; !strings.HasPrefix(got, "a ") {
		t.Errorf("after all that: got %s", got)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("a file was made")
	}
}

func TestParseExpiry(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 5, time.UTC)
	for text, want := range map[string]string{
		"": "0001-01-01T00:00:00Z", "1s": "2026-07-01T12:00:02Z", "90d": "2026-09-29T12:00:01Z", "12h30m": "2026-07-02T00:30:01Z",
		"2027-01-31": "2027-01-31T00:00:00Z", "2027-01-31T10:00:00+02:00": "2027-01-31T08:00:00Z",
	} {
		got, err := parseExpiry(text, now)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: got %v, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"0d", "-1h", "2026-07-01", "1", "d", "1e9d", "99999999999d", "tomorrow", "2600000h0", "\x1b[2J"} {
		if got, err := parseExpiry(text, now); err == nil || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
}
