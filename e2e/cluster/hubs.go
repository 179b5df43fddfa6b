//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/karlquant/quasar"
)

// cluster is three hubs, run by the script that people run them with.
type cluster struct {
	plan  *plan
	dir   string
	env   []string
	base  int  // the clients' port of the first hub
	local bool // whatever namespaces there are
}

func newCluster(ctx context.Context, p *plan, flags ...string) (*cluster, error) {
	dir, err := os.MkdirTemp("", "quasar-cluster-")
	if err != nil {
		return nil, err
	}
	base, err := freePorts(ctx, 6)
	if err != nil {
		return nil, err
	}
	c := &cluster{plan: p, dir: dir, base: base}
	c.env = append(os.Environ(), "QUASAR="+p.quasar, "DIR="+dir, fmt.Sprint("PORT1=", base), fmt.Sprint("CLUSTER_PORT1=", base+3))
	all := append([]string{"--cluster-insecure", "--cluster-secret-file", filepath.Join(dir, "secret"), "--insecure-allow-anonymous", "--accept-rate", "100000", "--max-per-address", "20000", "--publisher-rate", "0"}, flags...)
	c.env = append(c.env, "FLAGS="+strings.Join(all, " "))
	if names() != "" {
		for i := 1; i <= 3; i++ {
			c.env = append(c.env, fmt.Sprintf("ENTER%d=ip netns exec %s%d", i, names(), i),
				fmt.Sprintf("HOST%d=10.99.0.%d", i, i), fmt.Sprintf("PEER%d=10.98.0.%d", i, i))
		}
	}
	return c, os.WriteFile(filepath.Join(dir, "secret"), []byte("a secret of this test\n"), 0o600)
}

var config net.ListenConfig

// freePorts returns the first of some free ports in a row.
func freePorts(ctx context.Context, n int) (int, error) {
	for range 50 {
		l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		base := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if base+n < 65000 && allFree(ctx, base, n) {
			return base, nil
		}
	}
	return 0, fmt.Errorf("found no %d free ports in a row", n)
}

func allFree(ctx context.Context, base, n int) bool {
	for port := base; port < base+n; port++ {
		l, err := config.Listen(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err != nil {
			return false
		}
		_ = l.Close()
	}
	return true
}

// set changes a setting of the script.
func (c *cluster) set(name, value string) { c.env = append(c.env, name+"="+value) }

func (c *cluster) run(args ...string) error {
	cmd := exec.CommandContext(context.Background(), c.plan.script, args...) // hubs are ended whatever happens
	cmd.Env = c.env
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(c.plan.script), strings.Join(args, " "), err, out.String())
	}
	return nil
}

func (c *cluster) up(ctx context.Context) error {
	if err := c.run("up"); err != nil {
		return err
	}
	return c.agree(ctx, 10*time.Second, 1, 2, 3)
}

func (c *cluster) down() {
	for n := 1; n <= 3; n++ {
		if pid := c.pid(n); pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}
	_ = c.run("down")
	for n := 1; n <= 3; n++ {
		c.gone(n, 10*time.Second)
	}
}

func (c *cluster) start(n int) error { return c.run("start", fmt.Sprint(n)) }
func (c *cluster) kill(n int) error  { return c.run("kill", fmt.Sprint(n)) }

// end ends a hub in order, and waits until it is gone.
func (c *cluster) end(n int) error {
	if err := c.run("stop", fmt.Sprint(n)); err != nil {
		return err
	}
	if !c.gone(n, 10*time.Second) {
		return fmt.Errorf("hub %d goes on 10 s after SIGTERM", n)
	}
	return nil
}

func (c *cluster) pid(n int) int {
	data, _ := os.ReadFile(filepath.Join(c.dir, fmt.Sprint(n, ".pid")))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(data)))
	return pid
}

// claimPID says which process a hub is that the script did not start.
func (c *cluster) claimPID(n, pid int) error {
	return os.WriteFile(filepath.Join(c.dir, fmt.Sprint(n, ".pid")), []byte(strconv.Itoa(pid)), 0o600)
}

