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
// While frames come one at a time nothing would gather: then it does not rest, and
// each frame leaves at once.
type pace struct {
	busy  bool          // several frames came while the last round lasted
	began time.Time     // the round
	last  time.Time     // what was done until then is in owed
	owed  time.Duration // the rest that work has earned; below 0 it was too long
	taken time.Duration // the rest that was taken in this round
}

const (
	// restFactor is how many times as long as it works a busy shard rests.
	restFactor = 1.25
	// maxRest is the most that it rests in one round.
	maxRest = 20 * time.Millisecond
	// minRest is what is too short to be worth a timer, which is late by as much.
	minRest = time.Millisecond
	// breath is how long a shard that is not busy pauses after a round that took
	// long: where there is one processor, those who publish have it then.
	breath = 100 * time.Microsecond
	// longRound is what took long.
	longRound = breath / 2
	// gathered is how many frames make a shard busy if they come in one round.
	gathered = 2
)

// begin begins a round.
func (p *pace) begin(now time.Time) {
	p.began, p.last, p.taken = now, now, 0
	if !p.busy {
		p.owed = 0
	}
}

// rest returns how long to rest at this place of a round: mostly not at all.
// Whoever rests calls rested.
func (p *pace) rest(now time.Time) time.Duration {
	p.owed += time.Duration(restFactor * float64(now.Sub(p.last)))
	p.last = now
	if rest := min(p.owed, maxRest-p.taken); p.busy && rest >= minRest {
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
	if p.busy || now.Sub(p.began) < longRound {
		return 0
	}
	return breath
}

// end ends a round, since whose begin so many frames came.
func (p *pace) end(frames int64) { p.busy = frames >= gathered }
