//go:build e2e

package e2e

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"testing"
)

var pageURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// TestDemo runs the demo as a stranger does, and stops it with Ctrl-C.
func TestDemo(t *testing.T) {
	p := start(t, "quasar demo", exec.Command(quasarBinary, "demo"))
	var urls []string // of the hub and of the ranker
	eventually(t, "the demo says where its two pages are", func() bool {
		urls = pageURL.FindAllString(p.errors(), -1)
		return len(urls) == 2
	})
	for _, url := range urls {
		eventually(t, url+" ranks three spaces with votes and accuracy", func() bool { return ranked(t, url) == 3 })
		if status, body, err := get(url + "/"); err != nil || status != http.StatusOK || len(body) == 0 {
			t.Errorf("GET %s/: got status %d, %d bytes, error %v; want the page", url, status, len(body), err)
		}
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := exitCode(p.wait()); code != 130 {
		t.Errorf("after an interrupt: got exit code %d, want 130", code)
	}
}

// ranked counts the spaces that the hub at url gives a score.
func ranked(t *testing.T, url string) int {
	t.Helper()
	status, body, err := get(url + "/rankings")
	if err != nil || status != http.StatusOK {
		return 0
	}
	rows, _ := decode(t, string(body))["rankings"].([]any)
	n := 0
	for _, row := range rows {
		if at(row, "score") != nil {
			n++
		}
	}
	return n
}

// exitCode is -1 for a process that was ended by a signal.
func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	default:
		return -1
	}
}
