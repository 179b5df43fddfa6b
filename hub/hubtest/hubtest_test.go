package hubtest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/hubtest"
	"github.com/karlquant/quasar/publisher"
	"github.com/karlquant/quasar/subscriber"
)

func TestAServerAnswersWithoutAPort(t *testing.T) {
	s := hubtest.New(t, &hub.Options{ID: "h1"})
	answer, err := s.HTTPClient().Get(s.URL + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil || string(body) != `{"status":"ok"}` {
		t.Errorf("got %s (%v)", body, err)
	}
}

// Both SDKs and the hub, in fake time and without a port.
func TestTheSDKsMeetInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := hubtest.New(t, nil)
		pub, err := publisher.New("V75", s.URL, &publisher.Options{HTTPClient: s.HTTPClient()})
		if err != nil {
			t.Fatal(err)
		}
		pub.Start()
		sub, err := subscriber.New(s.URL, &subscriber.Options{HTTPClient: s.HTTPClient()})
		if err != nil {
			t.Fatal(err)
		}
		pub.PublishTraining(quasar.Training{TrainingSteps: new(int64(900))})
		for snapshot, err := range sub.Watch(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if snapshot.SpaceName != "V75" || *snapshot.Training.TrainingSteps != 900 {
				t.Errorf("got %+v", snapshot)
			}
			break
		}
		if err := pub.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A closed server refuses, and closing it again is fine.
func TestAClosedServerRefuses(t *testing.T) {
	s := hubtest.New(t, nil)
	s.Close()
	s.Close()
	if _, err := s.Dial(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want %v", err, net.ErrClosed)
	}
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	if _, err := s.HTTPClient().Do(r); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want %v", err, net.ErrClosed)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := s.Dial(ctx); err == nil {
		t.Error("got no error of a context that has ended")
	}
}
