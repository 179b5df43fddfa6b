//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// python is the Python that tests run with.
func python() string {
	if named := os.Getenv("PYTHON"); named != "" {
		return named
	}
	return "python3"
}

// What `make bench-python` measures in minutes, for a moment: that each hub is in
// the state that its row names. No time is held against anything here.
func TestTheBenchmarkOfThePythonPublisher(t *testing.T) {
	cmd := exec.Command(python(), "../python/bench_publish.py", "--json", "--quasar", quasarBinary, "--seconds", "0.1",
		"--rate", "5000", "--only", "up", "--only", "stalled", "--only", "refusing")
	out, err := cmd.Output() // fails, too, if the machine is too slow for the promise today
	rows := map[string]map[string]any{}
	for line := range strings.Lines(string(out)) {
		row := decode(t, line)
		rows[row["hub"].(string)] = row
	}
	for name, sends := range map[string]bool{"up": true, "stalled": false, "refusing": false} {
		row := rows[name]
		if row == nil {
			t.Fatalf("no row for the hub that is %s (%v):\n%s", name, err, out)
		}
		if row["calls"] != 500.0 || (row["frames"] != 0.0) != sends {
			t.Errorf("%s: got %v calls and %v frames, want 500 and frames: %t", name, row["calls"], row["frames"], sends)
		}
	}
}
