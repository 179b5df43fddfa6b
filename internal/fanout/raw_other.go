//go:build !linux || quasar_portable

package fanout

import "net"

// rawWriter is a connection that can be written to without waiting: there is none
// here, and every member has a goroutine of its own.
type rawWriter interface{}

func nonBlocking(net.Conn) rawWriter { return nil }

type writer struct{}

func (*writer) write(rawWriter, []byte) (int, error) {
	panic("fanout: no connection is written to this way here")
}
