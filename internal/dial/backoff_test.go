package dial

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// ceilings draws n delays from many seeds and returns the largest of each.
func ceilings(n int, lived func(i int) time.Duration, err error) (smallest, largest []time.Duration) {
	smallest, largest = make([]time.Duration, n), make([]time.Duration, n)
	for seed := range uint64(2000) {
		b := NewBackoff(rand.New(rand.NewPCG(seed, 1)))
		for i := range n {
			d := b.Next(lived(i), err)
			largest[i] = max(largest[i], d)
			if smallest[i] == 0 || d < smallest[i] {
				smallest[i] = d
			}
		}
	}
	return smallest, largest
}

func never(int) time.Duration { return 0 }

// Full jitter: from the first attempt on any delay between nothing and the
// ceiling is as likely as any other, or a thousand clients come back together.
func TestBackoffSpreadsUnderACeilingThatDoubles(t *testing.T) {
	want := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second,
		16 * time.Second, 30 * time.Second, 30 * time.Second, 30 * time.Second}
	smallest, largest := ceilings(len(want), never, errors.New("down"))
	for i, ceiling := range want {
		if largest[i] > ceiling || largest[i] < ceiling*98/100 {
			t.Errorf("delay %d: got up to %v, want up to %v", i, largest[i], ceiling)
		}
		if smallest[i] > ceiling/50 {
			t.Errorf("delay %d: got %v and more, want some near 0", i, smallest[i])
		}
	}
}

func TestBackoffBeginsAnewAfterAConnectionThatLived(t *testing.T) {
	b := NewBackoff(rand.New(rand.NewPCG(1, 1)))
	for range 10 {
		b.Next(0, errors.New("down"))
	}
	for range 20 {
		if d := b.Next(provenAfter, errors.New("lost")); d > firstDelay {
			t.Errorf("after a connection that lived: got %v, want at most %v", d, firstDelay)
		}
	}
}

// A hub that accepts and drops at once must not be hammered.
func TestBackoffGrowsWhileConnectionsDieYoung(t *testing.T) {
	_, largest := ceilings(8, func(int) time.Duration { return provenAfter - 1 }, errors.New("lost"))
	if got := largest[7]; got < 29*time.Second {
		t.Errorf("after eight short connections: got at most %v, want up to 30s", got)
	}
}

func TestBackoffAsksARefusingHubSlowly(t *testing.T) {
	smallest, largest := ceilings(3, never, fmt.Errorf("wrapped: %w", &RefusedError{Status: 401}))
	for i := range smallest {
		if smallest[i] < 15*time.Second || largest[i] > 30*time.Second {
			t.Errorf("delay %d after a refusal: got %v to %v, want 15s to 30s", i, smallest[i], largest[i])
		}
	}
}

func TestBackoffTakesABusyHubForOneThatIsDown(t *testing.T) {
	for _, status := range []int{429, 500, 502, 503} {
		_, largest := ceilings(1, never, &RefusedError{Status: status})
		if largest[0] > firstDelay {
			t.Errorf("after %d: got up to %v, want up to %v", status, largest[0], firstDelay)
		}
	}
}
