//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"
)

func stopped(ctx context.Context, _ *plan, c *cluster) error {
	if err := c.up(ctx); err != nil {
		return err
	}
	flooding, stop := context.WithCancel(ctx)
	defer stop()
	for i := range 20 {
		c.train(flooding, fmt.Sprintf("FLOOD-%d", i), 1+i%2, 200*time.Microsecond)
	}
	s := c.subscribe(ctx, 3, nil)
	time.Sleep(time.Second)
	if err := syscall.Kill(c.pid(3), syscall.SIGSTOP); err != nil {
		return err
	}
	time.Sleep(8 * time.Second)
	if err := syscall.Kill(c.pid(3), syscall.SIGCONT); err != nil {
		return err
	}
	took, err := until(ctx, 20*time.Second, func() error { return c.agreeUnderLoad(ctx, time.Second) })
	if err != nil {
		return err
	}
	fmt.Printf("          in the cluster again after %v\n", took.Round(time.Millisecond))
	stop()
	return errors.Join(c.agree(ctx, 15*time.Second, 1, 2, 3), s.close())
}

func partition(ctx context.Context, _ *plan, c *cluster) error {
	if err := c.up(ctx); err != nil {
		return err
	}
	old, err := c.publisher(ctx, 1, "V75")
	if err != nil {
		return err
	}
	defer old.close()
	if err := old.send(ctx, 1); err != nil {
		return err
	}
	for _, other := range []int{2, 3} {
		if err := cut(ctx, 1, other); err != nil {
			return err
		}
	}
	newer, err := c.publisher(ctx, 2, "V75")
	if err != nil {
		return err
	}
	defer newer.close()
	if _, err := until(ctx, 15*time.Second, func() error {
		if c.ready(ctx, 1) || !c.ready(ctx, 2) || !c.ready(ctx, 3) {
			return errors.New("want the one alone not ready, and the two ready")
		}
		return nil
	}); err != nil {
		return err
	}
	for step := range int64(160) { // long enough for routes to be given up
		if err := errors.Join(old.send(ctx, 1000+step), newer.send(ctx, 2000+step)); err != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err := c.expect(ctx, 1, "V75", 1159, 1); err != nil { // it serves all the same
		return err
	}
	for _, other := range []int{2, 3} {
		if err := mend(ctx, 1, other); err != nil {
			return err
		}
	}
	took, err := until(ctx, 20*time.Second, func() error { return c.agreed(ctx, []int{1, 2, 3}) })
	if err != nil {
		return err
	}
	fmt.Printf("          all agree %v after it healed\n", took.Round(time.Millisecond))
	if took > 3*time.Second {
		err = fmt.Errorf("agreed after %v, want 3 s", took)
	}
	if err := errors.Join(err, old.send(ctx, 1160), newer.send(ctx, 2160)); err != nil {
		return err
	}
	time.Sleep(200 * time.Millisecond)
	for n := 1; n <= 3; n++ {
		if err := c.expect(ctx, n, "V75", 2160, 2); err != nil {
			return err
		}
	}
	return nil
}

func hole(ctx context.Context, _ *plan, c *cluster) error {
	if err := c.up(ctx); err != nil {
		return err
	}
	if err := cut(ctx, 1, 3); err != nil {
		return err
	}
	time.Sleep(8 * time.Second) // until the route between them is given up
	w := c.watch(ctx)
	took, err := w.flows(ctx, 10*time.Second)
	if err != nil {
		return err
	}
	fmt.Printf("          with a hole between two hubs updates are everywhere within %v\n", took.Round(time.Millisecond))
	for n := 1; n <= 3; n++ {
		if !c.ready(ctx, n) {
			return fmt.Errorf("hub %d is not ready, though it hears of all", n)
		}
	}
	if err := mend(ctx, 1, 3); err != nil {
		return err
	}
	return w.end(ctx, c)
}

func randomFaults(ctx context.Context, p *plan, c *cluster) error {
	rng := rand.New(rand.NewPCG(p.seed, p.seed))
	if err := c.up(ctx); err != nil {
		return err
	}
	w := c.watch(ctx)
	counts := make(map[string]int)
	for end := time.Now().Add(p.faults); time.Now().Before(end) && ctx.Err() == nil; {
		n := 1 + rng.IntN(3)
		what, err := c.fault(ctx, rng, n)
		if err != nil {
			return fmt.Errorf("%s of hub %d: %w", what, n, err)
		}
		counts[what]++
		time.Sleep(time.Duration(rng.IntN(3000)) * time.Millisecond)
	}
	if _, err := w.flows(ctx, 20*time.Second); err != nil {
		return err
	}
	fmt.Printf("          %v\n", counts)
	return w.end(ctx, c)
}

// fault does something to a hub and undoes it.
func (c *cluster) fault(ctx context.Context, rng *rand.Rand, n int) (what string, err error) {
	pause := func() { time.Sleep(time.Duration(100+rng.IntN(6000)) * time.Millisecond) }
	kinds := 3
	if names() != "" {
		kinds = 5
	}
	other := n%3 + 1
	switch rng.IntN(kinds) {
	case 0:
		what, err = "kill -9", c.kill(n)
		pause()
		c.gone(n, time.Second)
		return what, errors.Join(err, c.start(n))
	case 1:
		what, err = "restart", c.end(n)
		return what, errors.Join(err, c.start(n))
	case 2:
		_ = syscall.Kill(c.pid(n), syscall.SIGSTOP) // it may not have started
		pause()
		return "SIGSTOP", syscall.Kill(c.pid(n), syscall.SIGCONT)
	case 3:
		err = cut(ctx, n, other)
		pause()
		return "hole", errors.Join(err, mend(ctx, n, other))
	default:
		third := other%3 + 1
		err = errors.Join(cut(ctx, n, other), cut(ctx, n, third))
		pause()
		return "partition", errors.Join(err, mend(ctx, n, other), mend(ctx, n, third))
	}
}
