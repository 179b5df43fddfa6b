package deriv_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"

	"github.com/karlquant/quasar/deriv"
	"github.com/karlquant/quasar/deriv/schema"
	"github.com/karlquant/quasar/internal/dial/dialtest"
)

// venue is a small Deriv that does what a test scripts: a real WebSocket server,
// in memory.
type venue struct {
	t   testing.TB
	net *dialtest.Network
	// answer replaces the answer to a call; false leaves it to the default.
	answer func(p *peer, call string, request map[string]any) bool
	// accounts are those of the token, refuse a status for all REST calls, and
	// socketURL the one-time URL, if it is to be another.
	accounts  string
	refuse    int
	cut       bool // ends connections in the middle of their handshake
	socketURL string

	mu    sync.Mutex // guards what follows
	peers []*peer
	calls map[string]int
}

// peer is one connection of a client.
type peer struct {
	v     *venue
	ws    *websocket.Conn
	path  string
	n     int // of the connection, from 1
	mu    sync.Mutex
	subs  map[string]map[string]any // live subscriptions, by id
	total int
	done  chan struct{}  // closed when the connection ends
	tasks sync.WaitGroup // of this connection
}

const demoAccount = `{"account_id":"DOT90004580","balance":10000,"currency":"USD","group":"row","status":"active","account_type":"demo"}`

func newVenue(t testing.TB) *venue {
	v := &venue{t: t, accounts: "[" + demoAccount + "]", calls: map[string]int{}}
	v.net = dialtest.Serve(t, v)
	return v
}

func (v *venue) options() *deriv.Options {
	return &deriv.Options{URL: "http://127.0.0.1:7870", HTTPClient: v.net.Client(), Token: deriv.NewToken("pat-hush"), AppID: "app-1"}
}

// count returns how often a call was made, and connection for "connect".
func (v *venue) count(call string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.calls[call]
}

func (v *venue) note(call string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls[call]++
}

func (v *venue) last() *peer {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.peers) == 0 {
		return nil
	}
	return v.peers[len(v.peers)-1]
}

func (v *venue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/trading/v1/options")
	if strings.HasPrefix(path, "/ws/") {
		v.serveSocket(w, r, path)
		return
	}
	v.note(r.Method + " " + path)
	switch {
	case v.refuse != 0:
		w.WriteHeader(v.refuse)
		fmt.Fprintf(w, `{"errors":[{"status":%d,"code":"Unauthorized","message":"no pat-hush here"}],"meta":{"endpoint":"x","method":"GET","timing":1}}`, v.refuse)
	case r.Header.Get("Authorization") != "Bearer pat-hush" || r.Header.Get("Deriv-App-ID") != "app-1":
		w.WriteHeader(http.StatusUnauthorized)
	case path == "/accounts":
		fmt.Fprintf(w, `{"data":%s}`, v.accounts)
	default:
		address := v.socketURL
		if address == "" {
			address = "ws://127.0.0.1:7870/trading/v1/options/ws/demo?otp=otp-hush"
		}
		fmt.Fprintf(w, `{"data":{"url":%q}}`, address)
	}
}

