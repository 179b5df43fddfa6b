package deriv

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// The venue tells whole seconds; after some answers its time is known far better
// than that, and never worse than promised.
func TestTheClockIsNarrowedDownByAnswersOfWholeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		const ahead = 1234567 * time.Microsecond
		var c clock
		for i := range 60 {
			sent := time.Now()
			time.Sleep(time.Duration(20+random.IntN(60)) * time.Millisecond)
			at := time.Now().Add(ahead)
			time.Sleep(time.Duration(20+random.IntN(60)) * time.Millisecond)
			c.sample(sent, time.Now(), TimeAnswer{Time: EpochOf(at)})
			state := c.state()
			wrong := (state.Offset - ahead).Abs()
			if wrong > state.Uncertainty {
				t.Fatalf("sample %d: off by %v, want within %v", i, wrong, state.Uncertainty)
			}
			time.Sleep(time.Duration(random.IntN(2000)) * time.Millisecond)
		}
		if got := c.state(); got.Uncertainty > 100*time.Millisecond || got.Speed != 1 {
			t.Errorf("got %+v, want within a tenth of a second", got)
		}
	})
}

func TestAClockThatJumpsIsBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock
		for range 5 {
			now := time.Now()
			c.sample(now, now, TimeAnswer{Time: EpochOf(now)})
			time.Sleep(300 * time.Millisecond)
		}
		now := time.Now()
		c.sample(now, now, TimeAnswer{Time: EpochOf(now.Add(time.Hour))})
		if got := c.state().Offset.Round(time.Minute); got != time.Hour {
			t.Errorf("got %v, want an hour", got)
		}
	})
}

func TestASimulatorsSpeedIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c clock
		begun := time.Now()
		base := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
		theirs := func() time.Time { return base.Add(1000 * time.Since(begun)) }
		for range 3 {
			sent := time.Now()
			time.Sleep(time.Millisecond)
			at := theirs()
			time.Sleep(time.Millisecond)
			c.sample(sent, time.Now(), TimeAnswer{Time: EpochOf(at), Millis: at.UnixMilli(), Speed: 1000})
		}
		time.Sleep(time.Minute)
		if got := c.now().Sub(theirs()).Abs(); got > 2*time.Second || c.rate() != 1000 {
			t.Errorf("off by %v at a speed of %v, want at most what passes in 2 ms", got, c.rate())
		}
	})
}
