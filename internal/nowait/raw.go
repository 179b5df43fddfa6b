// Package nowait writes to connections without waiting for who reads them. Of a
// plain TCP connection the kernel takes as much as it has room for, and the caller
// sees how much that was. Under crypto/tls that is not possible, for what has been
// encrypted has its place in the stream and must go out to its end: there a Conn
// keeps what the kernel did not take until somebody has the time to wait.
package nowait

import (
	"net"
	"syscall"
)

// Raw returns the way to write to conn with a Writer; nil where there is none.
func Raw(conn net.Conn) syscall.RawConn {
	c, ok := conn.(syscall.Conn)
	if !ok || !supported {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}
