package natsengine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// client is the part of a bus that embedded and external NATS have in common.
type client struct {
	hub, prefix string
	changed     atomic.Pointer[func()]
	refused     atomic.Pointer[string] // what NATS did not allow last

	mu   sync.Mutex // guards conn
	conn *nats.Conn
}

// pendingBytes bounds what waits to be handled. What is dropped beyond it is found
// missing and asked for again.
const pendingBytes = 32 << 20

var errNoConn = errors.New("nats: not connected")

// options are how a hub wants any connection to NATS. It reconnects for ever, and
// keeps nothing for then: the engine has the newest of everything.
func (c *client) options() []nats.Option {
	return []nats.Option{
		nats.Name("quasar hub " + c.hub), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1),
		nats.ReconnectWait(500 * time.Millisecond), nats.ReconnectJitter(200*time.Millisecond, 200*time.Millisecond),
		nats.PingInterval(2 * time.Second), nats.MaxPingsOutstanding(2), nats.Timeout(2 * time.Second),
		nats.ReconnectHandler(func(*nats.Conn) { c.hasChanged() }),
		nats.ConnectHandler(func(*nats.Conn) { c.hasChanged() }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrPermissionViolation) {
				c.refused.Store(new(err.Error()))
			}
		}),
	}
}

func (c *client) hasChanged() {
	if f := c.changed.Load(); f != nil {
		(*f)()
	}
}

// use subscribes to what is said to the hub, with a connection that may not be there
// yet.
func (c *client) use(conn *nats.Conn, take func(message []byte), changed func()) error {
	c.changed.Store(&changed)
	for _, subject := range []string{c.prefix + toAll + "*", c.prefix + toOne + escape(c.hub)} {
		sub, err := conn.Subscribe(subject, func(m *nats.Msg) { take(m.Data) })
		if err != nil {
			return fmt.Errorf("subscribe to %s: %w", subject, err)
		}
		if err := sub.SetPendingLimits(-1, pendingBytes); err != nil {
			return fmt.Errorf("subscribe to %s: %w", subject, err)
		}
	}
	c.mu.Lock()
	c.conn = conn
	c.mu.Unlock()
	return nil
}

func (c *client) current() *nats.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn
}

func (c *client) publish(subject string, message []byte) error {
	conn := c.current()
	if conn == nil || !conn.IsConnected() {
		return errNoConn
	}
	return conn.Publish(subject, message)
}

func (c *client) flush(most time.Duration) error {
	conn := c.current()
	if conn == nil {
		return errNoConn
	}
	return conn.FlushTimeout(most)
}

func (c *client) problem() string {
	conn := c.current()
	switch {
	case conn == nil || !conn.IsConnected():
		return "NATS is out of reach: other hubs do not see what comes here"
	case c.refused.Load() != nil:
		return "NATS refuses the hub what it needs: see its log, and docs/cluster.md for the permissions"
	}
	return ""
}

func (c *client) close() {
	if conn := c.current(); conn != nil {
		conn.Close()
	}
}

// pause waits, and tells whether ctx is still there.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
