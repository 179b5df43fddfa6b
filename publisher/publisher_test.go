package publisher_test

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/publisher"
)

func TestNewSaysWhatIsWrong(t *testing.T) {
	tests := []struct {
		name, space, hubURL string
		opts                *publisher.Options
		want                string
	}{
		{name: "a space that cannot be named", space: "V 75", hubURL: "ws://h",
			want: `publisher: space name: got "V 75", want 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or a digit`},
		{name: "a hub without a scheme", space: "V75", hubURL: "//h",
			want: `publisher: hub URL: got the scheme "", want ws, wss, http or https, as in ws://host:7860`},
		{name: "a rate below nothing", space: "V75", hubURL: "ws://h", opts: &publisher.Options{MaxRate: -1},
			want: "publisher: MaxRate: got -1, want 0.1 frames a second or more, or 0 for 20"},
		{name: "a rate that is no number", space: "V75", hubURL: "ws://h", opts: &publisher.Options{MaxRate: math.NaN()},
			want: "publisher: MaxRate: got NaN, want 0.1 frames a second or more, or 0 for 20"},
		{name: "a token that no header may hold", space: "V75", hubURL: "ws://h", opts: &publisher.Options{Token: "a\nb"},
			want: "publisher: token: got 3 bytes that no header may hold, want printable ASCII"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := publisher.New(test.space, test.hubURL, test.opts)
			if err == nil || err.Error() != test.want {
				t.Errorf("got the error %v\nwant %s", err, test.want)
			}
		})
	}
}

// One way only: a publisher has no method that hands out anything that a hub
// could have sent.
func TestPublisherCannotReceive(t *testing.T) {
	var got []string
	for m := range reflect.TypeFor[*publisher.Publisher]().Methods() {
		got = append(got, m.Name+strings.TrimPrefix(m.Type.String(), "func(*publisher.Publisher"))
	}
	want := []string{
		"Close, context.Context) error",
		"Publish, quasar.Training, quasar.Voting)",
		"PublishTraining, quasar.Training)",
		"PublishUpdate, quasar.Update)",
		"PublishVoting, quasar.Voting)",
		"Start)",
		"Stats) publisher.Stats",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("methods (-want +got):\n%s", diff)
	}
	if n := reflect.TypeFor[publisher.Publisher]().NumField(); n == 0 {
		t.Error("reflection sees nothing")
	}
	for f := range reflect.TypeFor[publisher.Publisher]().Fields() {
		if f.IsExported() {
			t.Errorf("the field %s is open to all", f.Name)
		}
	}
}

// The way of every program: publish now and then, each frame with the type that
// fits, at once.
func TestWhatIsPublishedSlowlyGoesOutAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		pub := hub.open(t, nil)
		pub.PublishTraining(steps(1))
		time.Sleep(time.Second)
		pub.PublishVoting(votes(quasar.Buy, 7))
		time.Sleep(50 * time.Millisecond)
		pub.Publish(steps(2), votes(quasar.Sell, 8))
		time.Sleep(5 * time.Second)
		pub.PublishUpdate(quasar.Update{Fields: quasar.FieldsOf(quasar.ActorLoss, quasar.LastPrice)})
		want := []frame{
			{Conn: 1, At: 0, Text: identify},
			{Conn: 1, At: 0, Text: `{"type":"training","data":{"training_steps":1}}`},
			{Conn: 1, At: 1000 * time.Millisecond, Text: `{"type":"voting","data":{"dominant_signal":"BUY","buy_count":7}}`},
			{Conn: 1, At: 1050 * time.Millisecond, Text: `{"type":"metrics","training":{"training_steps":2},"voting":{"dominant_signal":"SELL","buy_count":8}}`},
			{Conn: 1, At: 6050 * time.Millisecond, Text: `{"type":"metrics","training":{"actor_loss":null},"voting":{"last_price":null}}`},
		}
		if diff := cmp.Diff(want, hub.got()); diff != "" {
			t.Errorf("frames (-want +got):\n%s", diff)
		}
		want2 := publisher.Stats{Connected: true, ConnectedAt: hub.start, Connects: 1, Attempts: 1, Published: 4, Sent: 4}
		if diff := cmp.Diff(want2, pub.Stats()); diff != "" {
			t.Errorf("stats (-want +got):\n%s", diff)
		}
		if hub.path != "/ws/publish/V75" {
			t.Errorf("path: got %s, want /ws/publish/V75", hub.path)
		}
	})
}

