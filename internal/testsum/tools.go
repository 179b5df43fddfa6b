package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// noRace says why the race detector cannot run here, and is empty if it can.
func noRace(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "go", "env", "CGO_ENABLED", "CC").Output()
	if err != nil {
		return "go env: " + err.Error()
	}
	enabled, compiler, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if fields := strings.Fields(compiler); len(fields) > 0 {
		if _, err := exec.LookPath(fields[0]); err != nil {
			return "no C compiler"
		}
	}
	if enabled != "1" {
		return "cgo is off"
	}
	return tryRace(ctx)
}

// tryRace builds something small with the race detector: a compiler without the
// C library's headers or a system without the detector fails here, in one line,
// and not in each package.
func tryRace(ctx context.Context) string {
	folder, err := os.MkdirTemp("", "testsum-")
	if err != nil {
		return err.Error()
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a file of the system's temporary folder
	source := filepath.Join(folder, "race.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		return err.Error()
	}
	out, err := exec.CommandContext(ctx, "go", "build", "-race", "-o", filepath.Join(folder, "race"), source).CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return "go build -race does not work (" + lines[len(lines)-1] + ")"
	}
	return ""
}

// oldestPython is the oldest 3.x that our Python files run on.
const oldestPython = 9

// findPython returns a Python 3 that is new enough, or says why there is none.
// PYTHON in the environment names another than python3.
func findPython(ctx context.Context) (python, why string) {
	python = os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	out, err := exec.CommandContext(ctx, python, "-c", "import sys; print(sys.version_info[0], sys.version_info[1])").Output()
	if err != nil {
		return "", "no " + python
	}
	var major, minor int
	if _, err := fmt.Sscan(string(out), &major, &minor); err != nil {
		return "", fmt.Sprintf("%s does not tell its version", python)
	}
	if major != 3 || minor < oldestPython {
		return "", fmt.Sprintf("%s is Python %d.%d, older than 3.%d", python, major, minor, oldestPython)
	}
	return python, ""
}
