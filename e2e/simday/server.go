package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// server is a simulator in a process of its own.
type server struct {
	cmd *exec.Cmd
	url string
}

// startServer starts it on any port and waits for its first line.
func (p *plan) startServer(ctx context.Context) (*server, error) {
	cmd := exec.CommandContext(ctx, p.quasar, "sim", "--listen", "127.0.0.1:0", "--speed", fmt.Sprint(p.speed), "--seed", fmt.Sprint(p.seed), "--start", "2026-03-01T00:00:00Z")
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(said)
	if !lines.Scan() {
		return nil, fmt.Errorf("%s said nothing", p.quasar)
	}
	_, url, found := strings.Cut(lines.Text(), " on ")
	url, _, _ = strings.Cut(url, ",")
	go func() {
		for lines.Scan() { // so that it can go on speaking
		}
	}()
	if !found {
		return nil, fmt.Errorf("%s: got %q, want the address that it listens on", p.quasar, lines.Text())
	}
	return &server{cmd, url}, nil
}

// end asks it to end, and says what it took: processor time, and the most memory
// that it held.
func (s *server) end() (cpu time.Duration, memory string, err error) {
	memory = peak(s.cmd.Process.Pid)
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		return 0, memory, err
	}
	_ = s.cmd.Wait() // interrupted, it says so with its exit code
	return s.cmd.ProcessState.UserTime() + s.cmd.ProcessState.SystemTime(), memory, nil
}

func peak(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if size, found := strings.CutPrefix(line, "VmHWM:"); found {
			return strings.TrimSpace(size)
		}
	}
	return "an unknown amount"
}