func TestWhatIsPublishedFastIsMergedAndTheNewestGoesOut(t *testing.T) {
	for _, rate := range []float64{0, 5, 100} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hub := newPeer(t)
				pub := hub.open(t, &publisher.Options{MaxRate: rate})
				for i := range int64(10_000) {
					pub.PublishTraining(steps(i))
					pub.PublishVoting(votes(quasar.Buy, i))
					time.Sleep(time.Millisecond)
				}
				time.Sleep(time.Second)
				frames := hub.got()[1:]
				if rate == 0 {
					rate = 20
				}
				if n, want := len(frames), int(10*rate); n < want-1 || n > want+1 {
					t.Errorf("got %d frames in 10 s, want %d", n, want)
				}
				gap := time.Duration(float64(time.Second) / rate)
				for i := 1; i < len(frames); i++ {
					if d := frames[i].At - frames[i-1].At; d < gap {
						t.Errorf("frame %d: got %v after the last, want %v or more", i, d, gap)
					}
				}
				want := `{"type":"metrics","training":{"training_steps":9999},"voting":{"dominant_signal":"BUY","buy_count":9999}}`
				if got := frames[len(frames)-1].Text; got != want {
					t.Errorf("newest: got %s, want %s", got, want)
				}
				s := pub.Stats()
				if s.Published != 20_000 || s.Sent != int64(len(frames)) || s.Sent+s.Merged != 20_000 || s.Pending != 0 {
					t.Errorf("stats: got %+v, want 20000 published, %d sent, the rest merged", s, len(frames))
				}
			})
		})
	}
}

func TestWithoutALimitEveryCallThatTheWireCanCarryIsAFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		pub := hub.open(t, &publisher.Options{MaxRate: math.Inf(1)})
		for i := range int64(1000) {
			pub.PublishTraining(steps(i))
			synctest.Wait()
		}
		if n := len(hub.got()); n != 1001 {
			t.Errorf("got %d frames, want 1001", n)
		}
	})
}

func TestPublishingBeforeStartIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		pub := hub.make(t, nil)
		pub.PublishTraining(steps(1))
		pub.PublishTraining(steps(2))
		pub.PublishVoting(votes(quasar.Sell, 3))
		pub.Start()
		pub.Start()
		want := []string{identify, `{"type":"metrics","training":{"training_steps":2},"voting":{"dominant_signal":"SELL","buy_count":3}}`}
		if diff := cmp.Diff(want, texts(hub.got())); diff != "" {
			t.Errorf("frames (-want +got):\n%s", diff)
		}
		if s := pub.Stats(); s.Published != 3 || s.Sent != 1 || s.Merged != 2 {
			t.Errorf("stats: got %+v, want 3 published, 1 sent, 2 merged", s)
		}
	})
}

// A caller keeps its metrics in variables of its own and goes on changing them.
// The race detector is the judge of this one, too.
func TestTheCallersVariablesAreItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		pub := hub.make(t, nil)
		n, loss, price, signal, source := int64(1), 0.5, 100.0, quasar.Buy, "a"
		pub.Publish(
			quasar.Training{TrainingSteps: &n, ActorLoss: &loss, CriticLoss: &loss, AVNLoss: &loss, AVNAccuracy: &loss},
			quasar.Voting{DominantSignal: &signal, BuyCount: &n, SellCount: &n, LastPrice: &price, SignalSource: &source})
		pub.Start()
		n, loss, price, signal, source = 2, 0.75, 200, quasar.Sell, "b"
		want := `{"type":"metrics","training":{"training_steps":1,"actor_loss":0.5,"critic_loss":0.5,"avn_loss":0.5,"avn_accuracy":0.5},` +
			`"voting":{"dominant_signal":"BUY","buy_count":1,"sell_count":1,"last_price":100,"signal_source":"a"}}`
		if got := hub.got(); len(got) != 2 || got[1].Text != want {
			t.Errorf("got %v, want %s", got, want)
		}
	})
}

