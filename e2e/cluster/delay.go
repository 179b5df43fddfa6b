//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"time"
)

// meter times updates from the moment they are sent until a subscriber has them.
type meter struct {
	mu   sync.Mutex // guards what follows
	sent map[string]map[int64]time.Time
	took []time.Duration
}

func newMeter() *meter { return &meter{sent: make(map[string]map[int64]time.Time)} }

func (m *meter) sends(space string, step int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sent[space] == nil {
		m.sent[space] = make(map[int64]time.Time)
	}
	m.sent[space][step] = time.Now()
}

func (m *meter) arrived(space string, step int64) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if at, ok := m.sent[space][step]; ok {
		m.took = append(m.took, now.Sub(at))
		delete(m.sent[space], step)
	}
}

func (m *meter) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.took, m.sent = nil, make(map[string]map[int64]time.Time)
}

func (m *meter) quantiles() (p50, p99 time.Duration, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	slices.Sort(m.took)
	if n = len(m.took); n == 0 {
		return 0, 0, 0
	}
	return m.took[n/2], m.took[n*99/100], n
}

// figures are what one way of running hubs came to.
type figures struct {
	p50, p99, burst, cpu time.Duration
	n                    int
}

// delay compares a hub alone with two hubs of a cluster, the publisher at one and
// the subscriber at the other, in turns within one run.
func delay(ctx context.Context, p *plan, c *cluster) error {
	if err := c.up(ctx); err != nil {
		return err
	}
	alone, err := newCluster(ctx, p)
	if err != nil {
		return err
	}
	addr := fmt.Sprintf("127.0.0.1:%d", alone.base)
	one := exec.CommandContext(ctx, p.quasar, "hub", "--listen", addr)
	if err := one.Start(); err != nil {
		return err
	}
	defer func() { _ = one.Process.Kill(); _ = one.Wait() }()
	if err := alone.claimPID(1, one.Process.Pid); err != nil {
		return err
	}
	alone.local = true
	if _, err := until(ctx, 10*time.Second, func() error { return alone.get(ctx, 1, "/readyz", &struct{}{}) }); err != nil {
		return err
	}
	var single, many []figures
	for range 5 {
		a, err := alone.measure(ctx, 1, 1)
		if err != nil {
			return err
		}
		b, err := c.measure(ctx, 1, 2)
		if err != nil {
			return err
		}
		single, many = append(single, a), append(many, b)
	}
	x, y := middle(single), middle(many)
	fmt.Printf("          one hub     p50 %v  p99 %v  burst of 100 %v  CPU %v (medians of 5 rounds, %d updates each)\n", x.p50, x.p99, x.burst, x.cpu, x.n)
	fmt.Printf("          another hub p50 %v  p99 %v  burst of 100 %v  CPU %v of the one published at\n", y.p50, y.p99, y.burst, y.cpu)
	fmt.Printf("          factors     p50 %.1f  p99 %.1f  burst %.1f  CPU %.1f\n", over(y.p50, x.p50), over(y.p99, x.p99), over(y.burst, x.burst), over(y.cpu, x.cpu))
	for _, f := range []struct {
		name      string
		got, most float64
	}{{"p50", over(y.p50, x.p50), 5}, {"p99", over(y.p99, x.p99), 5}, {"a burst", over(y.burst, x.burst), 3}, {"CPU", over(y.cpu, x.cpu), 2}} {
		if f.got > f.most {
			err = errors.Join(err, fmt.Errorf("%s: got %.1f times that of one hub, want at most %.0f", f.name, f.got, f.most))
		}
	}
	return err
}

func over(a, b time.Duration) float64 { return float64(a) / float64(max(b, 1)) }

func middle(all []figures) (out figures) {
	pick := func(of func(f *figures) time.Duration) time.Duration {
		values := make([]time.Duration, len(all))
		for i := range all {
			values[i] = of(&all[i])
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return figures{
		p50: pick(func(f *figures) time.Duration { return f.p50 }), p99: pick(func(f *figures) time.Duration { return f.p99 }),
		burst: pick(func(f *figures) time.Duration { return f.burst }), cpu: pick(func(f *figures) time.Duration { return f.cpu }), n: all[0].n,
	}
}

// measure publishes 200 updates a second for three seconds at one hub with a
// subscriber at another, and then bursts of 100 assets.
func (c *cluster) measure(ctx context.Context, from, to int) (out figures, err error) {
	m := newMeter()
	s := c.subscribe(ctx, to, m.arrived)
	defer func() { err = errors.Join(err, s.close()) }()
	pubs := make([]*pub, 100)
	defer func() {
		for _, p := range pubs {
			if p != nil {
				p.close()
			}
		}
	}()
	for i := range pubs {
		if pubs[i], err = c.publisher(ctx, from, fmt.Sprintf("B-%d", i)); err != nil {
			return out, err
		}
	}
	time.Sleep(300 * time.Millisecond)
	step := time.Now().UnixMicro()
	send := func(i int) error {
		step++
		m.sends(fmt.Sprintf("B-%d", i), step)
		return pubs[i].send(ctx, step)
	}
	for i := range pubs { // what the first frame of a space costs is not what is measured
		if err := send(i); err != nil {
			return out, err
		}
	}
	time.Sleep(200 * time.Millisecond)
	m.reset()
	before, ticker := c.cpu(from), time.NewTicker(5*time.Millisecond)
	defer ticker.Stop()
	for i := range 600 {
		<-ticker.C
		if err := send(i % len(pubs)); err != nil {
			return out, err
		}
	}
	time.Sleep(200 * time.Millisecond)
	out.cpu = c.cpu(from) - before
	out.p50, out.p99, out.n = m.quantiles()
	if out.n < 590 {
		return out, fmt.Errorf("%d of 600 updates arrived", out.n)
	}
	out.burst, err = burst(ctx, m, send, len(pubs))
	return out, err
}

// burst returns how long 100 assets that publish at once take to be with the
// subscriber: the median of ten times.
func burst(ctx context.Context, m *meter, send func(i int) error, n int) (time.Duration, error) {
	var all []time.Duration
	for range 10 {
		m.reset()
		began := time.Now()
		for i := range n {
			if err := send(i); err != nil {
				return 0, err
			}
		}
		if _, err := poll(ctx, 5*time.Second, func() bool { _, _, got := m.quantiles(); return got == n }); err != nil {
			return 0, err
		}
		all = append(all, time.Since(began))
		time.Sleep(20 * time.Millisecond)
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

// poll looks ten thousand times a second.
func poll(ctx context.Context, most time.Duration, f func() bool) (time.Duration, error) {
	began := time.Now()
	for !f() {
		if time.Since(began) > most || ctx.Err() != nil {
			return 0, fmt.Errorf("not all of a burst came in %v", most)
		}
		time.Sleep(100 * time.Microsecond)
	}
	return time.Since(began), nil
}
