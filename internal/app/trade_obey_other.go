//go:build !unix

package app

import "os"

// haltSignals is where nothing arrives: this system has no SIGUSR1.
func haltSignals() (<-chan os.Signal, func()) { return nil, func() {} }
