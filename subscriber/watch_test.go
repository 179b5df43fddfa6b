package subscriber_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/internal/dial/dialtest"
	"github.com/karlquant/quasar/subscriber"
)

func TestNewSaysWhatIsWrong(t *testing.T) {
	tests := []struct {
		name, hubURL string
		opts         *subscriber.Options
		want         string
	}{
		{name: "a hub without a scheme", hubURL: "localhost:7860",
			want: `subscriber: hub URL: got the scheme "localhost", want ws, wss, http or https, as in ws://host:7860`},
		{name: "an asset that cannot be one", hubURL: "ws://h", opts: &subscriber.Options{Assets: []string{"V75", "V 100"}},
			want: `subscriber: assets: space name: got "V 100", want 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or a digit`},
		{name: "a frame of less than nothing", hubURL: "ws://h", opts: &subscriber.Options{MaxFrame: -1},
			want: "subscriber: MaxFrame: got -1, want bytes above 0, or 0 for 67108864"},
		{name: "a token that no header may hold", hubURL: "ws://h", opts: &subscriber.Options{Token: "a\nb"},
			want: "subscriber: token: got 3 bytes that no header may hold, want printable ASCII"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := subscriber.New(test.hubURL, test.opts)
			if err == nil || err.Error() != test.want {
				t.Errorf("got the error %v\nwant %s", err, test.want)
			}
		})
	}
}

// One way only: what a client can be asked is to watch, and how it is.
func TestClientCannotSend(t *testing.T) {
	var got []string
	for m := range reflect.TypeFor[*subscriber.Client]().Methods() {
		got = append(got, m.Name+strings.TrimPrefix(m.Type.String(), "func(*subscriber.Client"))
	}
	want := []string{
		"Status) subscriber.Status",
		"Watch, context.Context) iter.Seq2[github.com/karlquant/quasar.Snapshot,error]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("methods (-want +got):\n%s", diff)
	}
	for f := range reflect.TypeFor[subscriber.Client]().Fields() {
		if f.IsExported() {
			t.Errorf("the field %s is open to all", f.Name)
		}
	}
}

// seen is what one turn of a loop got.
type seen struct {
	Snapshot string // space and seq
	Err      string
}

// take runs n turns of a loop.
func take(watch iter.Seq2[quasar.Snapshot, error], n int) []seen {
	var all []seen
	for snapshot, err := range watch {
		all = append(all, see(snapshot, err))
		if len(all) == n {
			break
		}
	}
	return all
}

func see(snapshot quasar.Snapshot, err error) seen {
	if err != nil {
		return seen{Err: err.Error()}
	}
	return seen{Snapshot: fmt.Sprint(snapshot.SpaceName, " ", snapshot.Seq)}
}

