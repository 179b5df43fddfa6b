// Package watch reads from many connections that hardly ever bring anything. A
// goroutine that waits for each of them costs more than the connection itself: here
// the kernel says which have brought something, and one goroutine reads from those.
// Where that cannot be done each has a goroutine of its own after all.
package watch

import (
	"net"
	"sync"
)

// Reader gets what one connection brings.
type Reader interface {
	// Take gets bytes that came: to change, but not to keep. It must not wait, for
	// others wait for it. Its error ends the reading.
	Take(p []byte) error
	// End is called once, in a goroutine of its own and behind the last Take: with
	// Take's error, or with that of the connection, io.EOF and net.ErrClosed among
	// them. It may wait, and may read on.
	End(err error)
}

// Watcher reads from connections. The zero value is ready, and runs no goroutine
// while there is nothing to read from.
type Watcher struct {
	running sync.WaitGroup // the goroutines that read; those of End are not among them
	poller
}

// Wait waits until the last connection has ended, and no goroutine reads any more.
// Nothing may be added meanwhile.
func (w *Watcher) Wait() { w.running.Wait() }

// Read reads from a connection that Wrap returned, until it ends, and does not wait
// for that. It is called once for each.
func (w *Watcher) Read(conn net.Conn, to Reader) {
	if !w.watch(conn, to) {
		w.running.Go(func() {
			err := readAll(conn, to)
			go to.End(err)
		})
	}
}

// slim is what a goroutine reads through, in bytes: there may be many of them, and
// what comes is short.
const slim = 64

func readAll(conn net.Conn, to Reader) error {
	buf := make([]byte, slim)
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			if err := to.Take(buf[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}
