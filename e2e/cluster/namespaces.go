//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strings"
)

// insideEnv is set in the namespace that the whole play takes place in.
const insideEnv = "QUASAR_CLUSTER_INSIDE"

// The namespaces of the hubs hang on two bridges in one of our own: one for their
// clients, 10.99.0.0/24, and one for themselves, 10.98.0.0/24. Nothing leads out.
const setUp = `set -e
ip link set lo up
for net in 98 99; do
  ip link add br$net type bridge; ip addr add 10.$net.0.100/24 dev br$net; ip link set br$net up
done
for i in 1 2 3; do
  ip netns add "$NAMES$i"
  ip -n "$NAMES$i" link set lo up
  for net in 98 99; do
    ip link add "v$net-$i" type veth peer name "e$net" netns "$NAMES$i"
    ip link set "v$net-$i" master br$net up
    ip -n "$NAMES$i" addr add 10.$net.0.$i/24 dev e$net
    ip -n "$NAMES$i" link set e$net up
  done
done`

const tearDown = `for i in 1 2 3; do ip netns del "$NAMES$i"; done`

// names is how the namespaces of this process are called.
func names() string { return os.Getenv(insideEnv) }

// enter returns the command that plays everything in a namespace of its own, or nil
// where that cannot be.
func enter(ctx context.Context) *exec.Cmd {
	me, err := user.Current()
	if err != nil || me.Uid != "0" || exec.CommandContext(ctx, "unshare", "-n", "ip", "link").Run() != nil {
		return nil
	}
	prefix := fmt.Sprintf("quasar%d-", os.Getpid())
	args := append([]string{"-n", "sh", "-c", "(" + setUp + ") || exit 3\n\"$@\"; code=$?\n" + tearDown + "\nexit $code", "sh", os.Args[0]}, os.Args[1:]...)
	cmd := exec.CommandContext(ctx, "unshare", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Env = append(os.Environ(), insideEnv+"="+prefix, "NAMES="+prefix)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd
}

// cut makes two hubs unreachable for each other, and mend ends that.
func cut(ctx context.Context, a, b int) error  { return route(ctx, "add", a, b) }
func mend(ctx context.Context, a, b int) error { return route(ctx, "del", a, b) }

func route(ctx context.Context, verb string, a, b int) error {
	for _, pair := range [][2]int{{a, b}, {b, a}} {
		args := []string{"-n", fmt.Sprint(names(), pair[0]), "route", verb, "blackhole", fmt.Sprintf("10.98.0.%d/32", pair[1])}
		if out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}
