//go:build unix

package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar/internal/wire"
)

// pub is a publisher's connection to one hub.
type pub struct{ conn *websocket.Conn }

func (c *cluster) publisher(ctx context.Context, n int, space string) (*pub, error) {
	conn, _, err := websocket.Dial(ctx, "ws://"+c.addr(n)+"/ws/publish/"+space, nil)
	if err != nil {
		return nil, err
	}
	go func() { _, _, _ = conn.Read(context.WithoutCancel(ctx)) }() // its pings want answers
	return &pub{conn}, nil
}

func (p *pub) send(ctx context.Context, step int64) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return p.conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":"training","data":{"training_steps":%d,"actor_loss":0.25}}`, step))
}

func (p *pub) close() { _ = p.conn.CloseNow() }

// sub is a subscriber at one hub that comes back to it, and holds it to what it
// promises.
type sub struct {
	n      int
	cancel context.CancelFunc
	seen   *seen

	mu       sync.Mutex // guards what follows
	steps    map[string]int64
	seqs     map[string]int64
	updates  int64
	longest  time.Duration // between two updates of one connection
	last     time.Time
	broken   []string
	arrived  func(space string, step int64)
	sessions int
}

func (c *cluster) subscribe(ctx context.Context, n int, arrived func(space string, step int64)) *sub {
	ctx, cancel := context.WithCancel(ctx)
	s := &sub{n: n, cancel: cancel, steps: make(map[string]int64), arrived: arrived}
	go func() {
		for ctx.Err() == nil {
			s.session(ctx, c.addr(n))
			time.Sleep(50 * time.Millisecond)
		}
	}()
	return s
}

func (s *sub) session(ctx context.Context, addr string) {
	conn, _, err := websocket.Dial(ctx, "ws://"+addr+"/ws/subscribe", nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(64 << 20)
	s.mu.Lock()
	s.seqs, s.last = make(map[string]int64), time.Time{}
	s.sessions++
	s.mu.Unlock()
	for {
		_, data, err := conn.Read(ctx)
		if err != nil {
			return
		}
		frame, err := wire.DecodeHub(data)
		s.take(&frame, err)
	}
}

func (s *sub) take(f *wire.HubFrame, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.broken = append(s.broken, err.Error())
		return
	}
	now := time.Now()
	if !s.last.IsZero() {
		s.longest = max(s.longest, now.Sub(s.last))
	}
	s.last = now
	for i := range f.Snapshots {
		snap := &f.Snapshots[i]
		if snap.Seq <= s.seqs[snap.SpaceName] {
			s.broken = append(s.broken, fmt.Sprintf("hub %d: %s: got seq %d behind %d", s.n, snap.SpaceName, snap.Seq, s.seqs[snap.SpaceName]))
		}
		s.seqs[snap.SpaceName] = snap.Seq
		if snap.Training.TrainingSteps != nil {
			s.steps[snap.SpaceName] = *snap.Training.TrainingSteps
			s.seen.add(snap.SpaceName, *snap.Training.TrainingSteps)
			if s.arrived != nil {
				s.arrived(snap.SpaceName, *snap.Training.TrainingSteps)
			}
		}
		s.updates++
	}
}

func (s *sub) step(space string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.steps[space]
}

// gap returns the longest time without an update since it was asked last.
func (s *sub) gap() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.longest
	s.longest = 0
	return out
}

// close ends the subscription and tells what the hub broke.
func (s *sub) close() error {
	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.broken) > 0 {
		return fmt.Errorf("%d broken promises, the first: %s", len(s.broken), s.broken[0])
	}
	return nil
}

// trainer publishes a space at a hub, and goes to the next when that does not take
// it. What it published last is step.
type trainer struct {
	space string
	every time.Duration

	mu   sync.Mutex // guards what follows
	step int64
	at   int // the hub
	conn int // of its connections
	keep bool
	sent []sent // where keep is set
}

func (c *cluster) train(ctx context.Context, space string, at int, every time.Duration) *trainer {
	t := &trainer{space: space, every: every, at: at}
	go func() {
		for ctx.Err() == nil {
			t.session(ctx, c)
			t.mu.Lock()
			t.at = t.at%3 + 1
			t.mu.Unlock()
		}
	}()
	return t
}

func (t *trainer) session(ctx context.Context, c *cluster) {
	t.mu.Lock()
	at := t.at
	t.mu.Unlock()
	dialing, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	p, err := c.publisher(dialing, at, t.space)
	if err != nil {
		time.Sleep(20 * time.Millisecond)
		return
	}
	defer p.close()
	t.mu.Lock()
	t.conn++
	t.mu.Unlock()
	for ctx.Err() == nil {
		t.mu.Lock()
		t.step++
		step := t.step
		t.mu.Unlock()
		began := time.Now()
		if p.send(ctx, step) != nil {
			return
		}
		t.took(step, began)
		time.Sleep(t.every)
	}
}

func (t *trainer) published() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.step
}
