package publisher_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/dial/dialtest"
	"github.com/karlquant/quasar/publisher"
)

// atOnce is a source of chance that lets a publisher connect again without a wait.
type atOnce struct{}

func (atOnce) Uint64() uint64 { return 1 } // with 0 rand would draw again for ever

// Whatever a server sends, the publisher says what it was, and the newest state
// reaches the next connection; or it goes on where there is no reason to part. A
// publisher reads no message, so none is unreadable.
func TestStrangeServers(t *testing.T) {
	for _, s := range dialtest.StrangeServers(`{"type":"whatever"}`) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			hubURL, reaction := s.Serve(t, nil)
			pub, err := publisher.New("V75", hubURL, &publisher.Options{Token: dialtest.Token, Rand: rand.New(atOnce{})})
			if err != nil {
				t.Fatal(err)
			}
			pub.PublishTraining(steps(7))
			pub.Start()
			want := dialtest.Reaction{Code: s.Code, Pongs: s.Pongs}
			got := <-reaction
			if s.Code == 0 {
				got.Code = 0
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("what the server got (-want +got):\n%s", diff)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			connects := int64(1)
			if s.Err != "" {
				eventually(t, "an error", func() bool { return pub.Stats().LastError != nil })
				if err := pub.Stats().LastError; !s.Matches(err) {
					t.Errorf("got the error %.300q, want one that begins with %q", err, s.Err)
				}
				if !s.Refused {
					connects = 2
				}
				eventually(t, "the good connection", func() bool { return pub.Stats().Connects == connects })
			}
			if err := pub.Close(ctx); err != nil {
				t.Errorf("Close: got the error %v, want none", err)
			}
			if n := pub.Stats().Connects; n != connects {
				t.Errorf("got %d connections, want %d", n, connects)
			}
		})
	}
}

// What a server sends to a publisher is thrown away as it comes, however much.
func TestAFloodFromTheServerIsNotHeld(t *testing.T) {
	const size = 64 << 20
	s := dialtest.Strange{Play: func(c *dialtest.RawConn) {
		c.Send(c.Answer(""), []byte{0x81, 127, 0, 0, 0, 0, size >> 24, 0, 0, 0})
		piece := make([]byte, 64<<10)
		for range size / len(piece) {
			_, _ = c.Write(piece)
		}
	}}
	hubURL, reaction := s.Serve(t, nil)
	pub, err := publisher.New("V75", hubURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	pub.Start()
	<-reaction // the publisher has read everything
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
		t.Errorf("got %d bytes allocated, want little of %d", grown, size)
	}
	if got := pub.Stats().Discarded; got != 1 {
		t.Errorf("got %d messages discarded, want 1", got)
	}
	if err := pub.Close(t.Context()); err != nil {
		t.Errorf("Close: got the error %v, want none", err)
	}
}
