package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/internal/problem"
)

// addAdminFlag adds the flag of the admin listener.
func addAdminFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "admin-listen", "", "address on this machine, 127.0.0.1:PORT, for profiles at /debug/pprof/ (default: none)")
}

// listenAdmin opens the admin listener; it is nil for none. Who asks there is
// believed, so it is on loopback, whatever else was allowed.
func listenAdmin(ctx context.Context, addr string) (net.Listener, error) {
	if addr == "" {
		return nil, nil
	}
	if err := guard.CheckListen(addr); err != nil {
		return nil, misconfigured(fmt.Errorf("admin-%w; who may ask for profiles sees into the program: use 127.0.0.1:PORT", err))
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%w; choose another address with --admin-listen", err)
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() { // a name may stand for any address
		_ = l.Close()
		return nil, misconfigured(fmt.Errorf("admin-listen address: got %+q, which is %v, want 127.0.0.1:PORT", addr, l.Addr()))
	}
	return l, nil
}

// serveAdmin serves profiles until ctx ends, on l if that is not nil.
func serveAdmin(ctx context.Context, l net.Listener, log *slog.Logger) error {
	if l == nil {
		return nil
	}
	log.Info("admin listener", "profiles", "http://"+l.Addr().String()+"/debug/pprof/")
	within := usualLimits()
	within.requestTime, within.answerTime = 0, 0 // a profile takes as long as it is told to
	return serve(ctx, l, endingWith(ctx, newAdmin()), log, within)
}

// endingWith ends the requests that are under way when ctx ends: a profile takes longer
// than a server waits.
func endingWith(ctx context.Context, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		both, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		next.ServeHTTP(w, r.WithContext(both))
	})
}

// newAdmin serves the profiles of this process, to programs and people of this
// machine. The command line is not among them: somebody may have put a secret
// there.
func newAdmin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/cmdline", http.NotFound)
	return guard.Hosts(nil, ownPagesOnly(mux))
}

// ownPagesOnly refuses what a page of another site makes a browser ask for: it
// could not read a profile, but have one made again and again.
func ownPagesOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Sec-Fetch-Site") {
		case "", "none", "same-origin":
			next.ServeHTTP(w, r)
		default:
			problem.Write(w, http.StatusForbidden, "origin: got a page of another site, want none")
		}
	})
}
