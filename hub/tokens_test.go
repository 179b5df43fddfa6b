package hub_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/token"
	"github.com/karlquant/quasar/internal/logtest"
)

// tokens are those of a test: one of each kind that a stranger may have.
type tokens struct {
	t     *testing.T
	path  string
	log   logtest.Log
	store *token.Store
	// secret has a token for each name: the roles; "other", a publisher's of the
	// space V100; each of these with "expired " and "revoked " before it; and some
	// that never were one.
	secret map[string]string
}

func newTokens(t *testing.T) *tokens {
	t.Helper()
	k := &tokens{t: t, path: filepath.Join(t.TempDir(), "tokens"), secret: make(map[string]string)}
	var kept []token.Entry
	for name, e := range map[string]token.Entry{
		"publisher": {Role: hub.RolePublisher, Spaces: []string{"V75", "CRASH500"}}, "other": {Role: hub.RolePublisher, Spaces: []string{"V100"}},
		"subscriber": {Role: hub.RoleSubscriber}, "viewer": {Role: hub.RoleViewer}, "admin": {Role: hub.RoleAdmin},
	} {
		kept = append(kept, k.make(name, e))
		expired := e
		expired.Expires = time.Now().Add(-time.Minute)
		kept = append(kept, k.make("expired "+name, expired))
		k.make("revoked "+name, e)
	}
	k.secret["wrong"] = "qsr_view_" + strings.Repeat("A", 43)
	k.secret["cut short"] = k.secret["viewer"][:40]
	k.secret["too long"] = k.secret["viewer"] + "A"
	k.secret["of a proxy"] = "hf_" + strings.Repeat("B", 34)
	k.write(kept)
	var err error
	if k.store, err = token.Open(&token.Options{File: k.path, Logger: slog.New(slog.NewTextHandler(&k.log, nil))}); err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *tokens) make(name string, e token.Entry) token.Entry {
	k.t.Helper()
	e.ID = strings.ReplaceAll(name, " ", "-")
	secret, e, err := token.New(e)
	if err != nil {
		k.t.Fatal(err)
	}
	k.secret[name] = secret.Reveal()
	return e
}

func (k *tokens) write(entries []token.Entry) {
	k.t.Helper()
	if err := os.WriteFile(k.path, token.Append(nil, entries...), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

// revoke takes tokens out of the file.
func (k *tokens) revoke(names ...string) {
	k.t.Helper()
	err := token.Change(k.path, func(entries []token.Entry) (left []token.Entry, err error) {
		for _, e := range entries {
			if !slices.Contains(names, e.ID) {
				left = append(left, e)
			}
		}
		return left, nil
	})
	if err != nil {
		k.t.Fatal(err)
	}
}

// hideIn fails if any of the tokens stands in a text.
func (k *tokens) hideIn(what, text string) {
	k.t.Helper()
	for name, secret := range k.secret {
		if strings.Contains(text, secret[3:]) {
			k.t.Errorf("%s: got the token %q in\n%.2000s", what, name, text)
		}
	}
}
