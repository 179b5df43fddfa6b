package ranker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/ranker"
	"github.com/karlquant/quasar/subscriber"
)

// link is the state of the connection as a ranking tells it.
type link struct {
	Connected bool
	Since     time.Duration // since the test's start
	Lost      string
}

func TestTheConnectionComesAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("V75", 1, 9, 1, 0.5)}
		hub.Down.Store(true)
		r := prepare(t, hub, nil)
		check := func(when string, want link) {
			t.Helper()
			k := r.Ranking()
			got := link{Connected: k.Connected, Since: ceil(k.Since.Sub(start))}
			if k.Lost != nil {
				got.Lost = k.Lost.Error()
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		check("before Run", link{})
		time.Sleep(time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		synctest.Wait()
		check("refused", link{Lost: "connection refused"})

		connectedAt := until(t, start, func() bool { hub.Down.Store(false); return r.Ranking().Connected })
		check("connected", link{Connected: true, Since: connectedAt})
		time.Sleep(5 * time.Second)
		hub.say(`{"type":"metrics_update","space_name":"../x"}`)
		check("after a frame that makes no sense", link{Connected: true, Since: connectedAt})

		hub.Down.Store(true)
		hub.leave()
		lostAt := ceil(time.Since(start))
		check("lost", link{Since: lostAt, Lost: "connection lost without a close frame"})
		time.Sleep(time.Minute)
		synctest.Wait()
		check("refused again", link{Since: lostAt, Lost: "connection refused"})

		hub.leave(hub.snap("V75", 2, 9, 1, 0.5))
		backAt := until(t, start, func() bool { hub.Down.Store(false); return r.Ranking().Connected })
		check("back", link{Connected: true, Since: backAt})

		time.Sleep(5 * time.Second)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: got the error %v, want none", err)
		}
		check("after Run", link{Since: backAt + 5*time.Second, Lost: "connection refused"})
	})
}

// ceil rounds up to what until can see.
func ceil(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

// Between the loss and the moment at which the ranker takes note of it nobody is
// told that the hub is there. The log is written in between.
func TestALossIsSeenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		hub := newHub(t)
		hub.initial = []quasar.Snapshot{hub.snap("V75", 1, 9, 1, 0.5)}
		var r *running
		var seen []link
		log := slog.New(onLog(func() {
			if r != nil {
				k := r.Ranking()
				seen = append(seen, link{k.Connected, k.Since.Sub(start), k.Lost.Error()})
			}
		}))
		r = follow(t, hub, &ranker.Options{Logger: log})
		time.Sleep(5 * time.Second)
		hub.update(hub.snap("V75", 2, 9, 1, 0.5))
		time.Sleep(time.Second)
		hub.Down.Store(true)
		hub.leave()
		want := []link{{Since: 5 * time.Second, Lost: "connection lost without a close frame"}} // when the hub was last heard
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("seen while the log was written (-want +got):\n%s", diff)
		}
		r = nil
	})
}

// onLog is a slog.Handler that only says that something was logged.
type onLog func()

func (onLog) Enabled(context.Context, slog.Level) bool { return true }

func (f onLog) Handle(context.Context, slog.Record) error {
	f()
	return nil
}

func (f onLog) WithAttrs([]slog.Attr) slog.Handler { return f }
func (f onLog) WithGroup(string) slog.Handler      { return f }

// until waits in fake time, and tells when it came to pass.
func until(t *testing.T, start time.Time, done func() bool) time.Duration {
	t.Helper()
	for range 1_000_000 {
		if synctest.Wait(); done() {
			return ceil(time.Since(start))
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it did not come to pass")
	return 0
}

func TestALostConnectionIsToldOf(t *testing.T) {
	for _, sync := range []bool{false, true} {
		bubble(t, fmt.Sprint("sync ", sync), func(t *testing.T) {
			hub := newHub(t)
			hub.initial = []quasar.Snapshot{hub.snap("A", 1, 9, 1, 0.5)}
			var calls []string
			follow(t, hub, &ranker.Options{Sync: sync, OnRanking: func(k ranker.Ranking) {
				calls = append(calls, fmt.Sprintf("connected %t, %d updates", k.Connected, k.Updates))
			}})
			hub.leave(hub.snap("A", 2, 9, 1, 0.5))
			time.Sleep(10 * time.Second)
			synctest.Wait()
			want := []string{"connected true, 1 updates", "connected false, 1 updates", "connected true, 2 updates"}
			if diff := cmp.Diff(want, calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

// Run waits for the OnRanking that is under way. The bubble fails if a goroutine
// is left.
func TestRunEndsWithItsContext(t *testing.T) {
	for _, sync := range []bool{false, true} {
		bubble(t, fmt.Sprint("sync ", sync), func(t *testing.T) {
			hub := newHub(t)
			hub.initial = []quasar.Snapshot{hub.snap("A", 1, 9, 1, 0.5)}
			done := false
			r := follow(t, hub, &ranker.Options{Sync: sync, OnRanking: func(ranker.Ranking) {
				time.Sleep(time.Second)
				done = true
			}})
			r.stop()
			if !done {
				t.Error("Run returned before OnRanking")
			}
		})
	}
}

func TestOneRunAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := newHub(t)
		r := follow(t, hub, nil)
		if err := r.Run(t.Context()); !errors.Is(err, subscriber.ErrBusy) {
			t.Errorf("a second Run: got the error %v, want %v", err, subscriber.ErrBusy)
		}
		r.stop()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Run(ctx); err != nil {
			t.Errorf("a Run after the first: got the error %v, want none", err)
		}
	})
}
