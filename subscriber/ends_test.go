package subscriber_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar/internal/dial/dialtest"
	"github.com/karlquant/quasar/subscriber"
)

// The three ways in which a loop ends. Each bubble fails if a goroutine is left.
func TestWatchEnds(t *testing.T) {
	for name, end := range map[string]struct {
		play  script
		leave func(cancel func()) bool
		after time.Duration
		code  websocket.StatusCode
	}{
		"the loop is left":                            {play: send(initial(snap("V75", 1))), leave: func(func()) bool { return true }, code: 1000},
		"ctx ends while the loop waits":               {play: send(initial(snap("V75", 1))), leave: func(cancel func()) bool { time.AfterFunc(time.Second, cancel); return false }, after: time.Second, code: 1000},
		"ctx ends inside the loop":                    {play: send(initial(snap("V75", 1))), leave: func(cancel func()) bool { cancel(); return false }, code: 1000},
		"ctx ends inside the loop, long ago":          {play: send(initial(snap("V75", 1))), leave: func(cancel func()) bool { cancel(); time.Sleep(time.Minute); return false }, after: time.Minute, code: 1000},
		"ctx ends inside the loop, with more to come": {play: send(initial(snap("V75", 1), snap("V76", 1))), leave: func(cancel func()) bool { cancel(); return false }, code: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := newPeer(t, end.play)
				client := hub.client(t, nil)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				start, turns := time.Now(), 0
				for _, err := range client.Watch(ctx) {
					if turns++; err != nil {
						t.Errorf("got the error %v, want none", err)
					}
					if end.leave(cancel) {
						break
					}
				}
				if turns != 1 || time.Since(start) != end.after {
					t.Errorf("got %d turns in %v, want 1 in %v", turns, time.Since(start), end.after)
				}
				synctest.Wait()
				hub.set(func(p *peer) {
					if diff := cmp.Diff([]websocket.StatusCode{end.code}, p.ends); diff != "" {
						t.Errorf("close codes (-want +got):\n%s", diff)
					}
				})
				if client.Status().Connected {
					t.Error("the status says connected, want not")
				}
			})
		})
	}
}

// A hub that hangs gets a second to say goodbye, no more.
func TestWatchDoesNotWaitForAHubThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := dialtest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ws, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			defer ws.CloseNow()
			_ = ws.Write(r.Context(), websocket.MessageText, []byte(initial(snap("V75", 1))))
			<-r.Context().Done() // and reads nothing
		}))
		client, err := subscriber.New("ws://hub", &subscriber.Options{HTTPClient: network.Client()})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		take(client.Watch(anHour(t)), 1)
		if d := time.Since(start); d != time.Second {
			t.Errorf("leaving the loop took %v, want 1s", d)
		}
	})
}

func TestWatchIsNotHeldUpByAHubThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t, send(initial(snap("V75", 1))))
		hub.Down.Store(true)
		client := hub.client(t, &subscriber.Options{Rand: rand.New(rand.NewPCG(1, 2))})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		turns := 0
		for _, err := range client.Watch(ctx) {
			if turns++; err == nil || err.Error() != "connection refused" {
				t.Fatalf("got the error %v, want connection refused", err)
			}
		}
		if turns < 180 || turns > 320 {
			t.Errorf("got %d attempts in an hour, want about 240", turns)
		}
		if s := client.Status(); s.Connected || s.Attempts != int64(turns) || s.Connects != 0 || s.LastError == nil {
			t.Errorf("status: got %+v, want %d attempts in vain", s, turns)
		}
		if _, known := client.Status().Age(time.Now()); known {
			t.Error("an age is known, want none: no frame ever came")
		}
	})
}

// A half-open connection: no packet says that the hub's machine is gone.
func TestAHubThatFallsSilentIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t, hang(initial(snap("V75", 1))), send(initial(snap("V75", 2))))
		client := hub.client(t, nil)
		start := time.Now()
		want := []seen{{Snapshot: "V75 1"}, {Err: "no sign of life from the hub for 1m15s"}}
		if diff := cmp.Diff(want, take(client.Watch(anHour(t)), 2)); diff != "" {
			t.Errorf("turns of the loop (-want +got):\n%s", diff)
		}
		if d := time.Since(start); d != 75*time.Second {
			t.Errorf("noticed after %v, want 75s", d)
		}
		if !errors.Is(client.Status().LastError, subscriber.ErrSilent) {
			t.Errorf("last error: got %v, want ErrSilent", client.Status().LastError)
		}
	})
}

