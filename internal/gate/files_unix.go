//go:build unix

package gate

import (
	"math"
	"syscall"
)

// openFiles is how many files the process may have open. Go has raised the soft
// limit to the hard one when the process started.
func openFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(limit.Cur, math.MaxInt32))
}
