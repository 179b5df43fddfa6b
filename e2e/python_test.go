//go:build e2e

package e2e

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What `make bench-python` measures in minutes, for a moment: that each hub is in
// the state that its row names. No time is held against anything here.
func TestTheBenchmarkOfThePythonPublisher(t *testing.T) {
	cmd := exec.Command(pythonWith("json", "")(t)[0], "../python/bench_publish.py", "--json", "--quasar", quasarBinary, "--seconds", "0.1",
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

// Whatever a process does that publishes, its newest state arrives, its children
// leave its connection alone, and it writes nothing to its standard error.
func TestTheLivesOfAPythonProcess(t *testing.T) {
	for name, want := range map[string]map[string]float64{
		"fork":                  {"PARENT": 2, "CHILD": 5},
		"pool of forks":         {"PARENT": 2, "W1": 5, "W2": 5},
		"pool of spawns":        {"PARENT": 2, "W1": 5, "W2": 5},
		"pool of a fork server": {"PARENT": 2, "W1": 5, "W2": 5},
		"threads":               {"PARENT": 2},
		"interrupts":            {"PARENT": 2},
		"forgotten":             {"PARENT": 2},
	} {
		t.Run(name, func(t *testing.T) {
			h := startHub(t, freeAddress(t))
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			life := exec.CommandContext(ctx, pythonWith("json", "")(t)[0], "-X", "dev", "-W", "error", "clients/lives.py", h.ws(""), name)
			life.Env = append(os.Environ(), "PYTHONPATH=../python", "PYTHONDONTWRITEBYTECODE=1")
			if out, err := life.CombinedOutput(); err != nil || len(out) > 0 {
				t.Fatalf("got %v, want no word:\n%s", err, out)
			}
			got := map[string]float64{}
			for space, row := range h.object("/health")["publishers"].(map[string]any) {
				if n := at(row, "rejected"); n != 0.0 {
					t.Errorf("%s: got %v frames rejected, want none", space, n)
				}
				got[space] = h.read(space).steps
			}
			if !maps.Equal(got, want) {
				t.Errorf("got the newest steps %v, want %v", got, want)
			}
		})
	}
}
