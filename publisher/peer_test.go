package publisher_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/dial/dialtest"
	"github.com/karlquant/quasar/internal/wire"
	"github.com/karlquant/quasar/publisher"
)

// peer is the hub's end of the wire: it writes down what comes and sends pings.
type peer struct {
	*dialtest.Network
	start time.Time

	mu     sync.Mutex // guards what follows
	conns  []*websocket.Conn
	frames []frame
	ends   []websocket.StatusCode // how each connection ended, -1 without a close frame
	mute   bool                   // sends no pings
	deaf   bool                   // reads nothing
	hello  func(context.Context, *websocket.Conn)
	header http.Header // of the newest handshake
	path   string
	refuse func(http.ResponseWriter) bool
}

// frame is what came, on which connection, and when since the test began.
type frame struct {
	Conn int
	At   time.Duration
	Text string
}

func newPeer(t *testing.T) *peer {
	p := &peer{start: time.Now()}
	p.Network = dialtest.Serve(t, p)
	return p
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.header, p.path = r.Header.Clone(), r.URL.RequestURI()
	refuse, deaf, hello := p.refuse, p.deaf, p.hello
	p.mu.Unlock()
	if refuse != nil && refuse(w) {
		return
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	number := p.join(ws)
	if hello != nil {
		hello(r.Context(), ws)
	}
	if deaf {
		<-r.Context().Done()
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	var pinging sync.WaitGroup
	pinging.Go(func() { p.ping(ctx, ws) })
	p.read(ctx, ws, number)
	cancel()
	pinging.Wait()
}

func (p *peer) join(ws *websocket.Conn) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, ws)
	return len(p.conns)
}

func (p *peer) read(ctx context.Context, ws *websocket.Conn, number int) {
	for {
		_, data, err := ws.Read(ctx)
		p.mu.Lock()
		if err != nil {
			p.ends = append(p.ends, websocket.CloseStatus(err))
			p.mu.Unlock()
			return
		}
		p.frames = append(p.frames, frame{Conn: number, At: time.Since(p.start), Text: string(data)})
		p.mu.Unlock()
	}
}

// ping is what a hub does every 20 seconds.
func (p *peer) ping(ctx context.Context, ws *websocket.Conn) {
	ticker := time.NewTicker(20 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.mu.Lock()
			mute := p.mute
			p.mu.Unlock()
			if !mute && ws.Ping(ctx) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (p *peer) set(change func(*peer)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// kill drops all connections without a word.
func (p *peer) kill() {
	p.mu.Lock()
	conns := slices.Clone(p.conns)
	p.mu.Unlock()
	for _, ws := range conns {
		ws.CloseNow()
	}
}

// got returns the frames so far, and forgets them.
func (p *peer) got() []frame {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	frames := p.frames
	p.frames = nil
	return frames
}

func (p *peer) closes() []websocket.StatusCode {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.ends)
}

// open returns a started publisher of V75 at the peer, which ends with the test.
func (p *peer) open(t *testing.T, opts *publisher.Options) *publisher.Publisher {
	t.Helper()
	pub := p.make(t, opts)
	pub.Start()
	synctest.Wait()
	return pub
}

func (p *peer) make(t *testing.T, opts *publisher.Options) *publisher.Publisher {
	t.Helper()
	if opts == nil {
		opts = &publisher.Options{}
	}
	opts.HTTPClient = p.Client()
	pub, err := publisher.New("V75", "ws://localhost", opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = pub.Close(ctx)
	})
	return pub
}

func texts(frames []frame) []string {
	var all []string
	for _, f := range frames {
		all = append(all, f.Text)
	}
	return all
}

// store is what a hub makes of the frames.
func store(t testing.TB, frames []frame) quasar.Snapshot {
	t.Helper()
	var s quasar.Snapshot
	for _, f := range frames {
		decoded, err := wire.Decode([]byte(f.Text))
		if err != nil {
			t.Fatalf("the hub refuses %s: %v", f.Text, err)
		}
		if decoded.Type.Updates() {
			if s, err = s.Apply(decoded.Update, time.Unix(1, 0)); err != nil {
				t.Fatalf("the hub refuses %s: %v", f.Text, err)
			}
		}
	}
	return s
}

func steps(n int64) quasar.Training { return quasar.Training{TrainingSteps: &n} }

func votes(signal quasar.Signal, buy int64) quasar.Voting {
	return quasar.Voting{DominantSignal: &signal, BuyCount: &buy}
}

func show(v any) string {
	data, _ := json.Marshal(v)
	return string(data)
}

const identify = `{"type":"identify","space":"V75"}`
