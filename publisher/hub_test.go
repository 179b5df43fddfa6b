package publisher_test

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/publisher"
	"github.com/karlquant/quasar/subscriber"
)

// cable leads to whichever real hub is plugged in.
type cable struct {
	hub atomic.Pointer[hubtest.Server]
}

func (c *cable) plug(t *testing.T) *hubtest.Server {
	hub := hubtest.New(t, nil)
	c.hub.Store(hub)
	return hub
}

func (c *cable) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return c.hub.Load().Dial(ctx) },
		DisableKeepAlives: true,
	}}
}

// The whole way with nothing pretended but the network: publisher, hub,
// subscriber, an hour of quiet, and a hub that stops and starts as another that
// knows nothing.
func TestTheWayThroughARealHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var line cable
		first := line.plug(t)
		pub, err := publisher.New("V75", first.URL, &publisher.Options{HTTPClient: line.client(), MaxVoteAge: -1})
		if err != nil {
			t.Fatal(err)
		}
		watcher, err := subscriber.New(first.URL, &subscriber.Options{HTTPClient: line.client()})
		if err != nil {
			t.Fatal(err)
		}
		pub.Start()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		var got []quasar.Snapshot
		var lost int
		act := map[int]func(){
			1: func() { pub.PublishVoting(votes(quasar.Sell, 3)) },
			2: func() {
				time.AfterFunc(time.Hour, func() {
					if p, s := pub.Stats(), watcher.Status(); p.Connects != 1 || s.Connects != 1 || !p.Connected || !s.Connected {
						t.Errorf("after a quiet hour: got %+v and %+v, want both on their first connections", p, s)
					}
					line.plug(t)
					first.Close()
				})
			},
		}
		pub.PublishTraining(steps(1))
		for snapshot, err := range watcher.Watch(ctx) {
			if err != nil {
				lost++
				continue
			}
			got = append(got, snapshot)
			if whole := snapshot.Training.TrainingSteps != nil && snapshot.Voting.BuyCount != nil; whole && lost > 0 {
				break
			}
			if next := act[len(got)]; next != nil {
				next()
			}
		}
		if len(got) < 3 || lost == 0 {
			t.Fatalf("got %d snapshots and %d errors, want the state again after the hub was replaced", len(got), lost)
		}
		before, after := got[1], got[len(got)-1]
		if diff := cmp.Diff([]any{before.Training, before.Voting}, []any{after.Training, after.Voting}); diff != "" {
			t.Errorf("the state at the second hub (-first +second):\n%s", diff)
		}
		if after.Seq <= before.Seq {
			t.Errorf("seq: got %d after %d, want more", after.Seq, before.Seq)
		}
		if err := pub.Close(ctx); err != nil {
			t.Errorf("Close: got the error %v, want the hub's confirmation", err)
		}
	})
}
