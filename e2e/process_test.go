//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"io"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// patience is how long anything may take before a test gives up on it.
const patience = 30 * time.Second

// process is a program that the test started and ends.
type process struct {
	t     *testing.T
	name  string
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string // of its standard output; closed at its end

	mu     sync.Mutex
	stderr bytes.Buffer // guarded by mu
	ended  bool         // guarded by mu
	waited error        // guarded by mu
}

// start starts a program, which is killed at the end of the test at the latest.
// What it wrote to its standard error is shown if the test fails.
func start(t *testing.T, name string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, name: name, cmd: cmd, lines: make(chan string, 10_000)}
	cmd.Stderr = p
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	p.stdin = stdin
	go p.scan(stdout)
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("standard error of %s:\n%s", name, p.errors())
		}
	})
	return p
}

func (p *process) scan(stdout io.Reader) {
	defer close(p.lines)
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.lines <- lines.Text()
	}
}

// Write takes what the process writes to its standard error.
func (p *process) Write(data []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.Write(data)
}

func (p *process) errors() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// line returns the next line of the standard output.
func (p *process) line() string {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.t.Fatalf("%s ended, want one more line from it", p.name)
		}
		return line
	case <-time.After(patience):
		p.t.Fatalf("%s wrote nothing for %v", p.name, patience)
	}
	return ""
}

// say writes one line to the standard input.
func (p *process) say(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// wait waits for the end, once.
func (p *process) wait() error {
	for range p.lines { // Wait may be called when all is read
	}
	p.mu.Lock()
	ended, err := p.ended, p.waited
	p.mu.Unlock()
	if ended {
		return err
	}
	err = p.cmd.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended, p.waited = true, err
	return err
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.wait()             // it was killed, or says what wait said before
}
