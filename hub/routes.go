package hub

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/internal/page"
	"github.com/karlquant/quasar/internal/problem"
)

// The paths that go on with a name.
const (
	publishPath = "/ws/publish/"
	metricsPath = "/metrics/"
	uiPath      = "/ui/"
	sdkPath     = "/sdk/"
)

// routes finds the endpoint of a path. It is no http.ServeMux: that answers odd
// paths with redirects, which WebSocket clients do not follow.
type routes struct {
	hub   *Hub
	exact map[string]http.Handler
	ui    *page.Site // nil for none
	sdk   *page.Site // nil for none
}

func (h *Hub) newRoutes() (http.Handler, error) {
	rt := &routes{hub: h}
	var err error
	if h.opts.UI != nil {
		if rt.ui, err = page.New(h.opts.UI, uiPath, h.opts.FrameAncestors...); err != nil {
			return nil, err
		}
	}
	if h.opts.SDK != nil {
		if rt.sdk, err = page.New(h.opts.SDK, sdkPath); err != nil {
			return nil, err
		}
	}
	rt.exact = map[string]http.Handler{
		"/ws/subscribe": http.HandlerFunc(h.serveSubscriber),
		"/login":        http.HandlerFunc(h.serveLogin),
		"/rankings":     get(h.forViewers(h.serveRankings)),
		"/health":       get(h.serveHealth),
		"/api/state":    get(h.forViewers(h.serveState)),
		"/livez":        get(serveLive),
		"/readyz":       get(h.serveReady),
		"/metrics":      get(h.forViewers(h.newPrometheus().ServeHTTP)),
		"/openapi.json": get(serveOpenAPI),
		"/":             get(rt.serveRoot),
	}
	return guard.Proxies(h.opts.TrustedProxies, h.watched(h.knownHosts(rt))), nil
}

// knownHosts answers any Host if there are tokens for everything: the page of a
// stranger whose name was pointed at us has none. Else it answers those that it
// was told to.
func (h *Hub) knownHosts(next http.Handler) http.Handler {
	known := guard.Hosts(h.opts.AllowedHosts, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.closed() {
			next.ServeHTTP(w, r)
			return
		}
		known.ServeHTTP(w, r)
	})
}

func get(f http.HandlerFunc) http.Handler { return problem.GetOnly(f) }

func (rt *routes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store") // but for those that know better

	if r.URL.Path != "/" { // which may be the user's own page
		w.Header().Set("X-Content-Type-Options", "nosniff")
	}
	if handler, ok := rt.exact[r.URL.Path]; ok {
		handler.ServeHTTP(w, r)
		return
	}
	if name, ok := strings.CutPrefix(r.URL.Path, publishPath); ok {
		rt.hub.servePublisher(w, r, name)
		return
	}
	if name, ok := strings.CutPrefix(r.URL.Path, metricsPath); ok {
		get(rt.hub.forViewers(func(w http.ResponseWriter, r *http.Request) { rt.hub.serveAsset(w, r, name) })).ServeHTTP(w, r)
		return
	}
	for _, site := range []struct {
		prefix string
		*page.Site
	}{{uiPath, rt.ui}, {sdkPath, rt.sdk}} {
		if site.Site != nil && strings.HasPrefix(r.URL.Path, site.prefix) {
			problem.GetOnly(site.Site).ServeHTTP(w, r)
			return
		}
	}
	problem.Write(w, http.StatusNotFound, "path: got one that names nothing here, want one of those in /openapi.json")
}

// serveRoot serves the user's own page, or ours, or says where the data is.
func (rt *routes) serveRoot(w http.ResponseWriter, r *http.Request) {
	if path := rt.hub.opts.DashboardHTML; path != "" {
		serveUserPage(w, r, path, rt.hub)
		return
	}
	if rt.ui != nil && rt.ui.Has("index.html") {
		rt.ui.Serve(w, r, "index.html")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write([]byte("Quasar hub. This build has no dashboard; the data is at /rankings, /api/state and /openapi.json.\n"))
}

// serveUserPage serves somebody's own dashboard as it is: what it may load and
// run is their decision. It is read anew each time, so that they may edit it.
func serveUserPage(w http.ResponseWriter, r *http.Request, path string, h *Hub) {
	page, err := readPage(path)
	if err != nil {
		h.opts.Logger.Error("the user's dashboard cannot be read", "err", err)
		problem.Write(w, http.StatusInternalServerError, "DASHBOARD_HTML: got a file that cannot be read; our own page is at /ui/")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(page))
}

// maxPage bounds the user's page, which is held in memory while it is served.
const maxPage = 16 << 20

func readPage(path string) ([]byte, error) {
	info, err := os.Stat(path) // before it is opened: opening a pipe may take for ever
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxPage {
		return nil, fmt.Errorf("%s: got %s of %d bytes, want a file of at most %d", path, info.Mode().Type(), info.Size(), maxPage)
	}
	return os.ReadFile(path)
}
