package peers

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// serveNATS is an embedded NATS server that listens for WebSocket connections
// and for nothing else. All else is its default.
func serveNATS(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	s, err := server.NewServer(&server.Options{
		DontListen: true, NoLog: true, NoSigs: true,
		Websocket: server.WebsocketOpts{Host: host, Port: number, NoTLS: true},
	})
	if err != nil {
		return err
	}
	s.Start()
	defer s.Shutdown()
	if !s.ReadyForConnections(5 * time.Second) {
		return errors.New("nats: not ready after 5 s")
	}
	<-ctx.Done()
	return nil
}
