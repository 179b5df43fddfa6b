//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// fill publishes so many assets, a frame each.
func (c *cluster) fill(ctx context.Context, n, assets int) error {
	for i := range assets {
		p, err := c.publisher(ctx, n, fmt.Sprintf("ASSET-%d", i))
		if err != nil {
			return err
		}
		err = p.send(ctx, int64(i))
		p.close()
		if err != nil {
			return err
		}
	}
	return nil
}

func lateJoiner(ctx context.Context, _ *plan, c *cluster) error {
	for _, n := range []int{1, 2} {
		if err := c.start(n); err != nil {
			return err
		}
	}
	if err := c.agree(ctx, 15*time.Second, 1, 2); err != nil {
		return err
	}
	const assets = 10_000
	if err := c.fill(ctx, 1, assets); err != nil {
		return err
	}
	if err := c.start(3); err != nil {
		return err
	}
	if _, err := until(ctx, 10*time.Second, func() error { return c.get(ctx, 3, "/livez", &struct{}{}) }); err != nil {
		return err
	}
	took, err := until(ctx, 10*time.Second, func() error {
		var h health
		if err := c.get(ctx, 3, "/health", &h); err != nil || !h.Engine.Ready {
			return errors.Join(err, errors.New("not ready: "+h.Engine.Problem))
		}
		if h.Assets != assets {
			return fmt.Errorf("ready with %d assets, want %d", h.Assets, assets)
		}
		return nil
	})
	fmt.Printf("          ready with %d assets %v after it first answered\n", assets, took.Round(time.Millisecond))
	if err == nil && took > time.Second {
		err = fmt.Errorf("got them after %v, want 1 s", took)
	}
	if err != nil {
		return err
	}
	return c.agree(ctx, 10*time.Second, 1, 2, 3)
}

// watched is a cluster under load: a trainer that begins at each hub and a
// subscriber at each.
type watched struct {
	trainers []*trainer
	subs     []*sub
	training context.Context // of the trainers, ended by stop
	stop     context.CancelFunc
}

func (c *cluster) watch(ctx context.Context) *watched {
	training, stop := context.WithCancel(ctx)
	w := &watched{training: training, stop: stop}
	for n := 1; n <= 3; n++ {
		w.trainers = append(w.trainers, c.train(training, fmt.Sprintf("T%d", n), n, 5*time.Millisecond))
		w.subs = append(w.subs, c.subscribe(ctx, n, nil))
	}
	return w
}

// flows waits until what every trainer publishes now reaches every hub.
func (w *watched) flows(ctx context.Context, most time.Duration) (time.Duration, error) {
	goal := make(map[string]int64)
	for _, t := range w.trainers {
		goal[t.space] = t.published() + 2
	}
	return until(ctx, most, func() error {
		for _, t := range w.trainers {
			for _, s := range w.subs {
				if got := s.step(t.space); got < goal[t.space] {
					return fmt.Errorf("hub %d: %s is at step %d, want %d", s.n, t.space, got, goal[t.space])
				}
			}
		}
		return nil
	})
}

// end ends the load, and holds the hubs to the last frame of every trainer.
func (w *watched) end(ctx context.Context, c *cluster) error {
	w.stop()
	time.Sleep(100 * time.Millisecond)
	err := c.agree(ctx, 15*time.Second, 1, 2, 3)
	for _, s := range w.subs {
		err = errors.Join(err, s.close())
	}
	return err
}

