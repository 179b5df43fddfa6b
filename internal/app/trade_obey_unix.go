//go:build unix

package app

import (
	"os"
	"os/signal"
	"syscall"
)

// haltSignals is where SIGUSR1 arrives, which halts trading.
func haltSignals() (<-chan os.Signal, func()) {
	usr1 := make(chan os.Signal, 1)
	signal.Notify(usr1, syscall.SIGUSR1)
	return usr1, func() { signal.Stop(usr1) }
}
