package subscriber_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/dial/dialtest"
	"github.com/karlquant/quasar/internal/wire"
	"github.com/karlquant/quasar/subscriber"
)

// peer is the hub's end of the wire: it plays one script per connection, and
// the last of them for all that follow.
type peer struct {
	*dialtest.Network
	scripts []script

	mu     sync.Mutex // guards what follows
	conns  int
	ends   []websocket.StatusCode // how each connection was left, -1 without a close frame
	said   int                    // data frames that came from the subscriber
	header http.Header
	uri    string
	refuse func(http.ResponseWriter) bool
}

type script func(context.Context, *websocket.Conn)

func newPeer(t *testing.T, scripts ...script) *peer {
	p := &peer{scripts: scripts}
	p.Network = dialtest.Serve(t, p)
	return p
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.header, p.uri = r.Header.Clone(), r.URL.RequestURI()
	refuse := p.refuse
	play := p.scripts[min(p.conns, len(p.scripts)-1)]
	p.mu.Unlock()
	if refuse != nil && refuse(w) {
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	p.mu.Lock()
	p.conns++
	p.mu.Unlock()
	ctx, cancel := context.WithCancel(r.Context())
	var reading sync.WaitGroup
	reading.Go(func() {
		defer cancel()
		p.read(ws)
	})
	play(ctx, ws)
	ws.CloseNow()
	reading.Wait()
}

func (p *peer) read(ws *websocket.Conn) {
	for {
		_, _, err := ws.Read(context.Background())
		p.mu.Lock()
		if err != nil {
			p.ends = append(p.ends, websocket.CloseStatus(err))
			p.mu.Unlock()
			return
		}
		p.said++
		p.mu.Unlock()
	}
}

func (p *peer) set(change func(*peer)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// anHour of fake time is more than any of these loops needs.
func anHour(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	t.Cleanup(cancel)
	return ctx
}

func (p *peer) client(t *testing.T, opts *subscriber.Options) *subscriber.Client {
	t.Helper()
	if opts == nil {
		opts = &subscriber.Options{}
	}
	opts.HTTPClient = p.Client()
	client, err := subscriber.New("ws://localhost", opts)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// send writes frames and then pings every 20 seconds until the subscriber goes.
func send(frames ...string) script {
	return func(ctx context.Context, ws *websocket.Conn) {
		for _, frame := range frames {
			if ws.Write(ctx, websocket.MessageText, []byte(frame)) != nil {
				return
			}
		}
		ping(ctx, ws)
	}
}

func ping(ctx context.Context, ws *websocket.Conn) {
	ticker := time.NewTicker(20 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if ws.Ping(ctx) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// hang writes frames and then falls silent.
func hang(frames ...string) script {
	return func(ctx context.Context, ws *websocket.Conn) {
		for _, frame := range frames {
			_ = ws.Write(ctx, websocket.MessageText, []byte(frame))
		}
		<-ctx.Done()
	}
}

// closing writes frames and then closes with a code and a reason.
func closing(code websocket.StatusCode, reason string, frames ...string) script {
	return func(ctx context.Context, ws *websocket.Conn) {
		for _, frame := range frames {
			_ = ws.Write(ctx, websocket.MessageText, []byte(frame))
		}
		_ = ws.Close(code, reason)
	}
}

var hubTime = time.Unix(1760000000, 0)

// snap is a snapshot of the space with the given seq.
func snap(space string, seq int64) quasar.Snapshot {
	return quasar.Snapshot{
		SpaceName: space, Seq: seq, UpdatedAt: hubTime, TrainingAt: hubTime,
		Training: quasar.Training{TrainingSteps: new(seq)},
	}
}

func initial(snapshots ...quasar.Snapshot) string {
	return string(wire.AppendInitialState(nil, snapshots, hubTime))
}

func update(space string, seq int64) string {
	s := snap(space, seq)
	return string(wire.AppendMetricsUpdate(nil, &s, hubTime.Add(time.Duration(seq)*time.Second)))
}