func killEach(ctx context.Context, _ *plan, c *cluster) error {
	if err := c.up(ctx); err != nil {
		return err
	}
	w := c.watch(ctx)
	w.noting()
	for n := 1; n <= 3; n++ {
		if _, err := w.flows(ctx, 10*time.Second); err != nil {
			return err
		}
		for _, s := range w.subs {
			s.gap()
		}
		began := time.Now()
		time.Sleep(time.Second)
		at, went := w.at(), time.Now()
		if err := syscall.Kill(c.pid(n), syscall.SIGKILL); err != nil { // at once: the script takes its time
			return err
		}
		time.Sleep(6 * time.Second) // until it counts as lost, and longer
		if err := w.holds(n, at, began, went); err != nil {
			return err
		}
		worst := time.Duration(0)
		for _, s := range w.subs {
			if s.n != n {
				worst = max(worst, s.gap())
			}
		}
		fmt.Printf("          hub %d killed; the longest silence at the others: %v\n", n, worst.Round(time.Millisecond))
		if worst > 500*time.Millisecond {
			return fmt.Errorf("the others were silent for %v", worst)
		}
		if err := c.start(n); err != nil {
			return err
		}
		if err := c.agreeUnderLoad(ctx, 15*time.Second); err != nil {
			return err
		}
	}
	return w.end(ctx, c)
}

// agreeUnderLoad waits until all are ready and see each other; what they hold moves.
func (c *cluster) agreeUnderLoad(ctx context.Context, most time.Duration) error {
	_, err := until(ctx, most, func() error {
		for n := 1; n <= 3; n++ {
			var h health
			if err := c.get(ctx, n, "/health", &h); err != nil {
				return err
			}
			if !h.Engine.Ready || len(h.Engine.Members) != 3 {
				return fmt.Errorf("hub %d: got %+v", n, h.Engine)
			}
		}
		return nil
	})
	return err
}

func renameAll(ctx context.Context, _ *plan, c *cluster) error {
	if err := c.up(ctx); err != nil {
		return err
	}
	if err := c.fill(ctx, 1, 200); err != nil {
		return err
	}
	w := c.watch(ctx)
	for n := 1; n <= 3; n++ {
		if _, err := w.flows(ctx, 10*time.Second); err != nil {
			return err
		}
		if err := c.end(n); err != nil {
			return err
		}
		c.set(fmt.Sprint("ID", n), fmt.Sprint("new.name-", n))
		if err := c.start(n); err != nil {
			return err
		}
		if err := c.agreeUnderLoad(ctx, 10*time.Second); err != nil {
			return err
		}
	}
	var h health
	if err := c.get(ctx, 1, "/health", &h); err != nil || h.Assets < 203 {
		return errors.Join(err, fmt.Errorf("got %d assets after the restarts, want 203", h.Assets))
	}
	return w.end(ctx, c)
}

func staleFrame(ctx context.Context, _ *plan, c *cluster) error {
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
	moved, err := c.publisher(ctx, 2, "V75")
	if err != nil {
		return err
	}
	defer moved.close()
	if err := moved.send(ctx, 2); err != nil {
		return err
	}
	time.Sleep(200 * time.Millisecond)
	if err := old.send(ctx, 99); err != nil {
		return err
	}
	time.Sleep(200 * time.Millisecond)
	for n := 1; n <= 3; n++ {
		if err := c.expect(ctx, n, "V75", 2, 2); err != nil {
			return err
		}
	}
	return c.agree(ctx, 5*time.Second, 1, 2, 3)
}

// expect holds a hub to the step of a space and to where its publisher is.
func (c *cluster) expect(ctx context.Context, n int, space string, step int64, at int) error {
	var s struct {
		Snapshots map[string]struct {
			Training struct {
				Steps int64 `json:"training_steps"`
			}
		}
		Owners map[string]struct {
			HubID string `json:"hub_id"`
		}
	}
	if err := c.get(ctx, n, "/api/state", &s); err != nil {
		return err
	}
	if got := s.Snapshots[space].Training.Steps; got != step {
		return fmt.Errorf("hub %d: %s: got step %d, want %d", n, space, got, step)
	}
	if got, want := s.Owners[space].HubID, fmt.Sprint("hub-", at); got != want {
		return fmt.Errorf("hub %d: %s: got its publisher at %s, want %s", n, space, got, want)
	}
	return nil
}
