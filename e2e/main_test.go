//go:build e2e

// Package e2e drives the real binary with WebSocket clients that we did not
// write: Python's websockets and websocket-client, and Node's ws. It imports
// nothing of ours: it knows the hub as a stranger does.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// quasarBinary and trainerBinary are built once for all tests.
var quasarBinary, trainerBinary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	folder, err := os.MkdirTemp("", "quasar-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	quasarBinary = filepath.Join(folder, "quasar")
	trainerBinary = filepath.Join(folder, "trainer")
	for binary, pkg := range map[string]string{quasarBinary: "../cmd/quasar", trainerBinary: "./trainer"} {
		if out, err := exec.Command("go", "build", "-o", binary, pkg).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build %s: %v\n%s", pkg, err, out)
			return 1
		}
	}
	return m.Run()
}
