package fanout

import (
	"testing"
	"testing/synctest"
	"time"
)

// work lets a shard work for a time, in steps, and returns how long it took with
// its rests. It is called in a bubble.
func work(s *shard, total, step time.Duration) time.Duration {
	began := time.Now()
	s.pace.begin(began)
	for range total / step {
		time.Sleep(step)
		s.rest()
	}
	return time.Since(began)
}

func TestAShardRestsWhileFramesGather(t *testing.T) {
	const round = 8 * time.Millisecond
	for name, test := range map[string]struct {
		frames int64 // that came in the round before
		round  time.Duration
		want   time.Duration
	}{
		"no frame: nothing to wait for":         {0, round, round},
		"one frame: it leaves at once":          {1, round, round},
		"two frames: it rests in proportion":    {2, round, round + round*5/4},
		"many frames: no more than that":        {1000, round, round + round*5/4},
		"a short round: not worth a timer":      {1000, 700 * time.Microsecond, 700 * time.Microsecond},
		"a long round: there is a longest rest": {1000, time.Second, time.Second + maxRest},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShard(New(Options{First: first}))
				s.pace.end(test.frames)
				if got := work(s, test.round, 100*time.Microsecond); (got - test.want).Abs() > minRest {
					t.Errorf("a round of %v took %v, want %v", test.round, got, test.want)
				}
			})
		})
	}
}

// The rest is spread over the round: nobody waits for all of it.
func TestARestComesInPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShard(New(Options{First: first}))
		s.pace.end(gathered)
		s.pace.begin(time.Now())
		for range 80 {
			time.Sleep(100 * time.Microsecond)
			before := time.Now()
			s.rest()
			if rested := time.Since(before); rested > 2*minRest {
				t.Errorf("rested for %v in one piece, want at most %v", rested, 2*minRest)
			}
		}
	})
}

// A timer that is late makes the next rests shorter, also those of the next round.
func TestARestThatTookTooLongIsMadeUpFor(t *testing.T) {
	var p pace
	p.end(gathered)
	start := time.Now()
	now := start
	worked := time.Duration(0)
	for range 1000 {
		p.begin(now)
		for range 20 {
			worked, now = worked+200*time.Microsecond, now.Add(200*time.Microsecond)
			if rest := p.rest(now); rest > 0 {
				now = now.Add(rest + 700*time.Microsecond)
				p.rested(now)
			}
		}
		p.end(gathered)
	}
	want := worked + time.Duration(restFactor*float64(worked))
	if got := now.Sub(start); (got - want).Abs() > 10*time.Millisecond {
		t.Errorf("%v of work took %v, want %v", worked, got, want)
	}
}

// Where frames stop gathering, the shard is as quick as before.
func TestAShardThatIsNotBusyAnyMoreDoesNotRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShard(New(Options{First: first}))
		for _, frames := range []int64{5, 1, 1} {
			s.pace.end(frames)
			_ = work(s, 8*time.Millisecond, 100*time.Microsecond)
		}
		if got := work(s, 8*time.Millisecond, 100*time.Microsecond); got != 8*time.Millisecond {
			t.Errorf("a round of 8ms took %v", got)
		}
	})
}

func TestABreathFollowsALongRoundOfOneFrame(t *testing.T) {
	var p pace
	start := time.Now()
	for name, test := range map[string]struct {
		busy bool
		took time.Duration
		want time.Duration
	}{
		"a long round":            {false, longRound, breath},
		"a short round":           {false, longRound - 1, 0},
		"a busy shard has rested": {true, time.Second, 0},
	} {
		p.busy = test.busy
		p.begin(start)
		if got := p.breath(start.Add(test.took)); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
