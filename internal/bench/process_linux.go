package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Server is a server in a process of its own, on a core of its own where there
// are two.
type Server struct {
	Addr string // where it listens
	PID  int

	cmd  *exec.Cmd
	end  chan struct{} // closed once the process is gone
	said *tail
}

// placeholder is what Start puts the address for.
const placeholder = "{addr}"

// Start runs a command whose arguments have {addr}, or {host} and {port}, for
// where to listen, in the folder dir, and waits until it listens there. The
// process dies with this one, however that ends.
func Start(ctx context.Context, command []string, dir string) (*Server, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(addr)
	fill := strings.NewReplacer(placeholder, addr, "{host}", host, "{port}", port)
	args := make([]string, len(command))
	for i, arg := range command {
		args[i] = fill.Replace(arg)
	}
	s := &Server{Addr: addr, end: make(chan struct{}), said: &tail{}}
	s.cmd = exec.Command(args[0], args[1:]...) //nolint:noctx // it outlives a cancelled context until Stop
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, s.said, s.said
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := startPinned(s.cmd); err != nil {
		return nil, err
	}
	s.PID = s.cmd.Process.Pid
	go func() { defer close(s.end); _ = s.cmd.Wait() }()
	if err := s.await(ctx); err != nil {
		s.Stop()
		return nil, fmt.Errorf("%s: %w%s", filepath.Base(args[0]), err, s.said)
	}
	return s, nil
}

// Stop ends the process and waits until it is gone.
func (s *Server) Stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.end:
	case <-time.After(3 * time.Second): // what it still had to do is of no use
		_ = s.cmd.Process.Kill()
		<-s.end
	}
}

// await tries until the server can be connected to.
func (s *Server) await(ctx context.Context) error {
	deadline := time.Now().Add(20 * time.Second) // a Python that has to compile its imports
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", s.Addr)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-s.end:
			return errors.New("ended before it listened")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("does not listen on %s after 20 s", s.Addr)
		}
	}
}

// freeAddr finds a port that nobody listens on.
func freeAddr(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// tail keeps the last of what a process said.
type tail struct {
	mu   sync.Mutex // guards text
	text []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-1000):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.text) == 0 {
		return ""
	}
	return "; it said: " + string(bytes.TrimSpace(t.text))
}

// startPinned starts a process on the servers' core. It inherits the affinity of
// the thread that starts it, so that a runtime which counts its cores counts one.
func startPinned(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if server, _, ok := cores(); ok {
		if err := pin(0, server); err != nil {
			return err
		}
		defer func() { _ = unix.SchedSetaffinity(0, &before) }()
	}
	return cmd.Start()
}

// allowed are the cores that this process had when it began.
var allowed = sync.OnceValue(func() []int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil
	}
	var all []int
	for cpu := range 1024 { // what a CPUSet holds
		if set.IsSet(cpu) {
			all = append(all, cpu)
		}
	}
	return all
})

// cores are the one for servers and the one for the generator; ok is false where
// there is only one for both.
func cores() (server, generator int, ok bool) {
	all := allowed()
	if len(all) < 2 {
		return 0, 0, false
	}
	return all[0], all[len(all)-1], true
}

func pin(tid, cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	return unix.SchedSetaffinity(tid, &set)
}

// Prepare makes this process fit to open sockets connections and puts it on the
// generator's core. It has to be called before Start and Run.
func Prepare(sockets int) error {
	if err := raiseFiles(uint64(sockets) + 256); err != nil { // with what a process has open anyway
		return err
	}
	_, generator, ok := cores()
	if !ok {
		return nil
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := pin(tid, generator); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	return nil
}

// raiseFiles raises the limit of open files, also for the processes that this one
// starts.
func raiseFiles(want uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	raised := syscall.Rlimit{Cur: max(want, limit.Max), Max: max(want, limit.Max)}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err != nil {
		return fmt.Errorf("open files: got a limit of %d, want %d; raise it (ulimit -Hn) or ask for fewer subscribers", limit.Max, want)
	}
	return nil
}

// userHz is the unit of times in /proc/PID/stat: 100 a second on every Linux that
// Go runs on.
const userHz = 100

// cpuTime is the processor time that a process has taken, user and system.
func cpuTime(pid int) (time.Duration, error) {
	name := fmt.Sprintf("/proc/%d/stat", pid)
	data, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:])) // the name before it may hold anything
	if len(fields) < 13 {
		return 0, fmt.Errorf("%s: got %d fields, want more", name, len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / userHz, errors.Join(err1, err2)
}

// machineTime is the processor time that everybody has taken.
func machineTime() (time.Duration, error) {
	data, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(data), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 {
		return 0, fmt.Errorf("/proc/stat: got %q, want more fields", line)
	}
	var sum int64
	for i, field := range fields[1:9] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		if i != 3 && i != 4 { // idle, and waiting for a disk
			sum += n
		}
	}
	return time.Duration(sum) * time.Second / userHz, nil
}

// resident is the memory of a process that is there, now and at its highest.
func resident(pid int) (now, peak int64, err error) {
	name := fmt.Sprintf("/proc/%d/status", pid)
	data, err := os.ReadFile(name)
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(line, ":")
		kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch key {
		case "VmRSS":
			now = kilobytes << 10
		case "VmHWM":
			peak = kilobytes << 10
		}
	}
	if now == 0 {
		return 0, 0, fmt.Errorf("%s: got no VmRSS", name)
	}
	return now, max(now, peak), nil // the kernel counts in strides: its peak may lag
}
