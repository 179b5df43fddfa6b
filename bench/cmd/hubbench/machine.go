package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/karlquant/quasar/bench/report"
)

func thisMachine() report.Machine {
	return report.Machine{
		OS: runtime.GOOS + "/" + runtime.GOARCH, Kernel: read("/proc/sys/kernel/osrelease"), CPU: processor(),
		Cores: runtime.NumCPU(), Go: runtime.Version(),
	}
}

// read is a file of the kernel, "" if it is not there.
func read(name string) string {
	data, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

func processor() string {
	for line := range strings.Lines(read("/proc/cpuinfo")) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func loadAverage() float64 {
	first, _, _ := strings.Cut(read("/proc/loadavg"), " ")
	load, _ := strconv.ParseFloat(first, 64)
	return load
}

// run runs a command; what it said is in the error.
func run(ctx context.Context, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out[max(0, len(out)-300):]))
	}
	return nil
}

func firstLine(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "unknown"
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimPrefix(line, "quasar ")
}

// progress shows what is going on: on a terminal in a line that is overwritten,
// elsewhere only what is done.
type progress struct {
	out      *os.File
	terminal bool
}

func newProgress(out *os.File) progress {
	return progress{out: out, terminal: term.IsTerminal(int(out.Fd()))}
}

func (p progress) show(text string) {
	if p.terminal {
		fmt.Fprintf(p.out, "\r\x1b[K%s", text)
	}
}

func (p progress) say(text string) {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	fmt.Fprintln(p.out, text)
}

func (p progress) end() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
