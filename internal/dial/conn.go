package dial

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/coder/websocket"
)

// writeTimeout bounds each write: a hub that takes nothing for so long is not
// there, or no use.
const writeTimeout = 10 * time.Second

// Conn is one connection to a hub. Pings are answered while Read or Discard
// runs, and only then. Whoever has a Conn must end it by Close or Kill.
type Conn struct {
	ws        *websocket.Conn
	line      *line
	secrets   secrets
	readLimit int64
}

// Write sends one text message within ten seconds, or ends the connection.
func (c *Conn) Write(message []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	err := c.ws.Write(ctx, websocket.MessageText, message)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("the hub took nothing for %v", writeTimeout)
	}
	return c.reason(err)
}

// Read waits for the next message and puts it into buf in place of what is
// there. After an error the connection is of no more use. The error is a
// *ClosedError if the hub closed, ErrSilent if it fell silent, and ErrLost if
// it just went away.
func (c *Conn) Read(buf *bytes.Buffer) error {
	_, r, err := c.ws.Reader(context.Background())
	if err != nil {
		return c.reason(err)
	}
	buf.Reset()
	if _, err = buf.ReadFrom(r); err != nil {
		return c.reason(err)
	}
	return nil
}

// Discard reads until the connection ends, says why it did, and keeps nothing:
// it calls got once for each message, whatever its size, before its bytes are
// thrown away.
func (c *Conn) Discard(got func()) error {
	for {
		_, r, err := c.ws.Reader(context.Background())
		if err != nil {
			return c.reason(err)
		}
		got()
		if _, err = io.Copy(io.Discard, r); err != nil {
			return c.reason(err)
		}
	}
}

// reason says why a read or a write ended the connection.
func (c *Conn) reason(err error) error {
	switch {
	case c.line.silent.Load():
		return fmt.Errorf("%w for %v", ErrSilent, c.line.silence)
	case errors.Is(err, websocket.ErrMessageTooBig):
		return fmt.Errorf("got a message of more than %d bytes, the limit", c.readLimit)
	}
	return explain(err, c.secrets)
}

// Close says goodbye with code 1000 and waits for the hub's answer, until ctx
// ends or five seconds have passed. Without an error the hub has read all that
// was written before. In any case the connection is gone when Close returns.
func (c *Conn) Close(ctx context.Context) error {
	stop := context.AfterFunc(ctx, c.cut)
	defer stop()
	err := c.ws.Close(websocket.StatusNormalClosure, "")
	if err == nil {
		return nil
	}
	c.cut()
	if ctx.Err() != nil {
		return fmt.Errorf("the hub did not answer the close: %w", context.Cause(ctx))
	}
	return c.reason(err)
}

// Kill drops the connection without a word. What waits on it returns.
func (c *Conn) Kill() {
	c.cut()
	_ = c.ws.CloseNow() // it is cut already: this frees what the library holds
}

// cut makes whatever reads and writes return, and never waits.
func (c *Conn) cut() { _ = c.line.Close() }

// CloseAfter says goodbye as soon as ctx ends, which ends a read that waits. The
// answer must be called when the reader is done: the connection is gone, with
// everything that belongs to it, when it returns.
func (c *Conn) CloseAfter(ctx context.Context, patience time.Duration) (release func()) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		c.Bye(patience)
	})
	return func() {
		if stop() {
			c.Kill()
		} else {
			<-done
		}
	}
}

// Bye is Close for those who only want to be polite, and not for long.
func (c *Conn) Bye(patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = c.Close(ctx) // there is nothing more to lose
}
