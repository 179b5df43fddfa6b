//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// serveNATS is a NATS server as it runs beside hubs, until it is killed.
func serveNATS(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	s, err := server.NewServer(&server.Options{Host: host, Port: n, NoSigs: true, NoLog: true})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	go s.Start()
	<-ctx.Done()
	s.Shutdown()
	return nil
}

func startNATS(ctx context.Context, addr string) (*exec.Cmd, error) {
	cmd := exec.CommandContext(ctx, os.Args[0], "nats", addr) // #nosec G204 -- ourselves
	cmd.Stderr = os.Stderr
	err := cmd.Start()
	return cmd, err
}

func natsGone(ctx context.Context, p *plan, _ *cluster) error {
	host := "127.0.0.1"
	if names() != "" {
		host = "10.98.0.100"
	}
	port, err := freePorts(ctx, 1)
	if err != nil {
		return err
	}
	addr := fmt.Sprintf("%s:%d", host, port)
	beside, err := startNATS(ctx, addr)
	if err != nil {
		return err
	}
	defer func() { _ = beside.Process.Kill(); _ = beside.Wait() }()
	c, err := newCluster(ctx, p, "--nats-url", "nats://"+addr, "--nats-prefix", "e2e.cluster")
	if err != nil {
		return err
	}
	defer func() { c.down(); _ = os.RemoveAll(c.dir) }()
	// The flags of an embedded cluster would be refused beside --nats-url.
	c.set("FLAGS", fmt.Sprintf("--insecure-allow-anonymous --publisher-rate 0 --nats-url nats://%s --nats-prefix e2e.cluster", addr))
	if err := c.up(ctx); err != nil {
		return errors.Join(err, errors.New(c.logs()))
	}
	w := c.watch(ctx)
	if _, err := w.flows(ctx, 10*time.Second); err != nil {
		return err
	}
	if err := c.besideStops(ctx, w, beside.Process); err != nil {
		return err
	}
	_ = beside.Process.Kill()
	_ = beside.Wait()
	if _, err := until(ctx, 10*time.Second, func() error { return c.degraded(ctx) }); err != nil {
		return err
	}
	local := w.subs[0].step("T1")
	time.Sleep(time.Second)
	if got := w.subs[0].step("T1"); got <= local {
		return fmt.Errorf("hub 1 without NATS: T1 stands at step %d, want it to go on", got)
	}
	if beside, err = startNATS(ctx, addr); err != nil {
		return err
	}
	took, err := w.flows(ctx, 15*time.Second)
	if err != nil {
		return errors.Join(err, errors.New(c.logs()))
	}
	fmt.Printf("          updates are everywhere again %v after NATS was back\n", took.Round(time.Millisecond))
	return w.end(ctx, c)
}

// besideStops has NATS take connections and say nothing, and holds the hubs to serving
// their own meanwhile.
func (c *cluster) besideStops(ctx context.Context, w *watched, nats *os.Process) error {
	for _, s := range w.subs {
		s.gap()
	}
	if err := nats.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	if _, err := until(ctx, 15*time.Second, func() error { return c.degraded(ctx) }); err != nil {
		return err
	}
	time.Sleep(8 * time.Second) // a few tries to connect
	worst := time.Duration(0)
	for _, s := range w.subs {
		worst = max(worst, s.gap())
	}
	if err := nats.Signal(syscall.SIGCONT); err != nil {
		return err
	}
	fmt.Printf("          NATS says nothing; the longest silence at a hub: %v\n", worst.Round(time.Millisecond))
	if worst > 500*time.Millisecond {
		return fmt.Errorf("a hub was silent for %v while NATS said nothing", worst)
	}
	_, err := w.flows(ctx, 15*time.Second)
	return err
}

// degraded holds all hubs to saying that NATS is gone, while they serve.
func (c *cluster) degraded(ctx context.Context) error {
	for n := 1; n <= 3; n++ {
		var h health
		if err := c.get(ctx, n, "/health", &h); err != nil {
			return err
		}
		if h.Status != "degraded" || h.Engine.Ready || c.ready(ctx, n) {
			return fmt.Errorf("hub %d: got %s, ready %v, want it degraded and not ready", n, h.Status, h.Engine.Ready)
		}
	}
	return nil
}
