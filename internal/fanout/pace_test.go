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
				s.pace.begin(time.Now())
				s.pace.end(time.Now(), test.frames, test.frames)
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
		s.pace.begin(time.Now())
		s.pace.end(time.Now(), gathered, gathered)
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

// A timer that is late makes the next rests shorter.
func TestARestThatTookTooLongIsMadeUpFor(t *testing.T) {
	var p pace
	p.resting = true
	start := time.Now()
	now, worked := start, time.Duration(0)
	p.begin(now)
	for p.taken < maxRest-2*minRest {
		worked, now = worked+200*time.Microsecond, now.Add(200*time.Microsecond)
		if rest := p.rest(now); rest > 0 {
			now = now.Add(rest + 700*time.Microsecond)
			p.rested(now)
		}
	}
	want := worked + time.Duration(restFactor*float64(worked))
	if got := now.Sub(start); (got - want).Abs() > 2*minRest {
		t.Errorf("%v of work took %v, want %v", worked, got, want)
	}
}

// load is how frames come: how many in a round of a length.
type load func(round time.Duration) int64

// follow lets a shard follow a load for some rounds of work, and returns in how many
// of them it rested.
func (p *pace) follow(came load, rounds int) (rested int) {
	const work = 7 * time.Millisecond
	now := p.ended
	for range rounds {
		length := work
		if p.resting {
			rested++
			length += time.Duration(restFactor * float64(work))
		}
		p.begin(now)
		now = now.Add(length)
		frames := came(length)
		p.end(now, frames, frames)
	}
	return rested
}

// It rests where frames come all the same, and not where their publisher waits for
// it, however many of them that makes in a round.
func TestAShardRestsWhereThatIsWorthIt(t *testing.T) {
	const rounds = 400
	halves := 0
	for name, test := range map[string]struct {
		came   load
		rested [2]int // at least and at most
	}{
		"frames come at a rate":                     {func(d time.Duration) int64 { return int64(2 * d / time.Millisecond) }, [2]int{rounds * 9 / 10, rounds}},
		"a publisher waits after sixteen":           {func(time.Duration) int64 { return 16 }, [2]int{0, rounds / 10}},
		"one publisher waits and others do not":     {func(d time.Duration) int64 { return 4 + int64(2*d/time.Millisecond) }, [2]int{rounds * 9 / 10, rounds}},
		"a longer round brings hardly more of them": {func(d time.Duration) int64 { return 16 + int64(d/(4*time.Millisecond)) }, [2]int{0, rounds / 10}},
		"what waits comes in halves without a rest": {func(d time.Duration) int64 {
			if halves++; d < 10*time.Millisecond {
				return int64(11 + halves%2*2)
			}
			return 16
		}, [2]int{0, rounds / 10}},
	} {
		p := pace{ended: time.Now()}
		if rested := p.follow(test.came, rounds); rested < test.rested[0] || rested > test.rested[1] {
			t.Errorf("%s: rested in %d of %d rounds, want %v", name, rested, rounds, test.rested)
		}
	}
}

// What was not worth it is tried again: the load changes.
func TestAShardFollowsTheLoad(t *testing.T) {
	p := pace{ended: time.Now()}
	open := func(d time.Duration) int64 { return int64(d / time.Millisecond) }
	closed := func(time.Duration) int64 { return 16 }
	for i, worth := range []bool{true, false, true, false} {
		came := open
		if !worth {
			came = closed
		}
		p.follow(came, 3*tryEvery) // to get used to it
		if rested := p.follow(came, 100); (rested > 80) != worth || (rested < 20) == worth {
			t.Errorf("load %d: rested in %d of 100 rounds, want it worth it: %t", i, rested, worth)
		}
	}
}

// A shard that has changed its mind tries the other way again soon: it may have been
// misled by a few rounds.
func TestAShardThatIsUnsureTriesAgainSoon(t *testing.T) {
	p := pace{ended: time.Now()}
	closed := func(time.Duration) int64 { return 16 }
	p.follow(closed, 5*tryEvery)
	for range 10 * tryEvery {
		if p.idle {
			p.follow(func(d time.Duration) int64 { return int64(2 * d / time.Millisecond) }, 1)
		}
	}
	if p.idle {
		t.Fatal("it did not change its mind")
	}
	if rested := p.follow(closed, tryEvery); rested > tryEvery/2 {
		t.Errorf("rested in %d of %d rounds, want half of them at most", rested, tryEvery)
	}
}

// Where frames stop gathering, the shard is as quick as before.
func TestAShardThatIsNotBusyAnyMoreDoesNotRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShard(New(Options{First: first}))
		for _, frames := range []int64{5, 1, 1} {
			s.pace.end(time.Now(), frames, frames)
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
		resting bool
		took    time.Duration
		want    time.Duration
	}{
		"a long round":            {false, longRound, breath},
		"a short round":           {false, longRound - 1, 0},
		"a busy shard has rested": {true, time.Second, 0},
	} {
		p.resting = test.resting
		p.begin(start)
		if got := p.breath(start.Add(test.took)); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
