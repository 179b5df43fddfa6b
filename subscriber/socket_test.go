package subscriber_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/subscriber"
)

// serve plays a script on a real socket at the given address until the answer
// is called.
func serve(t testing.TB, address string, play script) (hubURL string, kill func()) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Done()
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		play(ws.CloseRead(r.Context()), ws)
	})
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: handler, BaseContext: func(net.Listener) context.Context { return ctx }}}
	server.Start()
	return "http://" + l.Addr().String(), sync.OnceFunc(func() {
		cancel()
		server.Close()
		running.Wait()
	})
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not after 30 s: %s", what)
		}
	}
}

// Real sockets, a hub that is killed and started again on the same port, and
// somebody who asks for the status all the while.
func TestAHubThatRestarts(t *testing.T) {
	before := runtime.NumGoroutine()
	hubURL, kill := serve(t, "127.0.0.1:0", send(initial(snap("V75", 100)), update("V75", 101)))
	client, err := subscriber.New(hubURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stop := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				client.Status()
				runtime.Gosched()
			}
		}
	})
	var seqs []int64
	lost := 0
	for snapshot, err := range client.Watch(ctx) {
		switch {
		case err != nil:
			if lost++; lost == 1 {
				_, kill = serve(t, hubURL[len("http://"):], send(initial(snap("V75", 7)), update("V75", 8)))
			}
		default:
			seqs = append(seqs, snapshot.Seq)
			if snapshot.Seq == 101 {
				kill()
			}
		}
		if len(seqs) == 4 {
			break
		}
	}
	close(stop)
	asking.Wait()
	if got, want := fmt.Sprint(seqs), "[100 101 7 8]"; got != want || lost == 0 {
		t.Errorf("got the seqs %s and %d errors, want %s and at least 1", got, lost, want)
	}
	kill()
	eventually(t, "all goroutines are gone", func() bool { return runtime.NumGoroutine() <= before })
}

func many(n int) []quasar.Snapshot {
	all := make([]quasar.Snapshot, n)
	for i := range all {
		all[i] = quasar.Snapshot{
			SpaceName: fmt.Sprintf("SPACE_%05d", i), Seq: 1760000000000000 + int64(i), UpdatedAt: hubTime, TrainingAt: hubTime, VotingAt: hubTime,
			Training: quasar.Training{TrainingSteps: new(int64(1200)), ActorLoss: new(0.12345678), CriticLoss: new(0.3456789), AVNLoss: new(0.0512345), AVNAccuracy: new(0.8123456)},
			Voting:   quasar.Voting{DominantSignal: new(quasar.Buy), BuyCount: new(int64(7)), SellCount: new(int64(3)), LastPrice: new(451234.12), SignalSource: new("ensemble")},
		}
	}
	return all
}

// The libraries' own limit is 32 KiB.
func TestAnInitialStateOfTenThousandSpaces(t *testing.T) {
	const n = 10_000
	hubURL, kill := serve(t, "127.0.0.1:0", send(initial(many(n)...), update("SPACE_00000", 1770000000000000)))
	defer kill()
	client, err := subscriber.New(hubURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got := take(client.Watch(ctx), n+1)
	if len(got) != n+1 {
		t.Fatalf("got %d snapshots, want %d", len(got), n+1)
	}
	if last := got[n]; got[0].Snapshot != "SPACE_00000 1760000000000000" || got[n-1].Snapshot != "SPACE_09999 1760000000009999" || last.Snapshot != "SPACE_00000 1770000000000000" {
		t.Errorf("got %v … %v, %v, want all by name and then the update", got[0], got[n-1], last)
	}
}

// BenchmarkWatch is what one update costs from the socket to the loop.
func BenchmarkWatch(b *testing.B) {
	frames := make([][]byte, 1000)
	for i := range frames {
		frames[i] = []byte(update("V75", int64(i+1)))
	}
	hubURL, kill := serve(b, "127.0.0.1:0", func(ctx context.Context, ws *websocket.Conn) {
		for ctx.Err() == nil {
			_ = ws.Write(ctx, websocket.MessageText, []byte(initial()))
			for _, frame := range frames {
				if ws.Write(ctx, websocket.MessageText, frame) != nil {
					return
				}
			}
		}
	})
	defer kill()
	client, err := subscriber.New(hubURL, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	n := 0
	b.ResetTimer()
	for _, err := range client.Watch(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		if n++; n == b.N {
			break
		}
	}
}
