package publisher_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/publisher"
)

func TestEndsOfAPublisher(t *testing.T) {
	tests := []struct {
		name  string
		setup func(*peer)
		act   func(*publisher.Publisher)
		want  string        // Close's error
		after time.Duration // how long Close takes
		last  string        // the newest frame
		ends  []websocket.StatusCode
	}{
		{
			name: "what is pending goes out without waiting for its turn, then a goodbye",
			act: func(p *publisher.Publisher) {
				for i := range int64(100) {
					p.PublishTraining(steps(i))
					synctest.Wait()
				}
			},
			last: `{"type":"training","data":{"training_steps":99}}`,
			ends: []websocket.StatusCode{1000},
		},
		{
			name: "nothing was ever published", act: func(*publisher.Publisher) {},
			last: identify, ends: []websocket.StatusCode{1000},
		},
		{
			name:  "the hub takes nothing",
			setup: func(p *peer) { p.deaf = true },
			act:   func(p *publisher.Publisher) { p.PublishTraining(steps(1)) },
			want:  "publisher: the newest state of V75 was not sent: context deadline exceeded",
			after: 5 * time.Second,
		},
		{
			name:  "the hub is down",
			setup: func(p *peer) { p.Down.Store(true) },
			act:   func(p *publisher.Publisher) { p.PublishTraining(steps(1)) },
			want:  "publisher: the newest state of V75 was not sent: context deadline exceeded, after: connection refused",
			after: 5 * time.Second,
		},
		{
			name:  "the hub is down and nothing is pending",
			setup: func(p *peer) { p.Down.Store(true) },
			act:   func(*publisher.Publisher) {},
		},
		{
			name: "the hub refuses",
			setup: func(p *peer) {
				p.refuse = refuse(401, `{"detail":"no token"}`)
			},
			act:  func(p *publisher.Publisher) { p.PublishTraining(steps(1)) },
			want: "publisher: the newest state of V75 was not sent: refused by the hub: 401 Unauthorized: no token; set a token that the hub knows",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := newPeer(t)
				if test.setup != nil {
					test.setup(hub)
				}
				pub := hub.open(t, nil)
				test.act(pub)
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				start, text := time.Now(), ""
				if err := pub.Close(ctx); err != nil {
					text = err.Error()
				}
				if text != test.want || time.Since(start) != test.after {
					t.Errorf("Close: got the error %q after %v\nwant %q after %v", text, time.Since(start), test.want, test.after)
				}
				frames := hub.got()
				last := ""
				if len(frames) > 0 {
					last = frames[len(frames)-1].Text
				}
				if last != test.last {
					t.Errorf("last frame: got %s, want %s", last, test.last)
				}
				if diff := cmp.Diff(test.ends, hub.closes()); diff != "" {
					t.Errorf("close codes (-want +got):\n%s", diff)
				}
				pub.PublishTraining(steps(7))
				pub.Start()
				if s := pub.Stats(); s.DroppedClosed != 1 || s.Connected {
					t.Errorf("after Close: got %+v, want 1 dropped and no connection", s)
				}
				again := ""
				if err := pub.Close(t.Context()); err != nil {
					again = err.Error()
				}
				if again != test.want {
					t.Errorf("second Close: got the error %q, want %q", again, test.want)
				}
			})
		})
	}
}

// A one-shot program: the hub comes up while it is closing.
func TestCloseSendsToAHubThatComesBackInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		hub.Down.Store(true)
		pub := hub.open(t, nil)
		pub.PublishTraining(steps(1))
		time.AfterFunc(20*time.Second, func() { hub.Down.Store(false) })
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := pub.Close(ctx); err != nil {
			t.Errorf("Close: got the error %v, want none", err)
		}
		want := []string{identify, `{"type":"training","data":{"training_steps":1}}`}
		if diff := cmp.Diff(want, texts(hub.got())); diff != "" {
			t.Errorf("frames (-want +got):\n%s", diff)
		}
	})
}

// A Close that cannot know whether the hub has read everything says so.
func TestCloseSaysThatTheHubDidNotConfirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		hub.hello = func(ctx context.Context, ws *websocket.Conn) {
			_, _, _ = ws.Read(ctx)
			_, _, _ = ws.Read(ctx)
			<-ctx.Done() // and reads no more
		}
		pub := hub.open(t, nil)
		pub.PublishTraining(steps(1))
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		want := "publisher: the newest state of V75 may not have arrived: the hub did not answer the close: context deadline exceeded"
		if err := pub.Close(ctx); err == nil || err.Error() != want {
			t.Errorf("Close: got the error %v, want %s", err, want)
		}
	})
}

func TestCloseWithoutAStart(t *testing.T) {
	pub, err := publisher.New("V75", "ws://h", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := pub.Close(t.Context()); err != nil {
		t.Errorf("with nothing published: got the error %v, want none", err)
	}
	pub, err = publisher.New("V75", "ws://h", nil)
	if err != nil {
		t.Fatal(err)
	}
	pub.PublishTraining(steps(1))
	want := "publisher: the newest state of V75 was not sent: closed without a start"
	if err := pub.Close(t.Context()); err == nil || err.Error() != want {
		t.Errorf("with something published: got the error %v, want %s", err, want)
	}
	pub.Start()
	if n := pub.Stats().Attempts; n != 0 {
		t.Errorf("Start after Close: got %d attempts, want none", n)
	}
}
