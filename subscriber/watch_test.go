package subscriber_test

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
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
			name:    "a bad snapshot of an initial state is an error and the others are there",
			scripts: []script{send(initial(snap("V75", -5), snap("V100", 1)), update("V100", 2))},
			want: []seen{{Err: `frame dropped: snapshot of "V75": got seq -5, want 0 to 9007199254740991`},
				{Snapshot: "V100 1"}, {Snapshot: "V100 2"}},
			status: subscriber.Status{Connects: 1, Attempts: 1, Frames: 2, Snapshots: 2, Malformed: 1},
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
