//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// upgrade replaces the hubs one by one with those of a version to come, which writes
// another format among its own, and goes back the same way. With each, a publisher
// more begins at the hub that is new there.
func upgrade(ctx context.Context, p *plan, c *cluster) error {
	if err := c.up(ctx); err != nil {
		return err
	}
	w := c.watch(ctx)
	for _, binary := range []string{p.next, p.quasar} {
		c.set("QUASAR", binary)
		for n := 1; n <= 3; n++ {
			if err := c.replace(ctx, w, n); err != nil {
				return fmt.Errorf("hub %d by %s: %w", n, filepath.Base(binary), err)
			}
			unread, err := c.unread(ctx)
			if err != nil {
				return err
			}
			fmt.Printf("          hub %d runs %s; messages of a format that a hub does not read: %v\n", n, filepath.Base(binary), unread)
			w.trainers = append(w.trainers, c.train(w.training, fmt.Sprintf("AT-%d-%s", n, filepath.Base(binary)), n, 5*time.Millisecond))
		}
	}
	return w.end(ctx, c)
}

// replace ends a hub and starts what runs in its place, and holds both to what
// publishers may expect.
func (c *cluster) replace(ctx context.Context, w *watched, n int) error {
	w.noting()
	if _, err := w.flows(ctx, 10*time.Second); err != nil {
		return err
	}
	began := time.Now()
	time.Sleep(500 * time.Millisecond)
	at, went := w.at(), time.Now()
	if err := errors.Join(c.end(n), c.start(n), c.agreeUnderLoad(ctx, 10*time.Second)); err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	return w.holds(n, at, began, went)
}

// unread are the messages of unknown kinds and formats that each hub came across.
func (c *cluster) unread(ctx context.Context) ([]int, error) { return c.counted(ctx, "unknown") }

// counted is what each hub's engine has counted of something.
func (c *cluster) counted(ctx context.Context, what string) (out []int, err error) {
	series := regexp.MustCompile(`(?m)^quasar_hub_cluster_total\{.*what="` + what + `".*\} (\d+)$`)
	for n := 1; n <= 3; n++ {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.addr(n)+"/metrics", nil)
		if err != nil {
			return nil, err
		}
		answer, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		found := series.FindSubmatch(body)
		if err != nil || found == nil {
			return nil, errors.Join(err, fmt.Errorf("hub %d: /metrics has no quasar_hub_cluster_total of %s", n, what))
		}
		count, _ := strconv.Atoi(string(found[1])) // digits
		out = append(out, count)
	}
	return out, nil
}