func TestWatch(t *testing.T) {
	tests := []struct {
		name    string
		opts    *subscriber.Options
		scripts []script
		want    []seen
		status  subscriber.Status // counts only
	}{
		{
			name:    "the initial state by name, then each update",
			scripts: []script{send(initial(snap("V75", 5), snap("V100", 3)), update("V75", 6), update("V100", 4), update("NEW", 1))},
			want:    []seen{{Snapshot: "V100 3"}, {Snapshot: "V75 5"}, {Snapshot: "V75 6"}, {Snapshot: "V100 4"}, {Snapshot: "NEW 1"}},
			status:  subscriber.Status{Connects: 1, Attempts: 1, Frames: 4, Snapshots: 5},
		},
		{
			name: "an update that is not newer than the last of its space is dropped",
			scripts: []script{send(initial(snap("V75", 5)),
				update("V75", 5), update("V75", 7), update("V75", 6), update("V75", 7), update("V100", 1), update("V75", 8))},
			want:   []seen{{Snapshot: "V75 5"}, {Snapshot: "V75 7"}, {Snapshot: "V100 1"}, {Snapshot: "V75 8"}},
			status: subscriber.Status{Connects: 1, Attempts: 1, Frames: 7, Snapshots: 4, Stale: 3},
		},
		{
			name:    "another initial state resets what is known, backwards too",
			scripts: []script{send(initial(snap("V75", 50)), initial(snap("V75", 5)), update("V75", 6))},
			want:    []seen{{Snapshot: "V75 50"}, {Snapshot: "V75 5"}, {Snapshot: "V75 6"}},
			status:  subscriber.Status{Connects: 1, Attempts: 1, Frames: 3, Snapshots: 3},
		},
		{
			name:    "a frame of a type to come is passed over",
			scripts: []script{send(initial(), `{"type":"hub_notice","text":"hello"}`, update("V75", 1))},
			want:    []seen{{Snapshot: "V75 1"}},
			status:  subscriber.Status{Connects: 1, Attempts: 1, Frames: 3, Snapshots: 1, Ignored: 1},
		},
		{
			name:    "a malformed frame is an error and the connection goes on",
			scripts: []script{send(initial(), `{"type":"metrics_update","space_name":"../x"}`, update("V75", 1))},
			want:    []seen{{Err: `frame dropped: metrics_update of "../x": got no snapshot`}, {Snapshot: "V75 1"}},
			status:  subscriber.Status{Connects: 1, Attempts: 1, Frames: 3, Snapshots: 1, Malformed: 1},
		},
		{
			name: "a hub that closes, and is there again",
			scripts: []script{
				closing(1013, "too slow", initial(snap("V75", 5))),
				send(initial(snap("V75", 2)), update("V75", 3)),
			},
			want:   []seen{{Snapshot: "V75 5"}, {Err: "closed by the hub: 1013 too slow"}, {Snapshot: "V75 2"}, {Snapshot: "V75 3"}},
			status: subscriber.Status{Connects: 2, Attempts: 2, Frames: 3, Snapshots: 3},
		},
		{
			name: "a hub that dies",
			scripts: []script{
				func(ctx context.Context, ws *websocket.Conn) { ws.CloseNow() },
				send(initial(snap("V75", 2))),
			},
			want:   []seen{{Err: "connection lost without a close frame"}, {Snapshot: "V75 2"}},
			status: subscriber.Status{Connects: 2, Attempts: 2, Frames: 1, Snapshots: 1},
		},
		{
			name:    "a frame above the limit ends the connection",
			opts:    &subscriber.Options{MaxFrame: 1000},
			scripts: []script{send(initial(snap("V1", 1), snap("V2", 1), snap("V3", 1), snap("V4", 1))), send(initial(snap("V75", 2)))},
			want:    []seen{{Err: "got a message of more than 1000 bytes, the limit"}, {Snapshot: "V75 2"}},
			status:  subscriber.Status{Connects: 2, Attempts: 2, Frames: 1, Snapshots: 1},
		},
		{
			name:    "assets that nobody asked for are passed over, whatever the hub sends",
			opts:    &subscriber.Options{Assets: []string{"V75"}},
			scripts: []script{send(initial(snap("V75", 1), snap("V100", 1)), update("V100", 2), update("V75", 2))},
			want:    []seen{{Snapshot: "V75 1"}, {Snapshot: "V75 2"}},
			status:  subscriber.Status{Connects: 1, Attempts: 1, Frames: 3, Snapshots: 2, Ignored: 2},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := newPeer(t, test.scripts...)
				client := hub.client(t, test.opts)
				if diff := cmp.Diff(test.want, take(client.Watch(anHour(t)), len(test.want))); diff != "" {
					t.Errorf("turns of the loop (-want +got):\n%s", diff)
				}
				got := client.Status()
				got.ConnectedAt, got.LastFrameAt, got.HubTime, got.LastError = time.Time{}, time.Time{}, time.Time{}, nil
				if diff := cmp.Diff(test.status, got); diff != "" {
					t.Errorf("status (-want +got):\n%s", diff)
				}
				if hub.said != 0 {
					t.Errorf("the subscriber sent %d data frames, want none", hub.said)
				}
			})
		})
	}
}

func TestWatchYieldsWholeSnapshots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		want := quasar.Snapshot{
			SpaceName: "V75", Seq: 7, UpdatedAt: hubTime, VotingAt: hubTime.Add(-time.Second),
			Training: quasar.Training{ActorLoss: new(0.5)},
			Voting:   quasar.Voting{DominantSignal: new(quasar.Sell), BuyCount: new(int64(0)), SellCount: new(int64(4)), LastPrice: new(1.5), SignalSource: new("é")},
		}
		hub := newPeer(t, send(initial(want)))
		for got, err := range hub.client(t, nil).Watch(anHour(t)) {
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("snapshot (-want +got), error %v:\n%s", err, diff)
			}
			break
		}
	})
}

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
