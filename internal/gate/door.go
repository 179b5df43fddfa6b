package gate

import (
	"net"
	"sync"
	"time"
)

// door is a listener behind which those are whom the gate let in.
type door struct {
	net.Listener
	gate *Gate

	mu       sync.Mutex            // guards what follows
	farewell map[net.Conn]struct{} // those that are being told why they may not come in
	closed   bool

	farewells sync.WaitGroup
}

// Listener returns a listener with those of l's connections that the gate lets in.
// Closing it closes l and those that are being turned away; what was let in stays
// open.
func (g *Gate) Listener(l net.Listener) net.Listener {
	return &door{Listener: l, gate: g, farewell: make(map[net.Conn]struct{})}
}

// Accept waits for the next connection that may come in.
func (d *door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from, why := d.gate.admit(conn, time.Now())
		if why == 0 {
			return d.gate.track(conn, from), nil
		}
		d.turnAway(conn, why)
	}
}

// Close implements net.Listener.
func (d *door) Close() error {
	d.mu.Lock()
	d.closed = true
	for conn := range d.farewell {
		_ = conn.SetDeadline(time.Unix(1, 0))
	}
	d.mu.Unlock()
	err := d.Listener.Close()
	d.farewells.Wait()
	return err
}
