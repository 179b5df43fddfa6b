//go:build !linux

package bench

import "context"

// Server is a server in a process of its own.
type Server struct {
	Addr string
	PID  int
}

// Start answers ErrPlatform.
func Start(context.Context, []string, string) (*Server, error) { return nil, ErrPlatform }

// Stop does nothing: there is no server.
func (*Server) Stop() {}

// Prepare answers ErrPlatform.
func Prepare(int) error { return ErrPlatform }

// Run answers ErrPlatform.
func Run(context.Context, *Target, *Workload, *Options) (*Measurement, error) {
	return nil, ErrPlatform
}
