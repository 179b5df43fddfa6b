package subscriber_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/internal/dial/dialtest"
	"github.com/karlquant/quasar/subscriber"
)

// atOnce is a source of chance that lets a client connect again without a wait.
type atOnce struct{}

func (atOnce) Uint64() uint64 { return 1 } // with 0 rand would draw again for ever

// met is what a loop meets at a strange server until the first snapshot.
type met struct {
	Errors     []bool // each is as it should be
	Unreadable int
	Snapshot   string
	Connects   int64
}

// Whatever a server sends, the loop gets an error that says what it was, and then
// the snapshots of the next connection; or goes on where there is no reason to part.
func TestStrangeServers(t *testing.T) {
	hello := initial(snap("V75", 7))
	for _, s := range dialtest.StrangeServers(update("V75", 5)) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			hubURL, reaction := s.Serve(t, dialtest.ServerFrame(0x81, hello))
			client, err := subscriber.New(hubURL, &subscriber.Options{Token: dialtest.Token, Rand: rand.New(atOnce{})})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var got met
			for snapshot, err := range client.Watch(ctx) {
				var frame *subscriber.FrameError
				switch {
				case errors.As(err, &frame):
					got.Unreadable++
				case err != nil:
					if !s.Matches(err) {
						t.Errorf("got the error %.300q, want one that begins with %q", err, s.Err)
					}
					got.Errors = append(got.Errors, s.Matches(err))
				case snapshot.Seq == 7:
					got.Snapshot = snapshot.SpaceName
				case s.Err != "":
					t.Errorf("got the snapshot %d, want none of a message that was not finished", snapshot.Seq)
				}
				if got.Snapshot != "" {
					got.Connects = client.Status().Connects
					break
				}
			}
			want := met{Unreadable: s.Unreadable, Snapshot: "V75", Connects: 1}
			if s.Err != "" {
				want.Errors = []bool{true}
			}
			if s.Err != "" && !s.Refused {
				want.Connects = 2
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			checkReaction(t, s, <-reaction)
		})
	}
}

func checkReaction(t *testing.T, s dialtest.Strange, got dialtest.Reaction) {
	t.Helper()
	want := dialtest.Reaction{Code: s.Code, Pongs: s.Pongs}
	if s.Code == 0 {
		got.Code = 0
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the server got (-want +got):\n%s", diff)
	}
}

// A frame that is larger than the client reads is not waited for and not held,
// whether it says so or comes in pieces.
func TestAFrameAboveTheLimitIsNotHeld(t *testing.T) {
	for name, play := range map[string]func(*dialtest.RawConn){
		"in one frame of 2^62 bytes": func(c *dialtest.RawConn) {
			c.Send(c.Answer(""), []byte{0x81, 127, 0x40, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 70_000))
		},
		"in fragments": func(c *dialtest.RawConn) {
			c.Send(c.Answer(""), dialtest.ServerFrame(0x01, ""))
			for range 70 {
				c.Send(dialtest.ServerFrame(0x00, string(make([]byte, 1000))))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := dialtest.Strange{Play: play, Err: "got a message of more than 65536 bytes, the limit", Code: 1009}
			hubURL, reaction := s.Serve(t, dialtest.ServerFrame(0x81, initial(snap("V75", 7))))
			client, err := subscriber.New(hubURL, &subscriber.Options{MaxFrame: 1 << 16, Rand: rand.New(atOnce{})})
			if err != nil {
				t.Fatal(err)
			}
			want := []seen{{Err: s.Err}, {Snapshot: "V75 7"}}
			if diff := cmp.Diff(want, take(client.Watch(t.Context()), 2)); diff != "" {
				t.Errorf("turns of the loop (-want +got):\n%s", diff)
			}
			checkReaction(t, s, <-reaction)
		})
	}
}
