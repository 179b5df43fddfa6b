package gate

import (
	"net"
	"sync/atomic"
)

// place is a connection's in the gate's books, until it closes.
type place struct {
	gate *Gate
	from *visitor // nil where the address does not count
	left atomic.Bool
}

func (p *place) leave() {
	if p.left.CompareAndSwap(false, true) {
		p.gate.leave(p.from)
	}
}

// tcpConn is a TCP connection with all that it can do.
type tcpConn struct {
	*net.TCPConn
	place
}

// Close implements net.Conn.
func (c *tcpConn) Close() error {
	defer c.leave() // when the file is free
	return c.TCPConn.Close()
}

// otherConn is a connection of any other kind.
type otherConn struct {
	net.Conn
	place
}

// Close implements net.Conn.
func (c *otherConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}

// track returns conn as one that is counted out when it closes.
func (g *Gate) track(conn net.Conn, from *visitor) net.Conn {
	if tcp, ok := conn.(*net.TCPConn); ok {
		return &tcpConn{TCPConn: tcp, place: place{gate: g, from: from}}
	}
	return &otherConn{Conn: conn, place: place{gate: g, from: from}}
}
