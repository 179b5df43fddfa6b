//go:build !linux

package peers

import (
	"context"
	"errors"
)

type pace int

const (
	eachMessage pace = iota
	eachTurn
	each10ms
)

// serveFloor says that there is none.
func serveFloor(context.Context, string, pace) error {
	return errors.New("floor: got another system, want Linux: it needs epoll")
}
