package space

import (
	"testing"
	"time"
)

func TestTicksComeDueWithTheClock(t *testing.T) {
	type wake struct {
		after         time.Duration
		ticks, missed int64
	}
	for _, test := range []struct {
		name     string
		interval time.Duration
		wakes    []wake
	}{
		{"one at a time", time.Second, []wake{{time.Second, 1, 0}, {2 * time.Second, 1, 0}}},
		{"a late wake makes up", time.Second, []wake{{time.Second, 1, 0}, {3100 * time.Millisecond, 2, 0}, {4 * time.Second, 1, 0}}},
		{"an early wake makes none", time.Second, []wake{{900 * time.Millisecond, 0, 0}, {time.Second, 1, 0}}},
		{"in batches", time.Millisecond, []wake{{50 * time.Millisecond, 50, 0}, {101 * time.Millisecond, 51, 0}}},
		{"an hour asleep is forgiven", time.Second, []wake{{time.Second, 1, 0}, {3601 * time.Second, 4, 3596}, {3602 * time.Second, 1, 0}}},
		{"a batch owes at most four", time.Millisecond, []wake{{time.Second, 200, 800}, {1050 * time.Millisecond, 50, 0}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			start := time.Unix(1760000000, 0)
			p := pace{start: start, interval: float64(test.interval)}
			for _, w := range test.wakes {
				if ticks, missed := p.due(start.Add(w.after)); ticks != w.ticks || missed != w.missed {
					t.Errorf("after %v: got %d due and %d forgiven, want %d and %d", w.after, ticks, missed, w.ticks, w.missed)
				}
			}
		})
	}
}
