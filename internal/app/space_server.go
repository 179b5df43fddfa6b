package app

import (
	"context"
	"fmt"
	"html"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	pages "github.com/karlquant/quasar/internal/page"
	"github.com/karlquant/quasar/internal/rest"
	"github.com/karlquant/quasar/publisher"
)

// spaceServer says to whoever asks that a space lives. Hugging Face takes a Space that
// answers at no port for one that failed. It tells nothing that the hub does not show,
// and takes nothing, so that it needs no credentials.
type spaceServer struct {
	name  string
	stats func() publisher.Stats
	since time.Time
}

// spaceHealth is what it says in /health.
type spaceHealth struct {
	Status        string  `json:"status"`
	Version       string  `json:"version"`
	UptimeSeconds float64 `json:"uptime_seconds"`
	SpaceName     string  `json:"space_name"`
	Connected     bool    `json:"connected"`
	Published     int64   `json:"published"`
	Sent          int64   `json:"sent"`
}

func (s *spaceServer) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /health", s.health)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	return mux
}

// health is ok without a hub too: to restart a trainer because its hub is away would
// throw away what it learned.
func (s *spaceServer) health(w http.ResponseWriter, _ *http.Request) {
	stats := s.stats()
	rest.Write(w, spaceHealth{
		Status: "ok", Version: version(), UptimeSeconds: time.Since(s.since).Seconds(), SpaceName: s.name,
		Connected: stats.Connected, Published: stats.Published, Sent: stats.Sent,
	})
}

func (s *spaceServer) page(w http.ResponseWriter, _ *http.Request) {
	var frames []string
	if os.Getenv("SPACE_ID") != "" { // a Space's page is shown in a frame of huggingface.co
		frames = []string{"https://huggingface.co"}
	}
	pages.Protect(w.Header(), frames...)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	state := "no connection to its hub"
	if s.stats().Connected {
		state = "connected to its hub"
	}
	fmt.Fprintf(w, "<!doctype html><html lang=\"en\"><title>%[1]s</title><h1>%[1]s</h1><p>This space trains and is %s, where its numbers are shown.</p></html>\n",
		html.EscapeString(s.name), state)
}

// openSpaceServer listens where it is told to; with an empty address it serves nobody.
func openSpaceServer(ctx context.Context, address string) (net.Listener, error) {
	if address == "" {
		return nil, nil //nolint:nilnil // nobody is to be served
	}
	return listen(ctx, address, true)
}

// run serves until ctx ends; without a listener it only waits for that.
func (s *spaceServer) run(ctx context.Context, l net.Listener, log *slog.Logger) error {
	if l == nil {
		<-ctx.Done()
		return nil
	}
	return serve(ctx, l, s.handler(), log, usualLimits())
}
