//go:build !linux || quasar_portable

package nowait

import "syscall"

const supported = false

// Writer would write without waiting; here Raw never has anything for it.
type Writer struct{}

// Write panics: there is no connection that could be written to this way.
func (*Writer) Write(syscall.RawConn, []byte) (int, error) {
	panic("nowait: no connection is written to this way here")
}