func (c *cluster) gone(n int, most time.Duration) bool {
	pid := c.pid(n)
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if pid == 0 || syscall.Kill(pid, 0) != nil || zombie(pid) {
			return true
		}
	}
	return false
}

func zombie(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, ok := strings.Cut(string(data), ") ")
	return err == nil && ok && strings.HasPrefix(rest, "Z")
}

// cpu is how long a process has worked.
func (c *cluster) cpu(n int) time.Duration {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.pid(n)))
	_, rest, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// addr is where clients find a hub.
func (c *cluster) addr(n int) string {
	host := "127.0.0.1"
	if names() != "" && !c.local {
		host = fmt.Sprintf("10.99.0.%d", n)
	}
	return fmt.Sprintf("%s:%d", host, c.base+n-1)
}

var client = &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// get asks a hub; into may be nil.
func (c *cluster) get(ctx context.Context, n int, path string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.addr(n)+path, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil || into == nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("hub %d: %s: %d: %.200s", n, path, answer.StatusCode, body)
	}
	return json.Unmarshal(body, into)
}

func (c *cluster) ready(ctx context.Context, n int) bool {
	var answer struct{ Status string }
	return c.get(ctx, n, "/readyz", &answer) == nil
}

// health is what a hub says of itself and the others.
type health struct {
	Status string
	Assets int
	Digest string
	Engine struct {
		Ready   bool
		Members []string
		Problem string
	}
}

// until waits until f has nothing to complain of.
func until(ctx context.Context, most time.Duration, f func() error) (took time.Duration, err error) {
	began := time.Now()
	for {
		if err = f(); err == nil {
			return time.Since(began), nil
		}
		if time.Since(began) > most || ctx.Err() != nil {
			return time.Since(began), fmt.Errorf("still after %v: %w", most, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// agree waits until hubs are ready, see each other and hold the same.
func (c *cluster) agree(ctx context.Context, most time.Duration, hubs ...int) error {
	_, err := until(ctx, most, func() error { return c.agreed(ctx, hubs) })
	return err
}

func (c *cluster) agreed(ctx context.Context, hubs []int) error {
	var first health
	var state map[string]quasar.Snapshot
	for _, n := range hubs {
		var h health
		var s struct{ Snapshots map[string]quasar.Snapshot }
		if err := c.get(ctx, n, "/health", &h); err != nil {
			return err
		}
		if err := c.get(ctx, n, "/api/state", &s); err != nil {
			return err
		}
		if !h.Engine.Ready || len(h.Engine.Members) != len(hubs) {
			return fmt.Errorf("hub %d: got the members %v, ready %v, %s; want %d", n, h.Engine.Members, h.Engine.Ready, h.Engine.Problem, len(hubs))
		}
		if n == hubs[0] {
			first, state = h, s.Snapshots
			continue
		}
		if err := same(state, s.Snapshots); err != nil {
			return fmt.Errorf("hub %d and hub %d: %w", hubs[0], n, err)
		}
		if h.Digest != first.Digest {
			return fmt.Errorf("hub %d: got the digest %s, hub %d %s", n, h.Digest, hubs[0], first.Digest)
		}
	}
	return nil
}

func same(a, b map[string]quasar.Snapshot) error {
	if len(a) != len(b) {
		return fmt.Errorf("got %d and %d assets", len(a), len(b))
	}
	for name := range a {
		x, _ := json.Marshal(a[name])
		y, _ := json.Marshal(b[name])
		if !bytes.Equal(x, y) {
			return fmt.Errorf("got %s and %s", x, y)
		}
	}
	return nil
}

// logs are the ends of the hubs' logs.
func (c *cluster) logs() string {
	var out strings.Builder
	for n := 1; n <= 3; n++ {
		data, _ := os.ReadFile(filepath.Join(c.dir, fmt.Sprint(n, ".log")))
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		fmt.Fprintf(&out, "hub %d:\n  %s\n", n, strings.Join(lines[max(0, len(lines)-12):], "\n  "))
	}
	return out.String()
}
