package space_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar"
	"github.com/karlquant/quasar/price"
	"github.com/karlquant/quasar/publisher"
	"github.com/karlquant/quasar/space"
)

var _ space.Sink = (*publisher.Publisher)(nil)

// store is what a hub does with a publication: it merges it into the snapshot.
type store struct {
	mu       sync.Mutex // guards all below
	snapshot quasar.Snapshot
	updates  []quasar.Update
	refused  error
}

func (s *store) PublishUpdate(u quasar.Update) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	s.snapshot, err = s.snapshot.Apply(u, time.Now())
	s.refused = errors.Join(s.refused, err)
	s.updates = append(s.updates, u)
}

// counted counts the ticks that are taken from a process.
type counted struct {
	space.Process
	n    int
	slow func()
}

func (c *counted) Next() float64 {
	c.n++
	if c.slow != nil {
		c.slow()
	}
	return c.Process.Next()
}

func ticksOf(t *testing.T, name string) *counted {
	t.Helper()
	index, err := price.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := price.New(index, 1)
	if err != nil {
		t.Fatal(err)
	}
	return &counted{Process: p}
}

func newSpace(t *testing.T, opts space.Options) *space.Space {
	t.Helper()
	s, err := space.New(&opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// liveFor runs s for so long, a little more so that the last tick is in it.
func liveFor(t *testing.T, s *space.Space, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d+10*time.Millisecond)
	defer cancel()
	if err := s.Run(ctx); err != nil {
		t.Errorf("Run: got %v, want nil", err)
	}
}

func TestASpaceTicksWithItsIndex(t *testing.T) {
	for _, test := range []struct {
		name          string
		opts          space.Options
		lives         time.Duration
		wantTicks     int
		wantPublished int
	}{
		{"V75 each two seconds", space.Options{Name: "V75"}, 10 * time.Second, 5, 7},
		{"V75_1s each second", space.Options{Name: "V75_1s"}, 10 * time.Second, 10, 12},
		{"twice as fast", space.Options{Name: "V75_1s", Speed: 2}, 10 * time.Second, 20, 22},
		{"at half the speed", space.Options{Name: "V75_1s", Speed: 0.5}, 10 * time.Second, 5, 7},
		{"a thousand times as fast in batches", space.Options{Name: "V75_1s", Speed: 1000}, 10 * time.Second, 10_000, 202},
		{"publishing more rarely", space.Options{Name: "V75_1s", Speed: 1000, PublishEvery: time.Second}, 10 * time.Second, 10_000, 12},
		{"an interval of the caller's", space.Options{Name: "V75_1s", Interval: 5 * time.Second}, 10 * time.Second, 2, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ticks, sink := ticksOf(t, test.opts.Name), &store{}
				test.opts.Process, test.opts.Sink, test.opts.Agents = ticks, sink, 1
				if test.opts.Interval == 0 {
					test.opts.Index = ticks.Process.(*price.Process).Index()
				}
				liveFor(t, newSpace(t, test.opts), test.lives)
				got := []int{ticks.n, len(sink.updates)}
				if diff := cmp.Diff([]int{test.wantTicks, test.wantPublished}, got); diff != "" {
					t.Errorf("ticks and publications (-want +got):\n%s", diff)
				}
				if sink.refused != nil {
					t.Errorf("the schema refused: %v", sink.refused)
				}
			})
		})
	}
}

// The clock adds nothing to the core: what is published last is what the
// ensemble says of the same ticks without any clock.
func TestWhatIsPublishedIsWhatTheEnsembleSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &store{}
		s := newSpace(t, space.Options{Name: "CRASH500", Seed: 1, Agents: 4, Horizon: 3, Speed: 100, Sink: sink})
		liveFor(t, s, 10*time.Second)

		e, err := space.NewEnsemble(&space.EnsembleOptions{Seed: 1, Agents: 4, Horizon: 3})
		if err != nil {
			t.Fatal(err)
		}
		ticks := ticksOf(t, "CRASH500")
		for range 1000 {
			if err := e.Step(ticks.Next()); err != nil {
				t.Fatal(err)
			}
		}
		want := quasar.Snapshot{Training: e.Training(), Voting: e.Voting()}
		got := quasar.Snapshot{Training: sink.snapshot.Training, Voting: sink.snapshot.Voting}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-ensemble +published):\n%s", diff)
		}
		if diff := cmp.Diff(e.Record(), s.Record()); diff != "" {
			t.Errorf("record (-ensemble +space):\n%s", diff)
		}
		if s.Name() != "CRASH500" {
			t.Errorf("got the name %q", s.Name())
		}
	})
}

// A hub keeps the last value of a field that a message leaves out, so a space
// that starts again has to take back what its former self said.
func TestASpaceTakesBackWhatItsFormerSelfSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &store{}
		liveFor(t, newSpace(t, space.Options{Name: "V75", Speed: 1000, Sink: sink}), time.Second)
		if sink.snapshot.Training.AVNAccuracy == nil || sink.snapshot.Voting.BuyCount == nil {
			t.Fatal("the first life has no accuracy: the test proves nothing")
		}
		liveFor(t, newSpace(t, space.Options{Name: "V75", Sink: sink}), time.Second)
		want := quasar.Snapshot{
			Training: quasar.Training{TrainingSteps: new(int64(0))},
			Voting:   quasar.Voting{SignalSource: new("ensemble")},
		}
		got := quasar.Snapshot{Training: sink.snapshot.Training, Voting: sink.snapshot.Voting}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A tick that takes a tenth of a millisecond cannot come each 10 µs: the space
