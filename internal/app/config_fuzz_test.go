package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever a configuration file says, reading it ends: in settings that flags take
// when they are given on the command line, too, or in an error that is a
// misconfiguration.
func FuzzConfiguration(f *testing.F) {
	for _, seed := range []string{
		"", "hub:\n  listen: 127.0.0.1:1\n", "global:\n  log-level: debug\nhub:\n  allow-host: [a, b]\n  stale-after: 5s\n",
		"hub:\n  max-spaces: many\n", "hub:\n  no-such: 1\n", "nothing:\n  x: 1\n", "hub: [1, 2]\n", "hub:\n  listen: {a: b}\n",
		"a: &a [*a]\n", "hub: &h\n  listen: x\nspace: *h\n", "hub:\n  <<: {listen: x}\n", "\xff\xfe", "hub:\n  listen: \"\\u202e\"\n", "--- 1\n--- 2\n",
		strings.Repeat("[", 5000), "hub:\n  max-spaces: 7\n  max-spaces: 8\n",
	} {
		f.Add(seed)
	}
	path := filepath.Join(f.TempDir(), "quasar.yaml")
	none := func(string) (string, bool) { return "", false }
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		read, _, err := newRoot().Find([]string{"hub"})
		if err != nil {
			t.Fatal(err)
		}
		if err := read.ParseFlags([]string{"--config", path}); err != nil {
			t.Fatal(err)
		}
		if err := configure(read, none); err != nil {
			if code := exitCode(t.Context(), err); code != exitConfiguration {
				t.Errorf("got the exit code %d for %v, want %d", code, err, exitConfiguration)
			}
			return
		}
		level := read.Flags().Lookup("log-level")
		given, _, _ := newRoot().Find([]string{"hub"})
		if err := given.ParseFlags([]string{"--log-level", level.Value.String()}); err != nil {
			t.Errorf("got the log level %q, which the flag refuses: %v", level.Value, err)
		}
	})
}
