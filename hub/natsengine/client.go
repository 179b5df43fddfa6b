package natsengine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// client is the part of a bus that embedded and external NATS have in common.
type client struct {
	hub, prefix string
	log         *slog.Logger
	again       time.Duration // how soon what was refused is asked for again
	changed     atomic.Pointer[func()]
	told        seldom

	// What nats.Conn knows of itself it tells only to who waits while it dials, for
	// seconds: everybody else asks here.
	up      atomic.Bool
	small   atomic.Bool  // the server takes shorter messages only
	refused atomic.Int64 // when NATS last did not allow something, in nanoseconds; 0 for never

	mu    sync.Mutex // guards conn and retry
	conn  *nats.Conn
	retry *time.Timer // nil for none
}

func newClient(hubID, prefix string, log *slog.Logger) client {
	return client{hub: hubID, prefix: prefix, log: log, again: 5 * time.Second}
}

const (
	// pendingBytes bounds what waits to be handled. What is dropped beyond it is found
	// missing and asked for again.
	pendingBytes = 32 << 20
	// leastPayload is what a server has to take: a part and the item that fills it.
	leastPayload = maxPart + 2*maxItem
)

var errNoConn = errors.New("nats: not connected")

// options are how a hub wants any connection to NATS. It reconnects for ever, and
// keeps nothing for then: the engine has the newest of everything.
func (c *client) options() []nats.Option {
	return []nats.Option{
		nats.Name("quasar hub " + c.hub), nats.MaxReconnects(-1), nats.ReconnectBufSize(-1), nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(500 * time.Millisecond), nats.ReconnectJitter(200*time.Millisecond, 200*time.Millisecond),
		nats.PingInterval(2 * time.Second), nats.MaxPingsOutstanding(2), nats.Timeout(2 * time.Second), nats.FlusherTimeout(flushTimeout),
		nats.ConnectHandler(c.connected), nats.ReconnectHandler(c.connected), nats.DisconnectErrHandler(c.disconnected),
		nats.ReconnectErrHandler(c.notReached), nats.ErrorHandler(c.wrong),
	}
}

func (c *client) connected(conn *nats.Conn) {
	c.small.Store(conn.MaxPayload() < leastPayload)
	c.up.Store(true)
	c.hasChanged()
}

// disconnected has no error where we left.
func (c *client) disconnected(_ *nats.Conn, err error) {
	c.up.Store(false)
	if err != nil {
		c.log.Warn("NATS is out of reach; what comes here waits, the newest of each space", "err", err)
	}
}

func (c *client) notReached(_ *nats.Conn, err error) {
	if c.told.due("reach", time.Now()) {
		c.log.Warn("NATS cannot be reached", "err", err)
	}
}

func (c *client) wrong(conn *nats.Conn, _ *nats.Subscription, err error) {
	what := ""
	if errors.Is(err, nats.ErrPermissionViolation) {
		what = err.Error() // it names the subject
		c.refuse(conn)
	}
	if c.told.due(what, time.Now()) {
		c.log.Warn("NATS says that something is wrong", "err", err)
	}
}

// refuse takes note that NATS did not allow something. A server whose settings were
// mended says nothing of it: to know, the hub comes to it anew.
func (c *client) refuse(conn *nats.Conn) {
	c.refused.Store(time.Now().UnixNano())
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.retry != nil {
		return
	}
	c.retry = time.AfterFunc(c.again, func() {
		c.mu.Lock()
		c.retry = nil
		c.mu.Unlock()
		_ = conn.ForceReconnect() // the error is that it is closed
	})
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
	if conn == nil || !c.up.Load() {
		return errNoConn
	}
	return conn.Publish(subject, message)
}

func (c *client) flush(most time.Duration) error {
	conn := c.current()
	if conn == nil || !c.up.Load() {
		return errNoConn
	}
	return conn.FlushTimeout(most)
}

func (c *client) problem() string {
	refused := c.refused.Load()
	switch {
	case refused != 0 && time.Since(time.Unix(0, refused)) < 2*c.again:
		return "NATS refuses the hub what it needs: see its log, and docs/cluster.md for the permissions"
	case !c.up.Load():
		return "NATS is out of reach: other hubs do not see what comes here"
	case c.small.Load():
		return fmt.Sprintf("NATS does not take messages as long as the hub's: its max_payload has to be %d or more", leastPayload)
	}
	return ""
}

func (c *client) close() {
	c.mu.Lock()
	conn := c.conn
	if c.retry != nil {
		c.retry.Stop()
	}
	c.mu.Unlock()
	if conn != nil {
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
