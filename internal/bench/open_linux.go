package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// open opens every connection of the workload.
func (g *generator) open() error {
	for i := range g.load.Subscribers {
		if err := g.openSubscriber(i); err != nil {
			return fmt.Errorf("subscriber %d: %w", i+1, err)
		}
		if err := g.opened(i+1, g.load.Subscribers, "subscribers"); err != nil {
			return err
		}
	}
	for i := range g.load.Publishers {
		if err := g.openPublisher(i); err != nil {
			return fmt.Errorf("publisher %d: %w", i+1, err)
		}
		if err := g.opened(i+1, g.load.Publishers, "publishers"); err != nil {
			return err
		}
	}
	return nil
}

// opened answers pings now and then, and reads what everybody is sent first.
func (g *generator) opened(n, of int, what string) error {
	if n%100 != 0 {
		return nil
	}
	g.opts.Phase(fmt.Sprintf("%d of %d %s", n, of, what))
	return g.turn(0)
}

func (g *generator) openSubscriber(i int) error {
	size, stalls := asUsual, i < g.load.Stalled
	if stalls {
		size = receiveFew
	}
	c, err := g.connect(nil, size)
	if err != nil {
		return err
	}
	every := max(1, (g.load.Subscribers-g.load.Stalled)/g.opts.Sampled)
	if stalls || (i-g.load.Stalled)%every == 0 {
		g.sample(c)
	}
	g.subs = append(g.subs, c)
	return nil
}

func (g *generator) openPublisher(i int) (err error) {
	size := asUsual
	if g.load.FlatOut {
		size = sendFew
	}
	p := &publisher{space: spaceName(i)}
	p.text = newTemplate(g.target.Form, p.space)
	p.conn, err = g.connect(p, size)
	g.pubs = append(g.pubs, p)
	return err
}

// connect opens a connection, for a publisher if pub is not nil.
func (g *generator) connect(pub *publisher, size bufferSize) (*conn, error) {
	if g.stopped.Load() {
		return nil, context.Canceled
	}
	s, err := dial(g.target.Addr, size)
	if err != nil {
		return nil, err
	}
	c := &conn{socket: s, index: len(g.conns), pub: pub, held: size == receiveFew}
	g.conns = append(g.conns, c)
	var stream io.ReadWriter = s
	if g.target.TLS {
		c.tls = tls.Client(s, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // G402: the certificate is ours and made a moment ago
		stream = c.tls
	}
	space := ""
	if pub != nil {
		space = pub.space
	}
	in, err := greet(stream, g.target, pub != nil, space)
	if err != nil {
		return nil, err
	}
	c.in = newScanner(g.target.Protocol, &c.tally)
	early, _ := in.Peek(in.Buffered())
	if err := errors.Join(c.in.scan(early), s.unblock()); err != nil {
		return nil, err
	}
	return c, g.watch(c, unix.EPOLL_CTL_ADD, unix.EPOLLIN)
}

func (g *generator) watch(c *conn, operation int, events uint32) error {
	return unix.EpollCtl(g.poll, operation, c.socket.fd, &unix.EpollEvent{Events: events, Fd: int32(c.index)})
}
