package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/wire"
)

// crowd are the clients that behave: publishers whose training_steps count their
// updates one by one, and subscribers that hold what they get against that.
type crowd struct {
	addr   string
	delays atomic.Pointer[histogram] // of the act that is on
	pubs   []*pub
	subs   []*sub

	stopPublishing, stopReading context.CancelFunc
	publishing, reading         sync.WaitGroup

	mu   sync.Mutex
	errs []error // guarded by mu
}

// kept is of how many updates of a space the time of sending is kept.
const kept = 1 << 12

// pub publishes one space.
type pub struct {
	space string
	conn  *websocket.Conn
	steps atomic.Int64
	sent  [kept]atomic.Int64 // Unix nanoseconds, by steps
}

// gather connects everybody.
func gather(ctx context.Context, p *plan, addr string) (*crowd, error) {
	c := &crowd{addr: addr}
	c.delays.Store(new(histogram))
	publishing, stopPublishing := context.WithCancel(ctx)
	reading, stopReading := context.WithCancel(ctx)
	c.stopPublishing, c.stopReading = stopPublishing, stopReading
	for i := range p.publishers {
		conn, err := c.dial(ctx, fmt.Sprintf("/ws/publish/SOAK_%d", i))
		if err != nil {
			return nil, err
		}
		c.pubs = append(c.pubs, &pub{space: fmt.Sprintf("SOAK_%d", i), conn: conn})
	}
	for i := range p.subscribers {
		conn, err := c.dial(ctx, "/ws/subscribe")
		if err != nil {
			return nil, err
		}
		s := &sub{crowd: c, number: i, conn: conn, spaces: make(map[string]*seen)}
		c.subs = append(c.subs, s)
		c.reading.Go(func() { c.broke(s.read(reading)) })
	}
	for _, b := range c.pubs {
		c.publishing.Go(func() { c.broke(b.publish(publishing, p.rate)) })
	}
	return c, nil
}

func (c *crowd) dial(ctx context.Context, path string) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, "ws://"+c.addr+path, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	conn.SetReadLimit(16 << 20)
	return conn, nil
}

// broke enters a broken promise. Nil is none.
func (c *crowd) broke(err error) {
	if err == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.errs) < 20 {
		c.errs = append(c.errs, err)
	}
}

// publish sends updates until ctx ends.
func (b *pub) publish(ctx context.Context, rate float64) error {
	closed := b.conn.CloseRead(context.WithoutCancel(ctx))
	ticker := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer ticker.Stop()
	var frame []byte
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-closed.Done():
			return fmt.Errorf("publisher of %s: the hub closed it", b.space)
		case <-ticker.C:
		}
		n := b.steps.Load() + 1
		u := quasar.UpdateOf(
			&quasar.Training{TrainingSteps: &n, ActorLoss: new(0.25), CriticLoss: new(0.5), AVNLoss: new(0.125), AVNAccuracy: new(0.75)},
			&quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: new(int64(7)), SellCount: new(int64(3)), LastPrice: new(1234.5), SignalSource: new("soak")})
		frame = wire.AppendUpdate(frame[:0], u)
		b.sent[n%kept].Store(time.Now().UnixNano())
		b.steps.Store(n)
		if err := b.conn.Write(context.WithoutCancel(ctx), websocket.MessageText, frame); err != nil {
			return fmt.Errorf("publisher of %s: %w", b.space, err)
		}
	}
}

// end lets what is under way arrive, and returns every promise that was broken.
func (c *crowd) end() error {
	c.stopPublishing()
	c.publishing.Wait()
	deadline := time.Now().Add(10 * time.Second)
	for !c.complete() && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	c.stopReading()
	c.reading.Wait()
	for _, s := range c.subs {
		c.broke(s.complete())
	}
	for _, b := range c.pubs {
		_ = b.conn.CloseNow()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.errs...)
}

func (c *crowd) complete() bool {
	for _, s := range c.subs {
		if s.complete() != nil {
			return false
		}
	}
	return true
}
