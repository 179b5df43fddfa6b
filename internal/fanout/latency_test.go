package fanout

import (
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// follower is a member over a pipe in fake time: a write to it takes as long as
// the test does not read.
type follower struct {
	t   *testing.T
	fan *Fanout
	far net.Conn
}

// latencyOf runs a test with a member that wants some spaces (nil is all), and
// returns what was measured: how long each delivery took that was.
func latencyOf(t *testing.T, opts Options, only map[string]bool, test func(f *follower)) LatencyStats {
	t.Helper()
	latency := new(Latency)
	synctest.Test(t, func(t *testing.T) {
		opts.First, opts.Latency = first, latency
		f := New(opts)
		near, far := net.Pipe()
		m := f.Join(near, f.Begin(only), func(error) { _ = near.Close() })
		out := &follower{t, f, far}
		out.take(len("[\n]\n"))
		test(out)
		m.Abort(ErrLeft)
		_ = far.Close()
	})
	return latency.Stats()
}

const followed = 100 // bytes of a frame

func (f *follower) publish(space string, seq int) { f.fan.Publish(space, frame(space, seq, followed)) }

// take reads n bytes.
func (f *follower) take(n int) {
	f.t.Helper()
	if _, err := io.ReadFull(f.far, make([]byte, n)); err != nil {
		f.t.Fatal(err)
	}
	synctest.Wait()
}

// within returns how many deliveries took longer than the one bound and no longer
// than the other.
func (s LatencyStats) within(over, upTo float64) uint64 { return s.Within[upTo] - s.Within[over] }

func TestAFrameIsMeasuredUntilItIsTaken(t *testing.T) {
	got := latencyOf(t, Options{}, nil, func(f *follower) {
		for i, delay := range []time.Duration{0, 3 * time.Second, 200 * time.Microsecond} {
			time.Sleep(time.Second)
			f.publish("A", i)
			time.Sleep(delay)
			f.take(followed)
		}
	})
	if got.Count != 3 || got.Sum != 3*time.Second+200*time.Microsecond || got.Within[0.0001] != 1 || got.within(0.0001, 0.00025) != 1 || got.within(2.5, 5) != 1 {
		t.Errorf("got %+v, want 0, 200 µs and 3 s", got)
	}
}

// Of many frames few are followed, and members that come later do not tell of
// those that were there before them.
func TestFewFramesAreFollowed(t *testing.T) {
	got := latencyOf(t, Options{}, nil, func(f *follower) {
		for i := range 1000 {
			time.Sleep(time.Millisecond)
			f.publish("A", i)
			f.take(followed)
		}
		near, far := net.Pipe()
		late := f.fan.Join(near, f.fan.Begin(nil), func(error) { _ = near.Close() })
		go func() { _, _ = io.Copy(io.Discard, far) }()
		time.Sleep(10 * time.Second)
		late.Abort(ErrLeft)
		_ = far.Close()
	})
	if got.Count != 4 || got.Sum != 0 {
		t.Errorf("got %+v, want 4 in a second, at once each", got)
	}
}

// A member that is always behind tells of its delay: it waits for the sample that
// it saw first, though newer ones follow.
func TestAMemberThatIsAlwaysBehindIsMeasured(t *testing.T) {
	const frames, delay = 400, 2 * time.Second
	got := latencyOf(t, Options{}, nil, func(f *follower) {
		go func() {
			for i := range frames {
				f.publish("A", i)
				time.Sleep(100 * time.Millisecond)
			}
		}()
		time.Sleep(delay)
		for range frames {
			f.take(followed)
			time.Sleep(100 * time.Millisecond)
		}
	})
	if got.Count < 10 || got.Within[1] != 0 || got.within(1, 5) != got.Count {
		t.Errorf("got %+v, want at least 10 of about 2 s", got)
	}
}

// One that is conflated tells when it has what is newer.
func TestAMemberThatIsConflatedIsMeasured(t *testing.T) {
	got := latencyOf(t, Options{Lag: 10 * followed, WriteTimeout: time.Minute}, nil, func(f *follower) {
		f.publish("B", 0)
		f.take(followed)
		time.Sleep(time.Second)
		f.publish("A", 0) // waits in the write
		time.Sleep(time.Second)
		for i := range 1000 {
			f.publish("A", i+1)
		}
		time.Sleep(7 * time.Second)
		f.take(2 * followed) // what was being written, and the newest
	})
	if got.Count != 3 || got.Within[0.0001] != 1 || got.within(5, 10) != 2 || got.Sum != 15*time.Second {
		t.Errorf("got %+v, want one at once, one of 8 s and one of 7 s", got)
	}
}

// What a member does not want it is not slow with.
func TestAFilterIsMeasuredByWhatItLetsThrough(t *testing.T) {
	got := latencyOf(t, Options{}, map[string]bool{"A": true}, func(f *follower) {
		for i := range 10 {
			time.Sleep(time.Second)
			f.publish(fmt.Sprintf("OTHER%d", i), i)
			synctest.Wait()
			time.Sleep(time.Second)
			f.publish("A", i)
			time.Sleep(time.Millisecond)
			f.take(followed)
		}
	})
	if got.Count != 10 || got.within(0.0005, 0.001) != 10 {
		t.Errorf("got %+v, want 10 of 1 ms", got)
	}
}

// Without a Latency nothing is followed.
func TestNobodyHasToMeasure(t *testing.T) {
	f := New(Options{First: first})
	f.Publish("A", frame("A", 1, followed))
	if f.sample.Load() != nil {
		t.Error("got a sample though nobody wants it")
	}
}
