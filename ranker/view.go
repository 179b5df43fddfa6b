package ranker

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/internal/problem"
)

// Whoever looks at the page gets what /api/state answers as a text frame whenever that
// has changed. A viewer that sends anything is let go.

const (
	// viewEvery is how often a viewer is told of changes at most, viewAtLeast how
	// often also without one, so that it knows that the connection lives.
	viewEvery   = 500 * time.Millisecond
	viewAtLeast = 5 * time.Second
	// viewPatience is how long a viewer may take to take a frame.
	viewPatience = 10 * time.Second
	maxViewers   = 32
	// compressFrom is from how many bytes on a frame is compressed.
	compressFrom = 8 << 10
)

// viewers are the connections of those who look, and the frame that all of them get.
type viewers struct {
	mu    sync.Mutex // guards what follows; held while a frame is made
	n     int
	over  chan struct{} // closed when Run ends; nil while none runs
	made  time.Time
	etag  string
	frame []byte
}

// run tells that Run runs. The function that it returns ends all connections.
func (v *viewers) run() (end func()) {
	over := make(chan struct{})
	v.mu.Lock()
	v.over = over
	v.mu.Unlock()
	return func() {
		v.mu.Lock()
		v.over = nil
		v.mu.Unlock()
		close(over)
	}
}

// enter counts a viewer in, if there is room. over is nil while no Run runs.
func (v *viewers) enter() (over <-chan struct{}, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.n == maxViewers {
		return nil, false
	}
	v.n++
	return v.over, true
}

func (v *viewers) leave() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n--
}

// frame returns what is to be seen now with its tag: made once for all who ask within
// viewEvery.
func (r *Ranker) frame(now time.Time) (etag string, frame []byte, err error) {
	v := &r.viewers
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.frame != nil && now.Sub(v.made) < viewEvery*9/10 {
		return v.etag, v.frame, nil
	}
	seen := r.look(now, "")
	if frame, err = json.Marshal(r.state(seen), json.Deterministic(true)); err != nil {
		return "", nil, err
	}
	v.made, v.etag, v.frame = now, seen.etag, frame
	return v.etag, v.frame, nil
}

// serveView tells a viewer of every change until it leaves.
func (r *Ranker) serveView(w http.ResponseWriter, req *http.Request) {
	if err := guard.CheckOrigin(req, nil); err != nil {
		problem.Write(w, http.StatusForbidden, err.Error())
		return
	}
	viewer, ok := r.admit(w, req)
	if !ok {
		return
	}
	if !strings.EqualFold(req.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		problem.Write(w, http.StatusUpgradeRequired, "upgrade: got none, want a WebSocket; /api/state answers the same to a GET")
		return
	}
	over, ok := r.viewers.enter()
	if !ok {
		w.Header().Set("Retry-After", "10")
		problem.Write(w, http.StatusServiceUnavailable, "viewers: there are as many as this ranker takes; poll /api/state instead")
		return
	}
	defer r.viewers.leave()
	conn, err := websocket.Accept(w, req, &websocket.AcceptOptions{
		InsecureSkipVerify: true,                  // the origin was checked above
		Subprotocols:       []string{"quasar.v1"}, // of those who bring a token beside it
		CompressionMode:    websocket.CompressionNoContextTakeover, CompressionThreshold: compressFrom,
	})
	if err != nil {
		return // Accept has answered
	}
	defer func() { _ = conn.CloseNow() }()
	r.show(conn.CloseRead(context.WithoutCancel(req.Context())), conn, viewer.Live.Done(), over)
}

// show writes frames until the viewer goes, its token or the ranker.
func (r *Ranker) show(ctx context.Context, conn *websocket.Conn, revoked, over <-chan struct{}) {
	ticker := time.NewTicker(viewEvery)
	defer ticker.Stop()
	known, told := "", time.Time{}
	for {
		now := time.Now()
		etag, frame, err := r.frame(now)
		if err != nil {
			_ = conn.Close(websocket.StatusInternalError, "this state cannot be put into words")
			return
		}
		if etag != known || now.Sub(told) >= viewAtLeast {
			if err := write(ctx, conn, frame); err != nil {
				return
			}
			known, told = etag, now
		}
		select {
		case <-ctx.Done():
			return
		case <-revoked:
			_ = conn.Close(websocket.StatusPolicyViolation, "the credential was revoked or has expired")
			return
		case <-over:
			_ = conn.Close(websocket.StatusGoingAway, "the ranker ends")
			return
		case <-ticker.C:
		}
	}
}

func write(ctx context.Context, conn *websocket.Conn, frame []byte) error {
	ctx, cancel := context.WithTimeout(ctx, viewPatience)
	defer cancel()
	return conn.Write(ctx, websocket.MessageText, frame)
}
