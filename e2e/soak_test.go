//go:build e2e

package e2e

import (
	"os/exec"
	"strings"
	"testing"
)

// A short one of what `make soak` does: promises and growth, and no timing, for a
// test does not have the machine to itself.
func TestAHubStandsHostileClients(t *testing.T) {
	cmd := exec.Command("go", "run", "./soak", "-quasar", quasarBinary, "-time", "12s", "-hostile", "60", "-timing=false")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "soak: passed") {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(string(out))
}
