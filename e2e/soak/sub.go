package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/wire"
)

// sub is a subscriber that keeps up, and checks every frame.
type sub struct {
	crowd  *crowd
	number int
	conn   *websocket.Conn

	mu     sync.Mutex
	spaces map[string]*seen // guarded by mu
}

// seen is what a subscriber saw of a space last.
type seen struct{ seq, steps int64 }

// read reads until ctx ends. Its error is a broken promise.
func (s *sub) read(ctx context.Context) error {
	defer func() { _ = s.conn.CloseNow() }()
	for first := true; ; first = false {
		_, data, err := s.conn.Read(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("subscriber %d: %w", s.number, err)
		}
		if err := s.take(data, first, time.Now()); err != nil {
			return fmt.Errorf("subscriber %d: %w", s.number, err)
		}
	}
}

// take checks one frame.
func (s *sub) take(data []byte, first bool, now time.Time) error {
	frame, err := wire.DecodeHub(data)
	if err != nil {
		return err
	}
	want := wire.MetricsUpdate
	if first {
		want = wire.InitialState
	}
	if frame.Type != want {
		return fmt.Errorf("got a frame %q, want %q", frame.Type, want)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range frame.Snapshots {
		if err := s.snapshot(&frame.Snapshots[i], now); err != nil {
			return err
		}
	}
	return nil
}

// snapshot holds a snapshot against the one before it: seq rises, and of a space
// of ours no update is left out. Guarded by s.mu.
func (s *sub) snapshot(snap *quasar.Snapshot, now time.Time) error {
	last, known := s.spaces[snap.SpaceName]
	if !known {
		last = &seen{}
		s.spaces[snap.SpaceName] = last
	}
	if snap.Seq <= last.seq {
		return fmt.Errorf("%s: got seq %d behind %d", snap.SpaceName, snap.Seq, last.seq)
	}
	last.seq = snap.Seq
	b := s.crowd.pub(snap.SpaceName)
	if b == nil {
		return nil
	}
	steps := snap.Training.TrainingSteps
	if steps == nil {
		return fmt.Errorf("%s: got no training_steps, though it always sends them", snap.SpaceName)
	}
	if known && *steps != last.steps+1 {
		return fmt.Errorf("%s: got update %d behind %d", snap.SpaceName, *steps, last.steps)
	}
	if last.steps = *steps; known {
		s.crowd.delays.Load().add(now.Sub(time.Unix(0, b.sent[*steps%kept].Load())))
	}
	return nil
}

// pub returns who publishes a space, nil for a stranger.
func (c *crowd) pub(space string) *pub {
	var i int
	if _, err := fmt.Sscanf(strings.TrimPrefix(space, "SOAK_"), "%d", &i); err != nil || i < 0 || i >= len(c.pubs) || c.pubs[i].space != space {
		return nil
	}
	return c.pubs[i]
}

// complete says what is missing of what was published.
func (s *sub) complete() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.crowd.pubs {
		var got int64
		if last := s.spaces[b.space]; last != nil {
			got = last.steps
		}
		if want := b.steps.Load(); got != want {
			return fmt.Errorf("subscriber %d: got %d updates of %s, want %d", s.number, got, b.space, want)
		}
	}
	return nil
}
