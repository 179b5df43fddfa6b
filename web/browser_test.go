//go:build e2e

package web

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestInBrowser drives the pages in Chromium, as the real binary serves them. The
// tests themselves are in e2e/*.test.js; each is a subtest here.
func TestInBrowser(t *testing.T) {
	chromium := need(t, "chromium")
	node := need(t, "node")
	install(t)
	quasar := filepath.Join(t.TempDir(), "quasar")
	if out, err := exec.Command("go", "build", "-o", quasar, "../cmd/quasar").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	files, err := filepath.Glob("e2e/*.test.js")
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "QUASAR_BINARY="+quasar, "CHROMIUM="+chromium, "TMPDIR="+t.TempDir())
	album(t, env, node, "begin")
	cmd := exec.Command(node, append([]string{"--test", "--test-concurrency=2", "--test-reporter=./e2e/reporter.js"}, files...)...)
	cmd.Env = env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	results := parse(string(out))
	for _, r := range results {
		t.Run(r.name, func(t *testing.T) {
			if !r.ok {
				t.Error(r.said)
			}
		})
	}
	album(t, env, node)
	if len(results) == 0 || err != nil && !t.Failed() {
		t.Errorf("node --test: got %d results and %v, want some and no error\n%s%s", len(results), err, out, &stderr)
	}
}

// album puts the pictures of the last run aside, and shows them beside the new ones.
func album(t *testing.T, env []string, node string, args ...string) {
	t.Helper()
	cmd := exec.Command(node, append([]string{"e2e/album.js"}, args...)...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("album %v: %v\n%s", args, err, out)
	}
	t.Logf("%s", out)
}

// need finds a program, or skips the test.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("no %s here", program)
	}
	return path
}

// install brings what the tests need of Node, unless it is there already.
func install(t *testing.T) {
	t.Helper()
	lock, err := os.Stat("e2e/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	installed, err := os.Stat("e2e/node_modules/.package-lock.json")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err == nil && !installed.ModTime().Before(lock.ModTime()) {
		return
	}
	npm := need(t, "npm")
	if out, err := exec.Command(npm, "ci", "--prefix", "e2e", "--no-audit", "--no-fund", "--loglevel=error").CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
}

// result is what e2e/reporter.js says of one test.
type result struct {
	name string
	ok   bool
	said string
}

// parse reads the reporter's lines: "ok MS NAME", "FAIL MS NAME", and indented
// ones that belong to the test before them.
func parse(out string) []result {
	var results []result
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		words := strings.SplitN(line, " ", 3)
		switch {
		case len(words) == 3 && (words[0] == "ok" || words[0] == "FAIL"):
			results = append(results, result{name: words[2], ok: words[0] == "ok"})
		case len(results) > 0:
			results[len(results)-1].said += line + "\n"
		}
	}
	return results
}
