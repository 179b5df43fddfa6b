package derivsim

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/karlquant/quasar/price"
)

// world is a simulator that runs from a moment on, at a speed.
func world(t *testing.T, from time.Time, speed float64, names ...string) (*Sim, chan error) {
	t.Helper()
	var list []price.Index
	for _, name := range names {
		list = append(list, index(t, name))
	}
	s, err := New(&Options{Seed: 1, Speed: speed, Indices: list, History: 100})
	if err != nil {
		t.Fatal(err)
	}
	s.clock.start, s.at = from.UnixNano(), from.UnixNano() // later than Options would have it
	for _, y := range s.symbols {
		y.first = from.Unix() - 99*y.interval
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(cancel)
	return s, ended
}

// At full speed 2200 comes after 15 hours. Then the world ends, and says so: 64
// bits of nanoseconds end not long after.
func TestTimeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ended := world(t, time.Unix(0, endOfTime).Add(-time.Hour), 100_000, "V75")
		time.Sleep(30 * time.Millisecond)
		if left := time.Unix(0, endOfTime).Sub(s.Now()); left != 10*time.Minute {
			t.Errorf("after 50 minutes: got %v left, want ten minutes", left)
		}
		if err := <-ended; err == nil || !strings.Contains(err.Error(), "2200-01-01") {
			t.Errorf("got %v, want the end of its time", err)
		}
		time.Sleep(time.Hour)
		if s.Now().UnixNano() != endOfTime {
			t.Errorf("later: got %v, want it to stand", s.Now())
		}
	})
}

// Symbols that nobody watches are brought on as time passes, one at a time: else
// whoever asks for one after a year would wait for millions of ticks, and everybody
// with him.
func TestASymbolThatNobodyWatchesIsNeverFarBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := world(t, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 1000, "V75", "V100_1s", "STEP")
		for range 5 {
			time.Sleep(time.Minute)
			s.mu.Lock()
			for _, y := range s.symbols {
				if behind := (s.at/second-y.first)/y.interval - y.made; behind > farBehind+10*60 || y.made == 0 && behind > farBehind {
					t.Errorf("%s: got %d ticks behind, want %d and a little at most", y.index.Name, behind, farBehind)
				}
			}
			s.mu.Unlock()
		}
	})
}

// A world that has a month to make up for, at once, does so in slices between which
// others have their turn; and if that does not bring it to the present, its clock
// is set back. Else whoever calls would wait for all of it, and fall behind by that.
func TestAWorldThatCannotKeepUpIsSlower(t *testing.T) {
	s, err := New(&Options{Seed: 1, Speed: 1000, Indices: []price.Index{index(t, "V100_1s")}, History: 100})
	if err != nil {
		t.Fatal(err)
	}
	const month = 30 * 24 * 3600 * second
	s.clock.run()
	s.watch(s.symbols[0])
	s.clock.start += month
	s.advance()
	if left := s.clock.now() - s.at; s.behind.IsZero() || left < month/2 {
		t.Errorf("after a slice: got %v left of a month, want most of it", time.Duration(left))
	}
	s.behind = time.Now().Add(-maxBehind - time.Second)
	at := s.at
	s.advance()
	if left := s.clock.now() - s.at; left > month/2 || s.at == at || !s.behind.IsZero() {
		t.Errorf("after five seconds of slices: got %v left, want the clock set back", time.Duration(left))
	}
}
