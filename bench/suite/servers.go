// Package suite says what `make bench-hub` measures: which servers, and what is
// done to them.
package suite

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/karlquant/quasar/internal/bench"
)

// Server is one of the servers that are measured.
type Server struct {
	Name     string
	Title    string
	Command  []string // {addr}, {host} and {port} stand for where it listens
	Dir      string   // where it runs; "" for here
	Protocol bench.Protocol
	Form     bench.Form
	TLS      bool
	Hub      bool // whether it can be asked what it counts
}

// Programs are where the programs are that servers run on.
type Programs struct {
	Quasar string
	Peer   string
	// Python is an interpreter that has what python/requirements.txt asks for; ""
	// leaves the Python server out.
	Python    string
	PythonDir string // where hub.py is
}

// Resolve makes the paths absolute: servers may run in other folders.
func (p *Programs) Resolve() (err error) {
	for _, path := range []*string{&p.Quasar, &p.Peer, &p.PythonDir} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
		if _, err := os.Stat(*path); err != nil {
			return fmt.Errorf("%w; `make bench-hub` builds what is needed", err)
		}
	}
	return nil
}

// Servers returns all servers.
func Servers(p Programs) []Server {
	peer := func(name, title string, protocol bench.Protocol) Server {
		return Server{Name: name, Title: title, Command: []string{p.Peer, name, "{addr}"}, Protocol: protocol, Form: bench.Ready}
	}
	all := []Server{
		Hub("hub", p.Quasar),
		peer("floor", "raw TCP floor, one write a message", bench.Raw),
		peer("floor-coalesce", "raw TCP floor, coalescing", bench.Raw),
		peer("floor-10ms", "raw TCP floor, a write every 10 ms", bench.Raw),
		peer("queue", "coalescing queue per subscriber", bench.WebSocket),
		peer("nats", "NATS over WebSocket", bench.NATS),
		peer("gws", "gws, Broadcaster", bench.WebSocket),
		peer("gorilla", "gorilla/websocket, PreparedMessage, queues", bench.WebSocket),
		peer("gorilla-loop", "gorilla/websocket, PreparedMessage, one loop", bench.WebSocket),
		peer("coder", "coder/websocket, queues", bench.WebSocket),
		peer("hub-tls", "hub, TLS", bench.WebSocket),
		peer("hub-std-tls", "hub, TLS by tls.NewListener", bench.WebSocket),
		peer("floor-tls", "Go TLS floor, coalescing", bench.Raw),
	}
	for i := range all {
		all[i].TLS = strings.HasSuffix(all[i].Name, "-tls")
		if all[i].TLS && strings.HasPrefix(all[i].Name, "hub-") {
			all[i].Form, all[i].Hub = bench.Publish, true
		}
	}
	if p.Python != "" {
		all = append(all, Server{
			Name: "python", Title: "FastAPI, uvicorn, websockets",
			Command: []string{p.Python, "-m", "uvicorn", "hub:app", "--host", "{host}", "--port", "{port}", "--ws", "websockets", "--log-level", "error"},
			Dir:     p.PythonDir, Protocol: bench.WebSocket, Form: bench.Publish,
		})
	}
	return all
}

// noLimits lets the generator open as many connections at once as it likes: others
// have no limit either.
var noLimits = []string{"--accept-rate", "100000", "--max-connections", "100000", "--max-subscribers", "100000", "--free-files", "64"}

// Hub is a hub under a name, with flags of its own after those it needs.
func Hub(name, quasar string, flags ...string) Server {
	command := []string{quasar, "hub", "--listen", "{addr}", "--log-level", "warn"}
	command = append(append(command, noLimits...), flags...)
	return Server{Name: name, Title: strings.Join(append([]string{"quasar hub"}, flags...), " "), Command: command, Protocol: bench.WebSocket, Form: bench.Publish, Hub: true}
}

// Variant reads "NAME=PROGRAM [FLAG...]", a further hub beside the first: another
// build, or another setting.
func Variant(text string) (Server, error) {
	name, command, ok := strings.Cut(text, "=")
	words := strings.Fields(command)
	if !ok || name == "" || len(words) == 0 {
		return Server{}, fmt.Errorf("variant: got %q, want NAME=PROGRAM [FLAG...]", text)
	}
	s := Hub(name, words[0], words[1:]...)
	s.Title += " (" + name + ")"
	return s, nil
}

// Target is a server that runs, as the load generator needs it.
func (s *Server) Target(running *bench.Server) *bench.Target {
	t := &bench.Target{Addr: running.Addr, PID: running.PID, Protocol: s.Protocol, Form: s.Form, TLS: s.TLS}
	if s.Hub {
		t.Counters = bench.HubCounters(running.Addr, s.TLS)
	}
	return t
}
