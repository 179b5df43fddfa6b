package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/karlquant/quasar/internal/guard"
)

// listen opens a listener, on loopback only unless told otherwise: without
// credentials nobody else may come in.
func listen(ctx context.Context, addr string, insecure bool) (net.Listener, error) {
	if err := guard.CheckListen(addr); err != nil {
		if !errors.Is(err, guard.ErrNotLoopback) {
			return nil, misconfigured(err)
		}
		if !insecure {
			return nil, misconfigured(fmt.Errorf("%w: anybody there could publish and read; listen on 127.0.0.1, or accept it with --insecure-allow-anonymous", err))
		}
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, listenError(addr, err)
	}
	return l, nil
}

// listenError says whether an address can be none, or cannot be had.
func listenError(addr string, err error) error {
	var bad *net.AddrError
	var unknown *net.DNSError
	if errors.As(err, &bad) || errors.As(err, &unknown) {
		return misconfigured(fmt.Errorf("listen address: got %q, want HOST:PORT with an address of this machine and a port of 0 to 65535", addr))
	}
	return fmt.Errorf("%w; is another program there? choose another address with --listen", err)
}

// withPort puts PORT in place of an address's port.
func withPort(addr, port string) (string, error) {
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", fmt.Errorf("%s: got %q, want 0 to 65535", portEnv, port)
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("listen address: got %q, want HOST:PORT", addr)
	}
	return net.JoinHostPort(host, port), nil
}

// serve answers requests within the limits until ctx ends, then lets those under
// way finish.
func serve(ctx context.Context, l net.Listener, handler http.Handler, log *slog.Logger, within limits) error {
	server := within.server(handler, log)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := server.Shutdown(grace)
	<-ended
	return err
}

// reachable is the address under which a browser on this machine finds a listener.
func reachable(l net.Listener) string {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return l.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