// What the hub would refuse, or would close the connection for, never leaves:
// otherwise it would be sent again after each reconnect, for ever.
func TestValuesThatBreakTheSchemaAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		var log logBook
		pub := hub.open(t, &publisher.Options{Logger: log.logger()})
		hold, long := quasar.Signal("HOLD"), strings.Repeat("x", 1<<20)
		for range 3 {
			pub.Publish(
				quasar.Training{TrainingSteps: new(int64(-1)), ActorLoss: new(math.NaN()), CriticLoss: new(math.Inf(1)), AVNAccuracy: new(1.5)},
				quasar.Voting{DominantSignal: &hold, BuyCount: new(int64(3)), LastPrice: new(-1.0), SignalSource: &long})
			time.Sleep(time.Second)
		}
		pub.PublishVoting(quasar.Voting{DominantSignal: &hold}) // nothing is left of it
		want := `{"type":"metrics","training":{"actor_loss":null,"critic_loss":null,"avn_accuracy":1},"voting":{"buy_count":3}}`
		if diff := cmp.Diff([]string{identify, want, want, want}, texts(hub.got())); diff != "" {
			t.Errorf("frames (-want +got):\n%s", diff)
		}
		if s := pub.Stats(); s.DroppedFields != 13 || s.Published != 3 || s.Sent != 3 {
			t.Errorf("stats: got %+v, want 13 dropped fields of 3 published", s)
		}
		if n := log.count("a field was dropped"); n != 4 {
			t.Errorf("got %d log lines about dropped fields, want one for each of four:\n%s", n, log.String())
		}
	})
}

func TestAQuietSpaceSaysThatItLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		pub := hub.open(t, nil)
		time.Sleep(30 * time.Second)
		pub.PublishTraining(steps(1))
		time.Sleep(45 * time.Second)
		const heartbeat = `{"type":"heartbeat"}`
		want := []frame{
			{Conn: 1, At: 0, Text: identify},
			{Conn: 1, At: 20 * time.Second, Text: heartbeat},
			{Conn: 1, At: 30 * time.Second, Text: `{"type":"training","data":{"training_steps":1}}`},
			{Conn: 1, At: 50 * time.Second, Text: heartbeat},
			{Conn: 1, At: 70 * time.Second, Text: heartbeat},
		}
		if diff := cmp.Diff(want, hub.got()); diff != "" {
			t.Errorf("frames (-want +got):\n%s", diff)
		}
		if s := pub.Stats(); s.Heartbeats != 3 {
			t.Errorf("heartbeats: got %d, want 3", s.Heartbeats)
		}
	})
}

// Pings are answered: the peer's Ping returns only when the pong has come.
func TestPingsAreAnsweredAndKeepTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		pub := hub.open(t, nil)
		time.Sleep(time.Hour)
		if s := pub.Stats(); s.Connects != 1 || !s.Connected {
			t.Errorf("after an hour: got %+v, want the first connection", s)
		}
	})
}

func TestDataFromTheHubIsDiscarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t)
		hub.hello = func(ctx context.Context, ws *websocket.Conn) {
			for range 3 {
				_ = ws.Write(ctx, websocket.MessageText, []byte(`{"type":"order","side":"BUY"}`))
			}
			_ = ws.Write(ctx, websocket.MessageBinary, make([]byte, 1<<20))
		}
		var log logBook
		pub := hub.open(t, &publisher.Options{Logger: log.logger()})
		pub.PublishTraining(steps(1))
		if got := len(hub.got()); got != 2 {
			t.Errorf("got %d frames, want 2: what comes in stops nothing", got)
		}
		if s := pub.Stats(); s.Discarded != 4 || !s.Connected {
			t.Errorf("stats: got %+v, want 4 discarded on a live connection", s)
		}
		if n := log.count("is discarded"); n != 1 {
			t.Errorf("got %d log lines, want one for the connection:\n%s", n, log.String())
		}
	})
}
