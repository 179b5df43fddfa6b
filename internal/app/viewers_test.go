package app

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/karlquant/quasar/hub/token"
)

// Who may look at a ranker is who may look at a hub with the same file.
func TestWhoMayLookAtARanker(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens.jsonl")
	made := make(map[string]string)
	for _, role := range []string{"viewer", "admin", "subscriber", "publisher"} {
		args := []string{"token", "new", "--role", role, "--file", file}
		if role == "publisher" {
			args = append(args, "--space", "V75")
		}
		got := quasarCommand(t, "", args...)
		if got.code != 0 {
			t.Fatal(got.stderr)
		}
		made[role] = strings.TrimSpace(got.stdout)
	}
	store, err := token.Open(&token.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	may, err := viewers(store, &rankFlags{listen: "0.0.0.0:7860"})
	if err != nil {
		t.Fatal(err)
	}
	for role, want := range map[string]bool{"viewer": true, "admin": true, "subscriber": false, "publisher": false} {
		if v, ok := may(made[role]); ok != want || ok && (v.ID == "" || v.Live == nil) {
			t.Errorf("%s: got %+v, %t, want %t", role, v, ok, want)
		}
	}
	for _, c := range []struct {
		name  string
		flags rankFlags
		store *token.Store
		open  bool
	}{
		{"on this machine, without tokens", rankFlags{listen: "127.0.0.1:7861"}, nil, true},
		{"on this machine, with tokens", rankFlags{listen: "127.0.0.1:7861"}, store, false},
		{"beyond it, open to anybody without tokens", rankFlags{listen: "0.0.0.0:7861", insecure: true}, nil, true},
		{"beyond it, open to anybody, but there are tokens", rankFlags{listen: "0.0.0.0:7861", insecure: true}, store, false},
	} {
		if may, err := viewers(c.store, &c.flags); err != nil || (may == nil) != c.open {
			t.Errorf("%s: got %v and open %t, want open %t", c.name, err, may == nil, c.open)
		}
	}
}
