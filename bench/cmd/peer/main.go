// Command peer runs one of the servers that the hub is measured beside.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/karlquant/quasar/bench/peers"
)

func main() {
	if len(os.Args) != 3 || peers.All[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "usage: peer NAME HOST:PORT\nwhere NAME is one of %s\n", strings.Join(peers.Names(), ", "))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := peers.All[os.Args[1]](ctx, os.Args[2]); err != nil {
		fmt.Fprintf(os.Stderr, "peer %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
