package subscriber_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/subscriber"
)

func TestStatusFollowsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		hub := newPeer(t, func(ctx context.Context, ws *websocket.Conn) {
			_ = ws.Write(ctx, websocket.MessageText, []byte(initial(snap("V75", 1))))
			time.Sleep(3 * time.Second)
			_ = ws.Write(ctx, websocket.MessageText, []byte(update("V75", 2)))
			_ = ws.Write(ctx, websocket.MessageText, []byte(`{"type":"`))
			_ = ws.Close(1001, "restart")
		})
		client := hub.client(t, nil)
		if diff := cmp.Diff(subscriber.Status{}, client.Status()); diff != "" {
			t.Errorf("before Watch (-want +got):\n%s", diff)
		}
		var got []subscriber.Status
		for range client.Watch(anHour(t)) {
			got = append(got, client.Status())
			if len(got) == 4 {
				break
			}
		}
		later := start.Add(3 * time.Second)
		want := []subscriber.Status{
			{Connected: true, ConnectedAt: start, Connects: 1, Attempts: 1, LastFrameAt: start, HubTime: hubTime, Frames: 1, Snapshots: 1},
			{Connected: true, ConnectedAt: start, Connects: 1, Attempts: 1, LastFrameAt: later, HubTime: hubTime.Add(2 * time.Second), Frames: 2, Snapshots: 2},
			{Connected: true, ConnectedAt: start, Connects: 1, Attempts: 1, LastFrameAt: later, HubTime: hubTime.Add(2 * time.Second), Frames: 3, Snapshots: 2, Malformed: 1},
			{ConnectedAt: start, Connects: 1, Attempts: 1, LastFrameAt: later, HubTime: hubTime.Add(2 * time.Second), Frames: 3, Snapshots: 2, Malformed: 1,
				LastError: &subscriber.ClosedError{Code: 1001, Reason: "restart"}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("status at each turn (-want +got):\n%s", diff)
		}
		if age, known := got[3].Age(later.Add(time.Minute)); age != time.Minute || !known {
			t.Errorf("age: got %v, %t, want 1m", age, known)
		}
		if age, known := got[3].Age(start); age != 0 || !known {
			t.Errorf("age before the frame: got %v, %t, want 0", age, known)
		}
	})
}

func TestARefusalIsAnErrorWithItsReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newPeer(t, send(initial(snap("V75", 1))))
		hub.set(func(p *peer) {
			p.refuse = func(w http.ResponseWriter) bool {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(`{"detail":"the token is a publisher's"}`))
				return true
			}
		})
		client := hub.client(t, &subscriber.Options{Token: "hush"})
		start, turns := time.Now(), 0
		for _, err := range client.Watch(anHour(t)) {
			var refused *subscriber.RefusedError
			if !errors.As(err, &refused) || *refused != (subscriber.RefusedError{Status: 403, Reason: "the token is a publisher's"}) {
				t.Fatalf("got %v, want a refusal with its reason", err)
			}
			if turns++; turns == 5 {
				break
			}
		}
		if d := time.Since(start); d < time.Minute || d > 2*time.Minute {
			t.Errorf("five attempts took %v, want 15 to 30 s between them", d)
		}
	})
}

// FAULTS: a token or key in logs, errors, URLs or dumps.
func TestTheTokenTravelsInItsHeaderAndNowhereElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said strings.Builder
		logger := slog.New(slog.NewJSONHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
		opts := &subscriber.Options{Token: "tok-hush-1", Authorization: "Bearer hush-2", Logger: logger, Assets: []string{"V75", "V100"}}
		hub := newPeer(t, closing(1008, "no more of tok-hush-1 and hush-2", initial(snap("V75", 1)), `{"type":"tok-hush-1`))
		client := hub.client(t, opts)
		logger.Info("options", "opts", *opts)
		fmt.Fprintf(&said, "%v %+v %#v %s %v %+v %#v", *opts, *opts, opts, opts, client, client, client)
		encoded, err := json.Marshal(opts)
		if err != nil {
			t.Fatal(err)
		}
		said.Write(encoded)
		for _, turn := range take(client.Watch(anHour(t)), 6) {
			said.WriteString(turn.Err)
		}
		fmt.Fprintf(&said, "%+v", client.Status())
		if strings.Contains(said.String(), "hush") {
			t.Errorf("got a credential in\n%s", said.String())
		}
		if !strings.Contains(said.String(), "no more of [redacted] and [redacted]") {
			t.Errorf("the reason is not in\n%s", said.String())
		}
		hub.set(func(p *peer) {
			if name := p.header.Get("User-Agent"); !strings.HasPrefix(name, "quasar/") || !strings.HasSuffix(name, " (subscriber)") {
				t.Errorf("handshake: got the client %q, want quasar/VERSION (subscriber)", name)
			}
			if p.header.Get("X-Quasar-Token") != "tok-hush-1" || p.header.Get("Authorization") != "Bearer hush-2" || p.uri != "/ws/subscribe?assets=V75,V100" {
				t.Errorf("handshake: got %v for %s, want both headers and the assets", p.header, p.uri)
			}
		})
	})
}
