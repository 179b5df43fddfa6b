package fanout

import "time"

// pace says when a shard rests.
//
// A shard that cannot keep up with single frames would spend all its time on
// writes of one or two. If it rests as it goes, frames gather and leave in one
// write. It rests in proportion to its work, in small pieces between the members
// and not behind all of them: so each member is written to as often, but a frame
// waits for its next turn only and not for a round on top, and those who publish
// get the processor in between.
//
// It rests only where that is worth it. While frames come one at a time nothing
// would gather: each leaves at once. And where no more frames come in a longer
// round, for their publisher waits until the last ones have arrived, resting would
// only make everybody wait. So it tries the other way now and then, and keeps to
// the better one.
type pace struct {
	resting bool          // the round rests
	began   time.Time     // the round
	last    time.Time     // what was done until then is in owed
	owed    time.Duration // the rest that work has earned; below 0 it was too long
	taken   time.Duration // the rest that was taken in this round

	rounds        int     // in which frames gathered
	with, without float64 // how many frames came in a round that rested, and in one that did not
}

const (
	// restFactor is how many times as long as it works a resting shard rests.
	restFactor = 1.25
	// maxRest is the most that it rests in one round.
	maxRest = 20 * time.Millisecond
	// minRest is what is too short to be worth a timer, which is late by as much.
	minRest = time.Millisecond
	// breath is how long a shard that does not rest pauses after a round that took
	// long: where there is one processor, those who publish have it then.
	breath = 100 * time.Microsecond
	// longRound is what took long.
	longRound = breath / 2
	// gathered is how many frames in a round are worth waiting for.
	gathered = 2
	// gain is how many times as many frames have to come in a round that rests: more
	// than in one that does not, and less than its length has it where they come
	// whatever the shard does.
	gain = 1.5
	// tryEvery is after how many rounds the other way is tried for one.
	tryEvery = 32
)

// begin begins a round.
func (p *pace) begin(now time.Time) {
	p.began, p.last, p.taken = now, now, 0
	if !p.resting {
		p.owed = 0
	}
}

// rest returns how long to rest at this place of a round: mostly not at all.
// Whoever rests calls rested.
func (p *pace) rest(now time.Time) time.Duration {
	p.owed += time.Duration(restFactor * float64(now.Sub(p.last)))
	p.last = now
	if rest := min(p.owed, maxRest-p.taken); p.resting && rest >= minRest {
		return rest
	}
	return 0
}

// rested enters that a rest ended now.
func (p *pace) rested(now time.Time) {
	took := now.Sub(p.last)
	p.last = now
	p.taken += took
	p.owed -= took
}

// breath returns how long to pause behind a round, before end.
func (p *pace) breath(now time.Time) time.Duration {
	if p.resting || now.Sub(p.began) < longRound {
		return 0
	}
	return breath
}

// end ends a round and decides about the next. So many frames came since the round
// began, and so many since the last one ended.
func (p *pace) end(since, all int64) {
	if p.resting {
		p.with = smooth(p.with, all)
	} else {
		p.without = smooth(p.without, all)
	}
	if since < gathered {
		p.resting = false
		return
	}
	p.rounds++
	p.resting = p.with == 0 || p.with > gain*p.without
	if p.rounds%tryEvery == 0 {
		p.resting = !p.resting
	}
}

// smooth lets a mean follow what is new; a mean of 0 is none yet.
func smooth(mean float64, frames int64) float64 {
	if mean == 0 {
		return float64(frames)
	}
	return mean + (float64(frames)-mean)/4
}