func (v *venue) serveSocket(w http.ResponseWriter, r *http.Request, path string) {
	if v.cut {
		panic(http.ErrAbortHandler)
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	v.note("connect")
	v.mu.Lock()
	p := &peer{v: v, ws: ws, path: path, n: len(v.peers) + 1, subs: map[string]map[string]any{}, done: make(chan struct{})}
	v.peers = append(v.peers, p)
	v.mu.Unlock()
	p.serve(r.Context())
}

func (p *peer) serve(ctx context.Context) {
	defer p.tasks.Wait()
	defer close(p.done)
	defer p.ws.CloseNow()
	for {
		_, frame, err := p.ws.Read(ctx)
		if err != nil {
			return
		}
		if err := schema.Request(frame); err != nil {
			p.v.t.Errorf("the client sent %s: %v", frame, err)
		}
		var request map[string]any
		if err := json.Unmarshal(frame, &request); err != nil {
			p.v.t.Errorf("the client sent %s: %v", frame, err)
			return
		}
		call := schema.CallOf(frame)
		p.v.note(call)
		if p.v.answer == nil || !p.v.answer(p, call, request) {
			p.standard(call, request)
		}
	}
}

// standard answers as a venue does on which nothing happens.
func (p *peer) standard(call string, request map[string]any) {
	switch call {
	case "time":
		p.reply(request, "time", deriv.TimeAnswer{Time: deriv.EpochOf(time.Now())})
	case "ping":
		p.reply(request, "ping", deriv.PingAnswer{Ping: "pong"})
	case "forget":
		p.mu.Lock()
		_, there := p.subs[request["forget"].(string)]
		delete(p.subs, request["forget"].(string))
		p.mu.Unlock()
		p.reply(request, "forget", deriv.ForgetAnswer{Forget: deriv.Flag(there)})
	case "forget_all":
		p.mu.Lock()
		clear(p.subs)
		p.mu.Unlock()
		p.reply(request, "forget_all", deriv.ForgetAllAnswer{IDs: []string{}})
	case "contracts_for":
		p.reply(request, "contracts_for", offers)
	case "balance":
		p.reply(request, "balance", deriv.BalanceAnswer{Balance: deriv.Balance{Amount: deriv.Cents(1000000), Currency: "USD"}})
	}
}

var offers = deriv.ContractsForAnswer{ContractsFor: deriv.ContractsFor{Available: []deriv.Offer{
	{ContractType: "CALL", Category: "callput", MinDuration: "1t", MaxDuration: "10t", ExpiryType: "tick", StartType: "spot", Symbol: "R_75"},
	{ContractType: "CALL", Category: "callput", MinDuration: "15s", MaxDuration: "1d", ExpiryType: "intraday", StartType: "spot", Symbol: "R_75"},
	{ContractType: "MULTUP", Category: "multiplier", ExpiryType: "no_expiry", StartType: "spot", Multipliers: []float64{100, 200}, Symbol: "R_75"},
}}}

// reply answers a request; one that subscribes gets a subscription.
func (p *peer) reply(request map[string]any, msgType string, body any) string {
	a := deriv.Answer{MsgType: msgType, Echo: must(json.Marshal(request)), ReqID: int64(request["req_id"].(float64))}
	if request["subscribe"] == 1.0 {
		p.mu.Lock()
		p.total++
		id := fmt.Sprintf("sub-%d-%d", p.n, p.total)
		p.subs[id] = request
		p.mu.Unlock()
		a.Subscription = &deriv.Subscription{ID: id}
	}
	p.send(must(deriv.EncodeAnswer(a, body)))
	if a.Subscription == nil {
		return ""
	}
	return a.Subscription.ID
}

// update sends one more value of a subscription.
func (p *peer) update(id, msgType string, body any) {
	p.mu.Lock()
	request := p.subs[id]
	p.mu.Unlock()
	if request == nil {
		return
	}
	p.send(must(deriv.EncodeAnswer(deriv.Answer{
		MsgType: msgType, Echo: must(json.Marshal(request)), ReqID: int64(request["req_id"].(float64)),
		Subscription: &deriv.Subscription{ID: id},
	}, body)))
}

// stream is the id of the only live subscription.
func (p *peer) stream() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range p.subs {
		return id
	}
	return ""
}

func (p *peer) fail(request map[string]any, msgType, code string) {
	p.send(must(deriv.EncodeAnswer(deriv.Answer{
		MsgType: msgType, Echo: must(json.Marshal(request)), ReqID: int64(request["req_id"].(float64)),
		Error: &deriv.Error{Code: code, Message: "No."},
	}, nil)))
}

func (p *peer) send(frame []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_ = p.ws.Write(ctx, websocket.MessageText, frame)
}

// sleep waits, and says whether the connection is still there.
func (p *peer) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.done:
		return false
	}
}

// drop ends the connection without a word.
func (p *peer) drop() { _ = p.ws.CloseNow() }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func tick(symbol string, epoch deriv.Epoch) deriv.TickAnswer {
	quote := must(deriv.ParsePrice(strconv.FormatInt(1000+int64(epoch)%1000, 10) + ".5"))
	return deriv.TickAnswer{Tick: deriv.Tick{Symbol: symbol, Epoch: epoch, Quote: quote, Decimals: 4}}
}

// running runs a client until the test ends, and fails it if Run does.
func running(t testing.TB, c interface{ Run(context.Context) error }) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}
