package hub

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestRateIsThatOfTheLastTenWholeSeconds(t *testing.T) {
	start := time.Unix(1_760_000_000, 500)
	for _, c := range []struct {
		name  string
		after []time.Duration // of the events
		at    time.Duration
		want  float64
	}{
		{"nothing came", nil, time.Hour, 0},
		{"the second that runs does not count", []time.Duration{5 * time.Second}, 5900 * time.Millisecond, 0},
		{"one second later it does", []time.Duration{5 * time.Second}, 6 * time.Second, 0.1},
		{"so it does ten seconds later", []time.Duration{5 * time.Second}, 15 * time.Second, 0.1},
		{"then it is forgotten", []time.Duration{5 * time.Second}, 16 * time.Second, 0},
		{"it is forgotten after a long silence, too", []time.Duration{5 * time.Second}, 1000 * time.Hour, 0},
		{"those of several seconds add up", []time.Duration{0, 0, time.Second, 9 * time.Second}, 10 * time.Second, 0.4},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := rateMeter{start: start}
			for _, after := range c.after {
				m.add(start.Add(after))
			}
			if got := m.perSecond(start.Add(c.at)); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestRateEqualsACount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Unix(1_760_000_000, 0)
		m := rateMeter{start: start}
		perSecond := make(map[int64]int)
		now := start
		for range rapid.IntRange(0, 200).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(3*time.Second)).Draw(t, "pause")))
			m.add(now)
			perSecond[int64(now.Sub(start)/time.Second)]++
		}
		now = now.Add(time.Duration(rapid.Int64Range(0, int64(15*time.Second)).Draw(t, "last pause")))
		want := 0
		for s := int64(now.Sub(start)/time.Second) - rateWindow; s < int64(now.Sub(start)/time.Second); s++ {
			want += perSecond[s]
		}
		if got := m.perSecond(now); got != float64(want)/rateWindow {
			t.Fatalf("got %v, want %v", got, float64(want)/rateWindow)
		}
	})
}
