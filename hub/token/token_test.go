package token

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/hub"
)

var today = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func made(t testing.TB, e Entry) (Secret, Entry) {
	t.Helper()
	secret, entry, err := New(e)
	if err != nil {
		t.Fatal(err)
	}
	return secret, entry
}

func TestNewTokens(t *testing.T) {
	seen := make(map[string]bool)
	for role, want := range map[hub.Role]string{
		hub.RolePublisher: `^qsr_pub_[A-Za-z0-9_-]{43}$`, hub.RoleSubscriber: `^qsr_sub_[A-Za-z0-9_-]{43}$`,
		hub.RoleViewer: `^qsr_view_[A-Za-z0-9_-]{43}$`, hub.RoleAdmin: `^qsr_adm_[A-Za-z0-9_-]{43}$`,
	} {
		e := Entry{Role: role, Note: "of a test", Expires: today}
		if role == hub.RolePublisher {
			e.Spaces = []string{"V75", "V100_1s"}
		}
		secret, entry := made(t, e)
		if !regexp.MustCompile(want).MatchString(secret.Reveal()) {
			t.Errorf("got a token of %d characters, want %s", len(secret.Reveal()), want)
		}
		e.ID, e.SHA256 = entry.ID, sha256.Sum256([]byte(secret.Reveal()))
		if diff := cmp.Diff(e, entry); diff != "" {
			t.Error(diff)
		}
		if seen[entry.ID] || seen[secret.Reveal()] || len(entry.ID) != 8 {
			t.Errorf("got the id %s", entry.ID)
		}
		seen[entry.ID], seen[secret.Reveal()] = true, true
	}
}

func TestTokensThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		name string
		e    Entry
		want string
	}{
		{"no role", Entry{}, `role: got "", want publisher, subscriber, viewer or admin`},
		{"a role that is none", Entry{Role: "root"}, `role: got "root", want publisher, subscriber, viewer or admin`},
		{"a publisher of nothing", Entry{Role: hub.RolePublisher}, "space: got none, want one or more that this publisher may publish"},
		{"a viewer of a space", Entry{Role: hub.RoleViewer, Spaces: []string{"V75"}}, "space: got 1 for a viewer, want none: publishers alone publish"},
		{"a space that cannot be", Entry{Role: hub.RolePublisher, Spaces: []string{"../V75"}}, `space name: got "../V75", want 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or a digit`},
		{"an id with a line break", Entry{ID: "a\nb", Role: hub.RoleViewer}, `id: got "a\nb", want 1 to 64 letters, digits, dots, underscores or hyphens`},
		{"a note that steers a terminal", Entry{Role: hub.RoleViewer, Note: "\x1b[2J"}, "note: got 4 characters, want at most 200 that can be printed"},
		{"a note that is a book", Entry{Role: hub.RoleViewer, Note: strings.Repeat("é", 201)}, "note: got 201 characters, want at most 200 that can be printed"},
		{"a token for a role", Entry{Role: "qsr_view_secret"}, `role: got 15 characters, want publisher, subscriber, viewer or admin`},
	} {
		if secret, entry, err := New(c.e); err == nil || err.Error() != c.want || secret.Reveal() != "" || entry.ID != "" {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// Whatever somebody does with a secret by accident, it is not shown.
func TestASecretCannotBePrinted(t *testing.T) {
	secret, _ := made(t, Entry{Role: hub.RoleViewer})
	var out bytes.Buffer
	inside := struct {
		Name   string
		Secret Secret
		hidden Secret
	}{"x", secret, secret}
	for _, v := range []any{secret, &secret, inside, &inside, []Secret{secret}, map[string]Secret{"k": secret}, fmt.Errorf("of %v", secret)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "v", v)
		if data, err := json.Marshal(v); err == nil {
			out.Write(data)
		}
	}
	for _, form := range []string{secret.Reveal(), fmt.Sprintf("%x", secret.Reveal())} {
		if strings.Contains(out.String(), form[8:]) {
			t.Errorf("got the token in\n%s", &out)
		}
	}
	if !strings.Contains(out.String(), redacted) {
		t.Errorf("got %s, want %s in it", &out, redacted)
	}
}

const (
	someDigest  = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	otherDigest = "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
)

func TestParse(t *testing.T) {
	_, a := made(t, Entry{Role: hub.RolePublisher, Spaces: []string{"V75"}, Expires: today, Note: "a \"note\" é"})
	_, b := made(t, Entry{ID: "dash.1", Role: hub.RoleViewer})
	text := string(Append(nil, a, b))
	if strings.Count(text, "\n") != 2 || strings.Contains(text, "qsr_") {
		t.Errorf("got %s, want a line each, and no token", text)
	}
	for name, form := range map[string]string{
		"as it is written": text, "in a variable of one line": strings.ReplaceAll(text, "\n", " "), "without any space": strings.ReplaceAll(text, "\n", ""),
		"with empty lines and CRLF": "\r\n\n" + strings.ReplaceAll(text, "\n", "\r\n\r\n"),
	} {
		got, err := Parse([]byte(form))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff([]Entry{a, b}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got, err := Parse(nil); len(got) != 0 || err != nil {
		t.Errorf("nothing: got %v, %v", got, err)
	}
}

func TestWhatCannotBeParsed(t *testing.T) {
	entry := func(id, rest string) string { return `{"id":"` + id + `","role":"viewer"` + rest + `}` }
	good := entry("a", `,"sha256":"`+someDigest+`"`)
	const notOne = `, want {"id": …, "role": …, "spaces": […], "sha256": …}`
	for _, c := range []struct{ name, text, want string }{
		{"no JSON", "# tokens", "entry 1: got something else at byte 0" + notOne},
		{"an entry that ends too early", good + good[:20], "entry 2: got something else at byte"},
		{"a list", "[" + good + "]", "entry 1: got something else at byte"},
		{"a member that nobody knows", entry("a", `,"sha256":"`+someDigest+`","spaecs":["V75"]`), "entry 1: got something else"},
		{"a member that stands twice", entry("a", `,"id":"b","sha256":"`+someDigest+`"`), "entry 1: got something else"},
		{"a hash that is too short", entry("a", `,"sha256":"abc"`), "entry 1: got something else"},
		{"a hash of other letters", entry("a", `,"sha256":"`+strings.Repeat("x", 64)+`"`), "entry 1: got something else"},
		{"no hash", entry("a", ""), "sha256: got none for a"},
		{"an expiry that is no time", entry("a", `,"expires":"soon","sha256":"`+someDigest+`"`), "entry 1: got something else"},
		{"no id", entry("", `,"sha256":"`+someDigest+`"`), `entry 1: id: got ""`},
		{"an id twice", good + strings.Replace(good, someDigest, otherDigest, 1), "id: got a twice, want each once"},
		{"a token twice", good + strings.Replace(good, `"a"`, `"b"`, 1), "sha256: got that of b twice, want each token once"},
		{"a token itself", "qsr_view_" + strings.Repeat("x", 43), errSecret.Error()},
		{"a token in place of its hash", entry("a", `,"sha256":"qsr_view_`+strings.Repeat("x", 43)+`"`), errSecret.Error()},
		{"too many", manyEntries(maxEntries + 1), errTooMany.Error()},
	} {
		got, err := Parse([]byte(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %d entries, %v, want %s", c.name, len(got), err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "xxxx") {
			t.Errorf("%s: got a secret in %v", c.name, err)
		}
	}
}

func manyEntries(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `{"id":"t%d","role":"viewer","sha256":"%064x"}`, i, i+1)
	}
	return out.String()
}

// What was read can be written, and reads the same again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"id":"a","role":"publisher","spaces":["V75"],"sha256":"` + someDigest + `","expires":"2026-07-01T12:00:00+02:00","note":"n"}`))
	f.Add([]byte(`{"id":"a","role":"viewer","sha256":"` + someDigest + `"} {"id":"b","role":"admin","sha256":"` + otherDigest + `"}`))
	f.Add([]byte(`{"id":"a"`))
	f.Add([]byte("\xef\xbb\xbf"))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := Parse(data)
		if err != nil {
			if strings.Contains(err.Error(), "qsr_") {
				t.Errorf("got a secret in %v", err)
			}
			return
		}
		again, err := Parse(Append(nil, first...))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Error(diff)
		}
	})
}

func TestChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	if _, err := Read(path); err == nil {
		t.Error("read what is not there")
	}
	const writers = 8
	var all sync.WaitGroup
	for range writers { // as if several people made tokens at once
		all.Go(func() {
			_, e := made(t, Entry{Role: hub.RoleViewer})
			if err := Change(path, func(entries []Entry) ([]Entry, error) { return append(entries, e), nil }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	entries, err := Read(path)
	if err != nil || len(entries) != writers {
		t.Errorf("got %d entries, %v, want %d: none may be lost", len(entries), err, writers)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got the mode %v, %v, want that only its owner may read it", info.Mode(), err)
	}
	if left, _ := filepath.Glob(path + "?*"); len(left) > 0 {
		t.Errorf("got %v left behind", left)
	}
	before, _ := os.ReadFile(path)
	for name, change := range map[string]func([]Entry) ([]Entry, error){
		"an error":     func([]Entry) ([]Entry, error) { return nil, fs.ErrInvalid },
		"an id twice":  func(e []Entry) ([]Entry, error) { return append(e, e[0]), nil },
		"far too many": func(e []Entry) ([]Entry, error) { return append(e, make([]Entry, maxEntries)...), nil },
	} {
		if err := Change(path, change); err == nil {
			t.Errorf("%s: got none", name)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Errorf("%s: changed the file", name)
		}
	}
}

func TestWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	huge := filepath.Join(dir, "huge")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, maxFile+1); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, []byte("bad"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, huge, bad, filepath.Join(dir, "none", "none")} {
		err := Change(path, func(e []Entry) ([]Entry, error) { return e, nil })
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want an error that names it", path, err)
		}
		if _, err := Open(&Options{File: path}); err == nil {
			t.Errorf("%s: opened", path)
		}
	}
}