// Pings are answered, and are life enough: the peer's Ping returns only when the
// pong has come.
func TestPingsKeepAQuietConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t, send(initial(snap("V75", 1))))
		client := hub.client(t, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		want := []seen{{Snapshot: "V75 1"}}
		if diff := cmp.Diff(want, take(client.Watch(ctx), 10)); diff != "" {
			t.Errorf("turns of the loop (-want +got):\n%s", diff)
		}
	})
}

// A slow loop does not read ahead: the rest waits at the hub, which conflates.
func TestASlowLoopHoldsTheHubBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		written := make(chan int, 100)
		hub := newPeer(t, func(ctx context.Context, ws *websocket.Conn) {
			_ = ws.Write(ctx, websocket.MessageText, []byte(initial()))
			for i := range 100 {
				if ws.Write(ctx, websocket.MessageText, []byte(update("V75", int64(i+1)))) != nil {
					return
				}
				written <- i
			}
			<-ctx.Done()
		})
		turns := 0
		for range hub.client(t, nil).Watch(anHour(t)) {
			time.Sleep(time.Second)
			if turns++; turns < 10 {
				continue
			}
			// The WebSocket library reads 4 KiB ahead: a dozen frames.
			if n := len(written); n > 30 {
				t.Errorf("after 10 turns the hub had got rid of %d frames, want it to be held back", n)
			}
			break
		}
	})
}

func TestASecondWatchIsTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t, send(initial(snap("V75", 1))))
		client := hub.client(t, nil)
		for range client.Watch(anHour(t)) {
			turns := 0
			for _, err := range client.Watch(anHour(t)) {
				if turns++; !errors.Is(err, subscriber.ErrBusy) {
					t.Errorf("got the error %v, want ErrBusy", err)
				}
			}
			if turns != 1 {
				t.Errorf("got %d turns, want 1", turns)
			}
			break
		}
		if got := take(client.Watch(anHour(t)), 1); got[0].Snapshot != "V75 1" {
			t.Errorf("after the first has ended: got %v, want a snapshot", got)
		}
	})
}

func TestALoopThatPanicsLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t, send(initial(snap("V75", 1))))
		client := hub.client(t, nil)
		func() {
			defer func() { _ = recover() }()
			for range client.Watch(anHour(t)) {
				panic("a loop's own fault")
			}
		}()
		if got := take(client.Watch(anHour(t)), 1); got[0].Snapshot != "V75 1" {
			t.Errorf("after the panic: got %v, want a snapshot", got)
		}
	})
}

// FAULTS: duplicate and reordered deliveries. Within one connection what the
// loop sees of a space only rises, ends with the highest, and skips nothing but
// what came too late.
func TestSeqOnlyRises(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seqs := rapid.SliceOfN(rapid.Int64Range(1, 20), 1, 60).Draw(r, "seqs")
		var frames []string
		want := map[string][]int64{"V0": {0}, "V1": {0}}
		for i, seq := range seqs {
			space := fmt.Sprintf("V%d", i%2)
			frames = append(frames, update(space, seq))
			if last := want[space]; seq > last[len(last)-1] {
				want[space] = append(last, seq)
			}
		}
		frames = append([]string{initial(snap("V0", 0), snap("V1", 0))}, append(frames, update("END", 1))...)
		got := map[string][]int64{}
		synctest.Test(t, func(t *testing.T) {
			for snapshot, err := range newPeer(t, send(frames...)).client(t, nil).Watch(anHour(t)) {
				if err != nil || snapshot.SpaceName == "END" {
					break
				}
				got[snapshot.SpaceName] = append(got[snapshot.SpaceName], snapshot.Seq)
			}
		})
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatalf("seqs (-want +got):\n%s", diff)
		}
	})
}
