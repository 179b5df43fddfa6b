package ranker

import (
	"testing"
	"time"
	"unsafe"
)

func TestHubClock(t *testing.T) {
	type stamp struct {
		connection int64
		came       time.Duration // by the local clock
		says       time.Duration
	}
	const hour = time.Hour
	for _, c := range []struct {
		name   string
		stamps []stamp
		at     time.Duration // by the local clock
		want   time.Duration // by the hub's
	}{
		{"before the first stamp it is the local time", nil, 7 * time.Second, 7 * time.Second},
		{"it counts on from a stamp", []stamp{{1, 0, hour}}, 7 * time.Second, hour + 7*time.Second},
		{"it goes by the hub that is behind", []stamp{{1, 0, -hour}}, 7 * time.Second, -hour + 7*time.Second},
		{"a frame that was 40 s on its way does not set it back", []stamp{{1, 0, hour}, {1, 60 * time.Second, hour + 20*time.Second}}, 60 * time.Second, hour + 60*time.Second},
		{"nor do many that are later and later", []stamp{{1, 0, hour}, {1, 10 * time.Second, hour + time.Second}, {1, 20 * time.Second, hour + 2*time.Second}, {1, 3000 * time.Second, hour + 3*time.Second}},
			3000 * time.Second, hour + 3000*time.Second},
		{"a stamp that is ahead sets it", []stamp{{1, 0, hour}, {1, time.Second, hour + 3*time.Second}}, 2 * time.Second, hour + 4*time.Second},
		{"the same stamp again is no news", []stamp{{1, 0, hour}, {1, time.Minute, hour}, {2, time.Minute, hour}}, time.Minute, hour + time.Minute},
		{"a local clock that is 100 ppm fast is set back", []stamp{{1, 0, 0}, {1, 10000 * time.Second, 9999 * time.Second}}, 10000 * time.Second, 9999 * time.Second},
		{"stamps out of order do not set it back", []stamp{{1, 0, hour}, {1, 100 * time.Millisecond, hour - 800*time.Millisecond}, {1, 200 * time.Millisecond, hour - 900*time.Millisecond}, {1, 300 * time.Millisecond, hour - 950*time.Millisecond}},
			time.Second, hour + time.Second},
		{"a hub whose own clock went back sets it back", []stamp{{1, 0, hour}, {1, time.Second, 2 * time.Second}}, 2 * time.Second, 3 * time.Second},
		{"another connection sets it back", []stamp{{1, 0, hour}, {2, time.Minute, hour + 2*time.Second}}, time.Minute, hour + 2*time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Unix(1_760_000_000, 0)
			var clock hubClock
			for _, s := range c.stamps {
				clock.observe(s.connection, start.Add(s.says), start.Add(s.came))
			}
			clock.observe(9, time.Time{}, start) // a frame without a stamp says nothing
			if got := clock.at(start.Add(c.at)).Sub(start); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// A laptop that is closed for an hour: Go's monotonic clock stands still, so what
// it knew would look as fresh as before, until the dead connection is noticed.
func TestHubClockKnowsThatTheMachineSlept(t *testing.T) {
	fell := time.Now()
	woke := sleepThrough(fell.Add(time.Second), time.Hour)
	if got := woke.Sub(fell); got != time.Second {
		t.Fatalf("the monotonic clock went on by %v, want 1s", got)
	}
	hub := time.Unix(1_760_000_000, 0)
	var clock hubClock
	clock.observe(1, hub, fell)
	if got, want := clock.at(woke).Sub(hub), time.Hour+time.Second; got != want {
		t.Errorf("on waking: got %v, want %v", got, want)
	}
	// The same happens when the wall clock is put forward. A frame tells the two apart.
	clock.observe(1, hub.Add(2*time.Second), woke.Add(time.Second))
	if got, want := clock.at(woke.Add(time.Second)).Sub(hub), 2*time.Second; got != want {
		t.Errorf("after a frame of a hub that knows of no hour: got %v, want %v", got, want)
	}
}

// sleepThrough returns a reading of the clocks at which the wall's is further on
// by d than the monotonic one says. No function of package time makes one.
func sleepThrough(at time.Time, d time.Duration) time.Time {
	at = at.Add(d)
	monotonic := (*struct {
		wall uint64
		ext  int64 // nanoseconds of the monotonic clock, while there is one
		loc  *time.Location
	})(unsafe.Pointer(&at))
	monotonic.ext -= int64(d)
	return at
}
