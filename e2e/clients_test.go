//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// client is a WebSocket client of others. It can do both, the hub's two paths
// decide what it is.
type client struct {
	name    string
	command func(t *testing.T) []string
	// deflates tells that it offers compression, unless it is told otherwise.
	deflates bool
}

var clients = []client{
	{name: "websockets", command: pythonWith("websockets", "clients/websockets_client.py"), deflates: true},
	{name: "websocket-client", command: pythonWith("websocket", "clients/websocket_client_lib.py")},
	{name: "ws", command: node("clients/ws.mjs"), deflates: true},
}

// present are the clients that this machine has; each other one is a test that is
// skipped.
func present(t *testing.T) []client {
	t.Helper()
	var out []client
	for _, c := range clients {
		t.Run(c.name+" is here", func(t *testing.T) {
			c.command(t)
			out = append(out, c)
		})
	}
	return out
}

func (c client) start(t *testing.T, role, url string) *process {
	t.Helper()
	args := append(c.command(t), role, url)
	return start(t, c.name+" "+role, exec.Command(args[0], args[1:]...))
}

// pythonWith is a Python that has a module: the system's, then the first in PATH.
func pythonWith(module, script string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		t.Helper()
		for _, python := range []string{os.Getenv("PYTHON"), "/usr/bin/python3", "python3"} {
			if python != "" && exec.Command(python, "-c", "import "+module).Run() == nil {
				return []string{python, script}
			}
		}
		t.Skipf("no Python with the module %s", module)
		return nil
	}
}

func node(script string) func(*testing.T) []string {
	return func(t *testing.T) []string {
		t.Helper()
		if _, err := os.Stat("node_modules/ws"); err != nil {
			t.Skip("no ws for Node: npm ci --prefix e2e")
		}
		return []string{"node", script}
	}
}