// drops what it cannot do, says so once, and rests half of the time.
func TestASpeedBeyondTheMachineCostsHalfAProcessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ticks, sink := ticksOf(t, "V75_1s"), &store{}
		ticks.slow = func() { time.Sleep(100 * time.Microsecond) }
		var log bytes.Buffer
		s := newSpace(t, space.Options{
			Name: "V75_1s", Process: ticks, Interval: time.Second, Speed: 100_000, Agents: 1, Sink: sink,
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		liveFor(t, s, 5*time.Second)
		if busy := float64(ticks.n) * 100e-6 / 5; busy < 0.45 || busy > 0.55 {
			t.Errorf("got %d ticks, busy for %.0f %% of the time, want about half", ticks.n, 100*busy)
		}
		if got := len(sink.updates); got > 103 {
			t.Errorf("got %d publications in 5 s, want at most one each 50 ms", got)
		}
		if got := strings.Count(log.String(), "level=WARN"); got != 1 {
			t.Errorf("got %d warnings, want 1:\n%s", got, &log)
		}
	})
}

func TestATickThatTookAnHourIsNotMadeUpFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ticks := ticksOf(t, "V75_1s")
		ticks.slow = func() {
			if ticks.n == 5 {
				time.Sleep(time.Hour)
			}
		}
		s := newSpace(t, space.Options{Name: "V75_1s", Process: ticks, Interval: time.Second, Sink: &store{}})
		liveFor(t, s, time.Hour+10*time.Second)
		if ticks.n < 12 || ticks.n > 20 {
			t.Errorf("got %d ticks, want 5 before the hour, 4 for it and 5 after it, or so", ticks.n)
		}
	})
}

func TestRunEndsWithItsContextAndRunsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ticks := ticksOf(t, "V75_1s")
		s := newSpace(t, space.Options{Name: "V75_1s", Process: ticks, Interval: time.Second, Sink: &store{}})
		liveFor(t, s, 5*time.Second)
		liveFor(t, s, 5*time.Second)
		if ticks.n != 10 {
			t.Errorf("got %d ticks in two lives of 5 s, want 10", ticks.n)
		}
	})
}

func TestRunRefusesToRunTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSpace(t, space.Options{Name: "V75", Sink: &store{}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		if err := s.Run(ctx); err == nil {
			t.Error("a second Run: got nil, want an error")
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the first Run: got %v, want nil", err)
		}
	})
}

// constant is a process of one price.
type constant float64

func (c constant) Next() float64 { return float64(c) }

func TestAnImpossiblePriceEndsTheSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &store{}
		s := newSpace(t, space.Options{Name: "X", Process: constant(math.NaN()), Interval: time.Second, Sink: sink})
		err := s.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), "price: got NaN") {
			t.Errorf("got %v, want an error about the price", err)
		}
		if sink.refused != nil || sink.snapshot.Voting.LastPrice != nil {
			t.Errorf("got %v, want nothing of it published", sink.snapshot)
		}
	})
}

func TestANameThatIsNoIndexNeedsOne(t *testing.T) {
	_, err := space.New(&space.Options{Name: "V75_TEST", Sink: &store{}})
	var unknown *price.UnknownIndexError
	if !errors.As(err, &unknown) {
		t.Errorf("got %v, want an UnknownIndexError", err)
	}
	index, err := price.Lookup("V75")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := space.New(&space.Options{Name: "V75_TEST", Index: index, Sink: &store{}}); err != nil {
		t.Errorf("with an index: got %v, want nil", err)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	for _, test := range []struct {
		name, want string
		opts       *space.Options
	}{
		{"no options", "space name", nil},
		{"a name that is a path", "space name", &space.Options{Name: "../V75", Sink: &store{}}},
		{"no sink", "space: sink: got nil", &space.Options{Name: "V75"}},
		{"a negative time between publications", "space: publish every: got -1s", &space.Options{Name: "V75", Sink: &store{}, PublishEvery: -time.Second}},
		{"an index without a law", "kind: got 0", &space.Options{Name: "V75", Sink: &store{}, Index: price.Index{Name: "V75", Interval: 1, Start: 1e6}}},
		{"a process without an interval", "space: interval: got 0s", &space.Options{Name: "V75", Sink: &store{}, Process: constant(1)}},
		{"a negative speed", "space: speed: got -1", &space.Options{Name: "V75", Sink: &store{}, Speed: -1}},
		{"a speed that is not a number", "space: speed: got NaN", &space.Options{Name: "V75", Sink: &store{}, Speed: math.NaN()}},
		{"an infinite speed", "space: speed: got +Inf", &space.Options{Name: "V75", Sink: &store{}, Speed: math.Inf(1)}},
		{"a speed that hardly moves", "space: speed: got 1e-09", &space.Options{Name: "V75", Sink: &store{}, Speed: 1e-9}},
		{"too many agents", "space: agents: got 5000", &space.Options{Name: "V75", Sink: &store{}, Agents: 5000}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := space.New(test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}
