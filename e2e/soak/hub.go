package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// hub is the process that stands the test.
type hub struct {
	addr string
	cmd  *exec.Cmd
	log  *os.File
	dir  string
}

// startHub starts a hub on a free port, with a data directory where it knows one,
// and waits until it is healthy.
func startHub(ctx context.Context, program string) (*hub, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "quasar-soak-")
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "hub.log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "hub", "--listen", addr) //nolint:noctx // it is ended with a signal
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w (make build)", program, err)
	}
	h := &hub{addr: addr, cmd: cmd, log: log, dir: dir}
	for range 100 {
		if h.healthy(ctx) {
			return h, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	h.kill()
	return nil, fmt.Errorf("the hub did not become healthy; its log: %s", log.Name())
}

func freeAddr(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

var client = http.Client{Timeout: 5 * time.Second}

func (h *hub) get(ctx context.Context, path string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.addr+path, nil)
	if err != nil {
		return nil, err
	}
	return client.Do(r)
}

func (h *hub) healthy(ctx context.Context) bool {
	r, err := h.get(ctx, "/health")
	if err != nil {
		return false
	}
	defer func() { _ = r.Body.Close() }()
	return r.StatusCode == http.StatusOK
}

// quantity is something of the process that must not grow.
type quantity int

const (
	memory quantity = iota
	goroutines
	files
	numQuantities
)

func (q quantity) String() string { return [...]string{"memory", "goroutines", "open files"}[q] }

// slack is the growth over an act that is allowed, a share and so much at least:
// the hostile come and go by chance.
func (q quantity) slack() (share, least float64) {
	return [...]float64{0.15, 0.10, 0.10}[q], [...]float64{8 << 20, 64, 64}[q]
}

// sample is what the process took at a time.
type sample struct {
	at    time.Time
	value [numQuantities]float64
}

// sample looks at the process from the outside.
func (h *hub) sample(ctx context.Context) (sample, error) {
	s := sample{at: time.Now()}
	proc := "/proc/" + strconv.Itoa(h.cmd.Process.Pid)
	fds, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return s, err
	}
	s.value[files] = float64(len(fds))
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		return s, err
	}
	if s.value[memory], err = number(string(status), "VmRSS:"); err != nil {
		return s, err
	}
	s.value[memory] *= 1024
	s.value[goroutines], err = h.metric(ctx, "go_goroutines")
	return s, err
}

// metric reads one metric without labels.
func (h *hub) metric(ctx context.Context, name string) (float64, error) {
	r, err := h.get(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Body.Close() }()
	lines := bufio.NewScanner(r.Body)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), name+" ") {
			return number(lines.Text(), name)
		}
	}
	return 0, fmt.Errorf("/metrics has no %s", name)
}

// number returns the number behind a word of a text.
func number(text, word string) (float64, error) {
	_, rest, ok := strings.Cut(text, word)
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, fmt.Errorf("got no %s", word)
	}
	return strconv.ParseFloat(fields[0], 64)
}

// end ends the hub as an operator would, and looks at its log.
func (h *hub) end() error {
	_ = h.cmd.Process.Signal(syscall.SIGTERM)
	err := h.cmd.Wait()
	text, readErr := os.ReadFile(h.log.Name())
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	if strings.Contains(string(text), "panic") || strings.Contains(string(text), "DATA RACE") {
		return fmt.Errorf("the hub's log tells of a panic or a race: %s", h.log.Name())
	}
	if err != nil {
		return fmt.Errorf("the hub ended with %w; its log: %s", err, h.log.Name())
	}
	return os.RemoveAll(h.dir)
}

func (h *hub) kill() { _ = h.cmd.Process.Kill() }
